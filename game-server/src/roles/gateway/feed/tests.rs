//! Bases, the shared body, and players who skip frames.

use std::time::{Duration, Instant};

use super::Feed;
use crate::domain::{FLAG_ALIVE, InputAck, Phase, PlayerState, RoomFrame, Slot, Tick};
use crate::protocol::delta::{BASES_MAX, assemble, encode_body, encode_head};

fn frame(tick: Tick) -> RoomFrame {
    let player = |slot: u8| PlayerState {
        slot: Slot(slot),
        x: 1000 + tick as u16 * 8,
        y: 2000,
        velocity_x: 16,
        velocity_y: 0,
        aim: 3,
        health: 100,
        flags: FLAG_ALIVE,
        kills: 0,
        deaths: 0,
        respawn_tick: 0,
    };
    let players = vec![player(0), player(1)];
    RoomFrame { tick, phase: Phase::Playing, phase_ends_tick: 6000, players, projectiles: Vec::new() }
}

fn acks(tick: Tick) -> Vec<InputAck> {
    vec![InputAck { slot: Slot(0), tick, margin_ticks: 1 }]
}

fn feed_with(frames: impl Iterator<Item = Tick>) -> Feed {
    let now = Instant::now();
    let feed = Feed::new(now);
    frames.for_each(|tick| feed.push(frame(tick), acks(tick), 7, now));
    feed
}

#[test]
fn a_new_player_gets_the_full_frame() {
    let feed = feed_with([3, 6].into_iter());
    let state = feed.state(Slot(0), 0).unwrap();
    let head = encode_head(&frame(6), Slot(0), 0, acks(6).first());
    assert_eq!(state.tick, 6);
    assert_eq!(state.bytes, assemble(&head, &encode_body(None, &frame(6))));
}

#[test]
fn an_acked_frame_is_the_base_however_old() {
    let feed = feed_with((1..=10).map(|n| n * 3));
    let state = feed.state(Slot(1), 6).unwrap();
    let head = encode_head(&frame(30), Slot(1), 24, None);
    assert_eq!(state.bytes, assemble(&head, &encode_body(Some(&frame(6)), &frame(30))));
}

#[test]
fn a_base_that_fell_out_of_the_ring_means_a_full_frame() {
    let last = BASES_MAX as Tick + 1;
    let feed = feed_with((1..=last).map(|n| n * 3));
    assert_eq!(feed.state(Slot(0), 3).unwrap().bytes, feed.state(Slot(0), 0).unwrap().bytes);
    assert_ne!(feed.state(Slot(0), 6).unwrap().bytes, feed.state(Slot(0), 0).unwrap().bytes);
}

#[test]
fn bodies_are_encoded_once_per_base() {
    let feed = feed_with([3, 6, 9].into_iter());
    for slot in [0, 1, 0, 1] {
        feed.state(Slot(slot), 6).unwrap();
        feed.state(Slot(slot), 3).unwrap();
    }
    assert_eq!(feed.ring().bodies.len(), 2);
}

#[test]
fn nobody_gets_a_state_before_being_in_it() {
    assert_eq!(feed_with(std::iter::empty()).state(Slot(0), 0), None);
    assert_eq!(feed_with([3].into_iter()).state(Slot(5), 0), None);
}

#[test]
fn several_frames_wake_a_slow_player_once() {
    let feed = feed_with(std::iter::empty());
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
