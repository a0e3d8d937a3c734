//! Talk passes, floods do not.

use std::time::{Duration, Instant};

use crate::domain::{PlayerId, RoomId};
use crate::roles::chat::channel::Channel;
use crate::roles::chat::flood::{CHANNEL_LINES_MAX, Flood, HEARD_MAX, LINES_MAX, PLAYER_LINES_MAX, WINDOW};
use crate::roles::chat::refusal::Refusal;

const HERE: Channel = Channel::Global;

#[test]
fn a_flood_is_stopped_and_forgotten_after_the_window() {
    let (mut flood, start) = (Flood::default(), Instant::now());
    for _ in 0..PLAYER_LINES_MAX {
        assert_eq!(flood.check(PlayerId(1), HERE, start), Ok(()));
        flood.note(PlayerId(1), HERE, start);
    }
    let later = start + WINDOW - Duration::from_millis(1);
    assert_eq!(flood.check(PlayerId(1), Channel::Room(RoomId(1)), later), Err(Refusal::Flood));
    assert_eq!(flood.check(PlayerId(1), HERE, start + WINDOW), Ok(()));
    assert_eq!(flood.check(PlayerId(2), HERE, start), Ok(()), "others are not affected");
}

#[test]
fn however_many_they_are_a_channel_stays_readable() {
    let (mut flood, now) = (Flood::default(), Instant::now());
    let passed = (0..1_000).filter(|player| {
        let passes = flood.check(PlayerId(*player), HERE, now).is_ok();
        if passes {
            flood.note(PlayerId(*player), HERE, now);
        }
        passes
    });
    assert_eq!(passed.count(), CHANNEL_LINES_MAX);
    assert_eq!(flood.check(PlayerId(5_000), HERE, now), Err(Refusal::Busy));
    assert_eq!(flood.check(PlayerId(5_000), Channel::Room(RoomId(1)), now), Ok(()), "other channels go on");
}

#[test]
fn however_many_channels_there_are_the_sum_is_bounded() {
    let (mut flood, now) = (Flood::default(), Instant::now());
    for player in 0..LINES_MAX as u64 {
        let room = Channel::Room(RoomId(player));
        assert_eq!(flood.check(PlayerId(player), room, now), Ok(()));
        flood.note(PlayerId(player), room, now);
    }
    assert_eq!(flood.check(PlayerId(u64::MAX), Channel::Room(RoomId(u64::MAX)), now), Err(Refusal::Busy));
    assert_eq!(flood.check(PlayerId(u64::MAX), HERE, now + WINDOW), Ok(()));
}

#[test]
fn more_people_than_can_be_kept_in_mind_take_no_more_memory() {
    let (mut flood, start) = (Flood::default(), Instant::now());
    for player in 0..2 * HEARD_MAX as u64 {
        let now = start + WINDOW * player as u32 / LINES_MAX as u32;
        assert_eq!(flood.check(PlayerId(player), Channel::Whisper(PlayerId(player)), now), Ok(()));
        flood.note(PlayerId(player), Channel::Whisper(PlayerId(player)), now);
        assert!(flood.players.heard.len() <= HEARD_MAX && flood.channels.heard.len() <= HEARD_MAX);
    }
    assert!(flood.players.heard.len() >= LINES_MAX, "whoever spoke within the window is known");
}

#[test]
fn steady_talk_never_ends() {
    let (mut flood, start) = (Flood::default(), Instant::now());
    for line in 0..100 {
        let now = start + Duration::from_secs(2 * line);
        assert_eq!(flood.check(PlayerId(1), HERE, now), Ok(()));
        flood.note(PlayerId(1), HERE, now);
    }
}
