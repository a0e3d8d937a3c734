//! What the command line takes and refuses.

use clap::{CommandFactory, Parser};

use super::{Cli, Command};

const SECRET: &str = "0123456789abcdef";

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn all_needs_nothing() {
    let cli = Cli::try_parse_from(["game-server", "all"]).unwrap();
    let Command::All(all) = cli.command else { panic!("not all") };
    assert_eq!(all.listen.port(), 8080);
    assert!(all.listen.ip().is_loopback() && all.admin_listen.ip().is_loopback());
    assert_eq!((all.game.match_seconds, all.game.fill_to_players), (300, 4));
}

#[test]
fn short_secrets_are_refused() {
    assert!(Cli::try_parse_from(["game-server", "lobby", "--ticket-secret", "short"]).is_err());
    assert!(Cli::try_parse_from(["game-server", "lobby", "--ticket-secret", SECRET]).is_ok());
}

#[test]
fn host_names_must_fit_a_subject() {
    let parse = |host| {
        Cli::try_parse_from(["game-server", "room", "--link-address", "room-0:7000", "--host", host]).is_ok()
    };
    assert!(parse("room-0"));
    assert!(!parse("room.0"));
    assert!(!parse("*"));
}
