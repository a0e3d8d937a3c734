//! Talk passes, floods do not.

use std::time::{Duration, Instant};

use crate::domain::PlayerId;
use crate::roles::chat::flood::{Flood, LINES_MAX, WINDOW};

#[test]
fn a_flood_is_stopped_and_forgotten_after_the_window() {
    let (mut flood, start) = (Flood::default(), Instant::now());
    for _ in 0..LINES_MAX {
        assert!(flood.allows(PlayerId(1), start));
        flood.note(PlayerId(1), start);
    }
    assert!(!flood.allows(PlayerId(1), start + WINDOW - Duration::from_millis(1)));
    assert!(flood.allows(PlayerId(1), start + WINDOW));
    assert!(flood.allows(PlayerId(2), start), "others are not affected");
}

#[test]
fn steady_talk_never_ends() {
    let (mut flood, start) = (Flood::default(), Instant::now());
    for line in 0..100 {
        let now = start + Duration::from_secs(2 * line);
        assert!(flood.allows(PlayerId(1), now));
        flood.note(PlayerId(1), now);
    }
}
