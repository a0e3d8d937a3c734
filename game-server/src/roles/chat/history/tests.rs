//! Bounded in lines, channels and bytes.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::domain::text::LINE;
use crate::domain::{PlayerId, RoomId};
use crate::protocol::bus::ChatLine;
use crate::roles::chat::channel::Channel;
use crate::roles::chat::history::{BYTES_MAX, CHANNELS_MAX, History, LINES_MAX};

fn room(id: u64) -> Channel {
    Channel::Room(RoomId(id))
}

fn note(history: &mut History, id: u64, channel: Channel, now: Instant) {
    note_text(history, id, channel, ("Ann", "hello"), now);
}

fn note_text(history: &mut History, id: u64, channel: Channel, (name, text): (&str, &str), now: Instant) {
    let line = ChatLine {
        id,
        channel: channel.to_string(),
        player: PlayerId(1),
        name: name.to_owned(),
        text: text.to_owned(),
        at_ms: 0,
    };
    history.note(line, channel, now);
}

fn ids(history: &History, channel: Channel) -> Vec<u64> {
    history.of(channel).iter().map(|line| line.id).collect()
}

#[test]
fn a_channel_keeps_its_newest_lines_in_order_and_once() {
    let (mut history, now) = (History::default(), Instant::now());
    for id in 0..LINES_MAX as u64 + 10 {
        note(&mut history, id, Channel::Global, now);
        note(&mut history, id, Channel::Global, now);
    }
    assert_eq!(ids(&history, Channel::Global), (10..LINES_MAX as u64 + 10).collect::<Vec<_>>());
    assert!(ids(&history, room(1)).is_empty());
}

#[test]
fn the_longest_silent_channel_goes_first_and_never_the_one_for_all() {
    let (mut history, start) = (History::default(), Instant::now());
    note(&mut history, 1, Channel::Global, start);
    for id in 1..CHANNELS_MAX as u64 {
        note(&mut history, id, room(id), start + Duration::from_millis(id));
    }
    let later = start + Duration::from_secs(60);
    note(&mut history, 99_999, room(1), later);
    note(&mut history, 100_000, room(100_000), later);
    assert!(ids(&history, room(2)).is_empty());
    assert_eq!(ids(&history, room(1)), [1, 99_999]);
    assert_eq!(ids(&history, room(100_000)), [100_000]);
    assert_eq!(ids(&history, Channel::Global), [1]);
}

#[test]
fn whispers_are_not_kept() {
    let mut history = History::default();
    note(&mut history, 1, Channel::Whisper(PlayerId(7)), Instant::now());
    assert!(history.of(Channel::Whisper(PlayerId(7))).is_empty() && history.channels.is_empty());
}

#[test]
fn as_many_channels_as_can_be_invented_with_full_lines_take_what_was_allowed() {
    let text = "y".repeat(LINE.bytes);
    let mut history = History::default();
    let taken = allocation_counter::measure(|| {
        let start = Instant::now();
        note_text(&mut history, 1, Channel::Global, ("x", &text), start);
        for id in 0..CHANNELS_MAX as u64 {
            let at = start + Duration::from_micros(id);
            (0..LINES_MAX as u64).for_each(|line| note_text(&mut history, line, room(id), ("x", &text), at));
        }
    });
    let (held, counted) = (usize::try_from(taken.bytes_current).unwrap(), history.bytes);
    // The figures are worth reading even when the test passes.
    writeln!(std::io::stdout(), "{held} bytes are held, {counted} are counted").unwrap();
    assert!(held <= BYTES_MAX && counted <= BYTES_MAX, "{held} bytes are held, {counted} are counted");
    assert!(held >= BYTES_MAX / 2, "the bound wastes what it has: {held} bytes are held");
    assert_eq!(ids(&history, Channel::Global), [1]);
}

#[test]
fn one_line_in_each_of_as_many_channels_as_can_be_invented_takes_less() {
    let mut history = History::default();
    let taken = allocation_counter::measure(|| {
        let start = Instant::now();
        for id in 0..2 * CHANNELS_MAX as u64 {
            note(&mut history, id, room(id), start + Duration::from_micros(id));
        }
    });
    assert!(taken.bytes_current <= BYTES_MAX as i64, "{} bytes", taken.bytes_current);
}
