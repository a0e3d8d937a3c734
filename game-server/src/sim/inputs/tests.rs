//! One test for each promise to players about their inputs.

use super::{Dropped, INPUT_TICKS_AHEAD_MAX, InputBuffer};
use crate::domain::{PlayerInput, Tick};

/// An input whose aim tells the tick it is for.
fn for_tick(tick: Tick) -> PlayerInput {
    PlayerInput { move_x: 127, aim: tick as u8, ..PlayerInput::default() }
}

fn for_ticks(ticks: std::ops::RangeInclusive<Tick>) -> Vec<PlayerInput> {
    ticks.map(for_tick).collect()
}

#[test]
fn an_early_input_waits_for_its_tick() {
    let mut buffer = InputBuffer::default();
    assert_eq!(buffer.push(10, 13, &for_ticks(13..=14)), Dropped::default());
    let before = buffer.take(11);
    assert_eq!(buffer.take(12), before);
    assert_eq!([buffer.take(13), buffer.take(14)], [for_tick(13), for_tick(14)]);
    assert_eq!(buffer.applied_tick(), 14);
}

#[test]
fn a_late_input_is_dropped_and_never_shifted() {
    let mut buffer = InputBuffer::default();
    buffer.push(9, 10, &[for_tick(10)]);
    assert_eq!(buffer.take(10), for_tick(10));
    let dropped = buffer.push(12, 11, &for_ticks(11..=13));
    assert_eq!(dropped, Dropped { late: 2, early: 0 });
    assert_eq!(buffer.take(13), for_tick(13));
    assert_eq!(buffer.take(14), for_tick(13), "11 and 12 are gone");
    assert_eq!(buffer.applied_tick(), 13);
}

#[test]
fn a_missing_input_repeats_the_last() {
    let mut buffer = InputBuffer::default();
    buffer.push(0, 1, &[for_tick(1)]);
    buffer.push(0, 4, &[for_tick(4)]);
    let taken = [1, 2, 3, 4, 5].map(|tick| buffer.take(tick).aim);
    assert_eq!(taken, [1, 1, 1, 4, 4]);
}

#[test]
fn a_repeated_input_changes_nothing() {
    let mut buffer = InputBuffer::default();
    buffer.push(0, 1, &[for_tick(1)]);
    buffer.push(0, 1, &[for_tick(99)]);
    assert_eq!(buffer.take(1), for_tick(1));
}

#[test]
fn a_flood_is_one_input_a_tick_and_no_more_memory() {
    let mut buffer = InputBuffer::default();
    let flood = for_ticks(1..=1_000);
    let dropped = buffer.push(0, 1, &flood);
    assert_eq!(dropped, Dropped { late: 0, early: 1_000 - u64::from(INPUT_TICKS_AHEAD_MAX) });
    for tick in 1..=INPUT_TICKS_AHEAD_MAX {
        assert_eq!(buffer.take(tick), for_tick(tick));
    }
    assert_eq!(buffer.take(INPUT_TICKS_AHEAD_MAX + 1), for_tick(INPUT_TICKS_AHEAD_MAX));
}

#[test]
fn ticks_beyond_the_last_one_are_dropped() {
    let dropped = InputBuffer::default().push(5, u32::MAX - 1, &for_ticks(1..=8));
    assert_eq!(dropped, Dropped { late: 0, early: 8 });
}

#[test]
fn the_margin_tells_whether_to_run_faster_or_slower() {
    let mut buffer = InputBuffer::default();
    for (tick, margin) in [(101, 0), (103, 2), (100, -1), (60, -41), (1_000, 127)] {
        buffer.push(100, tick, &[for_tick(tick)]);
        assert_eq!(buffer.margin_ticks(), margin, "an input for tick {tick} at tick 100");
    }
}

#[test]
fn a_player_who_is_gone_stands_still_and_holds_fire() {
    let mut buffer = InputBuffer::default();
    buffer.push(0, 1, &for_ticks(1..=3));
    buffer.take(1);
    buffer.make_neutral();
    let still = PlayerInput { aim: 1, ..PlayerInput::default() };
    assert_eq!([buffer.take(2), buffer.take(3)], [still, still]);
}
