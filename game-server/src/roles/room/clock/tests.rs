//! Deadlines stay on their grid whatever happens.

use std::time::{Duration, Instant};

use super::{CATCH_UP_TICKS_MAX, Due, TICK, TickClock};

#[test]
fn on_time_is_one_tick_each() {
    let start = Instant::now();
    let mut clock = TickClock::new(start);
    for n in 1..=100 {
        let woke = start + TICK * n + Duration::from_millis(1);
        assert_eq!(clock.advance(woke), Due { ticks: 1, dropped: 0 });
        assert_eq!(clock.wait(woke), TICK - Duration::from_millis(1));
    }
}

#[test]
fn a_hiccup_is_caught_up_and_leaves_no_trace() {
    let start = Instant::now();
    let mut clock = TickClock::new(start);
    let woke = start + TICK * 3 + Duration::from_millis(2);
    assert_eq!(clock.advance(woke), Due { ticks: 3, dropped: 0 });
    assert_eq!(clock.wait(woke), TICK - Duration::from_millis(2));
}

#[test]
fn a_long_stall_is_given_up_and_counted() {
    let start = Instant::now();
    let mut clock = TickClock::new(start);
    let woke = start + TICK * 60;
    assert_eq!(clock.advance(woke), Due { ticks: CATCH_UP_TICKS_MAX, dropped: 60 - CATCH_UP_TICKS_MAX });
    assert_eq!(clock.wait(woke), TICK);
}
