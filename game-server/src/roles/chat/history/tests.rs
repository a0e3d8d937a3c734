//! Bounded in lines and channels.

use std::time::{Duration, Instant};

use crate::domain::PlayerId;
use crate::protocol::bus::ChatLine;
use crate::roles::chat::history::{CHANNELS_MAX, History, LINES_MAX};

fn line(id: u64, channel: &str) -> ChatLine {
    ChatLine {
        id,
        channel: channel.to_owned(),
        player: PlayerId(1),
        name: "Ann".to_owned(),
        text: "hello".to_owned(),
        at_ms: 0,
    }
}

fn ids(history: &History, channel: &str) -> Vec<u64> {
    history.of(channel).iter().map(|line| line.id).collect()
}

#[test]
fn a_channel_keeps_its_newest_lines_in_order_and_once() {
    let (mut history, now) = (History::default(), Instant::now());
    for id in 0..LINES_MAX as u64 + 10 {
        history.note(line(id, "global"), now);
        history.note(line(id, "global"), now);
    }
    assert_eq!(ids(&history, "global"), (10..LINES_MAX as u64 + 10).collect::<Vec<_>>());
    assert!(ids(&history, "room:1").is_empty());
}

#[test]
fn the_longest_silent_channel_goes_first() {
    let (mut history, start) = (History::default(), Instant::now());
    for id in 0..CHANNELS_MAX as u64 {
        history.note(line(id, &format!("room:{id}")), start + Duration::from_millis(id));
    }
    let later = start + Duration::from_secs(60);
    history.note(line(99_999, "room:0"), later);
    history.note(line(100_000, "room:new"), later);
    assert!(ids(&history, "room:1").is_empty());
    assert_eq!(ids(&history, "room:0"), [0, 99_999]);
    assert_eq!(ids(&history, "room:new"), [100_000]);
}
