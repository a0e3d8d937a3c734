//! What the command line takes and refuses.

use clap::{CommandFactory, Parser};

use super::{Cli, Command};
use crate::domain::StateRate;

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
    assert_eq!((all.game.state_hz, all.game.seat_hold_seconds), (StateRate::Hz20, 30));
}

#[test]
fn short_secrets_are_refused() {
    assert!(Cli::try_parse_from(["game-server", "lobby", "--ticket-secret", "short"]).is_err());
    assert!(Cli::try_parse_from(["game-server", "lobby", "--ticket-secret", SECRET]).is_ok());
    for flag in ["--admin-token", "--ticket-secret"] {
        let line = ["game-server", "lobby", "--ticket-secret", SECRET, flag, "0123456789abcde"];
        assert!(Cli::try_parse_from(line).is_err(), "{flag}");
    }
    let room = ["game-server", "room", "--link-address", "room-0:7000", "--link-secret"];
    assert!(Cli::try_parse_from(room.iter().copied().chain(["short"])).is_err());
}

#[test]
fn host_names_must_fit_a_subject() {
    let parse = |host| {
        let line =
            ["game-server", "room", "--link-address", "room-0:7000", "--link-secret", SECRET, "--host", host];
        Cli::try_parse_from(line).is_ok()
    };
    assert!(parse("room-0"));
    assert!(!parse("room.0"));
    assert!(!parse("*"));
}

#[test]
fn there_are_two_state_rates() {
    let parse = |hz| Cli::try_parse_from(["game-server", "all", "--state-hz", hz]);
    let Command::All(all) = parse("30").unwrap().command else { panic!("not all") };
    assert_eq!((all.game.state_hz, all.game.state_hz.every_ticks()), (StateRate::Hz30, 2));
    assert!(["0", "25", "60", "x"].into_iter().all(|hz| parse(hz).is_err()));
}

#[test]
fn a_certificate_needs_its_key() {
    let parse = |flags: &[&str]| Cli::try_parse_from([&["game-server", "all"], flags].concat()).is_ok();
    assert!(parse(&["--tls-cert", "a.pem", "--tls-key", "b.pem"]));
    assert!(!parse(&["--tls-cert", "a.pem"]));
    assert!(!parse(&["--tls-key", "b.pem"]));
    assert!(parse(&["--trusted-proxies", "203.0.113.0/24,2001:db8::1"]));
    assert!(!parse(&["--trusted-proxies", "203.0.113.0/33"]));
}
