//! What is said while pods drain.

use super::*;

#[test]
fn a_draining_pod_says_how_long_it_takes() {
    let metrics = "# TYPE game_players gauge\ngame_players{pool=\"public\"} 3\ngame_players{pool=\"bots\"} 1\ngame_match_ticks_left 5700\n";
    assert_eq!(drain_text(metrics), "4 players, 95 s left");
    assert_eq!(drain_text("other 1\n"), "`--now` ends them");
}
