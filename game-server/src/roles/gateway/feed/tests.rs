//! Waking, skipping, and the clock between frames.

use std::time::{Duration, Instant};

use super::Feed;
use crate::domain::{Phase, RoomFrame, Slot, Tick};
use crate::protocol::view::View;

fn frame(tick: Tick) -> RoomFrame {
    RoomFrame {
        tick,
        phase: Phase::Playing,
        phase_ends_tick: 6000,
        players: Vec::new(),
        projectiles: Vec::new(),
    }
}

#[test]
fn nobody_gets_a_state_before_being_in_it() {
    let feed = Feed::new(Instant::now());
    assert_eq!(feed.state(&mut View::new(Slot(0))), None);
    feed.push(frame(3), Vec::new(), 0, Instant::now());
    assert_eq!(feed.state(&mut View::new(Slot(5))), None);
}

#[test]
fn several_frames_wake_a_slow_player_once() {
    let feed = Feed::new(Instant::now());
    let mut frames = feed.subscribe();
    feed.push(frame(3), Vec::new(), 0, Instant::now());
    feed.push(frame(6), Vec::new(), 0, Instant::now());
    assert!(frames.has_changed().unwrap());
    assert_eq!(*frames.borrow_and_update(), 6);
    assert!(!frames.has_changed().unwrap());
}

#[test]
fn the_clock_goes_on_between_frames() {
    let now = Instant::now();
    let feed = Feed::new(now);
    feed.push(frame(60), Vec::new(), 7, now);
    assert_eq!(feed.clock(now), (60, 7));
    assert_eq!(feed.clock(now + Duration::from_millis(510)), (90, 7));
}
