//! The screen says what the metrics mean.

use super::{Feel, format_uptime};
use crate::metrics::Metrics;

#[test]
fn an_idle_server_is_told_from_a_late_one() {
    let idle = Feel::of(&Metrics::parse(""));
    assert_eq!(idle.ticks_text(), "no ticks yet, 0 dropped");
    let late = "game_players 2\ngame_rooms 1\ngame_ticks_dropped_total 3
game_tick_gap_excess_seconds_bucket{le=\"0.00025\"} 99
game_tick_gap_excess_seconds_bucket{le=\"+Inf\"} 100
";
    let late = Feel::of(&Metrics::parse(late));
    assert_eq!(late.ticks_text(), "99 % start less than 0.25 ms late, 3 dropped");
    assert_eq!(late.players_text(), "2 players in 1 room, 0 sockets open");
}

#[test]
fn results_are_told_when_something_is_wrong_with_them() {
    let text = |metrics: &str| Feel::of(&Metrics::parse(metrics)).results.text();
    assert_eq!(text(""), None);
    assert_eq!(text("game_results_pending 3\ngame_results_dead_letters 0\n"), None, "on their way");
    let set_aside = text("game_results_dead_letters 2\n").unwrap_or_default();
    assert!(set_aside.starts_with("2 in dead_letters"), "{set_aside}");
    let failing =
        text("game_results_pending 3\ngame_results_store_failing 1\ngame_results_dropped_total 4\n")
            .unwrap_or_default();
    assert!(failing.contains("cannot store") && failing.contains("3 wait") && failing.contains("4 lost"));
}

#[test]
fn uptimes_are_short() {
    assert_eq!(format_uptime(59), "59 s");
    assert_eq!(format_uptime(7260), "2 h 1 min");
    assert_eq!(format_uptime(864_000), "10 days");
}
