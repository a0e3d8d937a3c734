//! The pace settles on inputs that come just in time.

use std::time::{Duration, Instant};

use crate::domain::Tick;
use crate::roles::bots::pace::Pace;

/// Plays 20 s against a server whose packets need `one_way_ms` each way; returns (late, margin at the end).
fn play(one_way_ms: u64) -> (u32, i64) {
    let start = Instant::now();
    let mut pace = Pace::new(start);
    let at = |ms: u64| start + Duration::from_millis(ms);
    let tick_at = |ms: u64| (ms * 60 / 1000) as Tick + 1_000;
    let (mut arrivals, mut late, mut margin) = (Vec::<(u64, Tick)>::new(), 0, 0_i64);
    for ms in (0..20_000).step_by(1) {
        arrivals.retain(|(arrival, newest)| {
            if *arrival == ms {
                margin = i64::from(*newest) - i64::from(tick_at(ms)) - 1;
                // The first seconds are for finding the pace.
                late += u32::from(margin < 0 && ms > 3_000);
            }
            *arrival > ms
        });
        if ms % 50 == 0 && ms >= one_way_ms {
            pace.hear(tick_at(ms - one_way_ms), margin.clamp(-128, 127) as i8, at(ms));
        }
        if ms % 33 == 0
            && let Some((first, count)) = pace.due(at(ms))
        {
            arrivals.push((ms + one_way_ms, first + count as Tick - 1));
        }
    }
    (late, margin)
}

#[test]
fn inputs_come_in_time_near_and_far() {
    for one_way_ms in [1, 20, 60, 120] {
        let (late, margin) = play(one_way_ms);
        assert_eq!(late, 0, "{one_way_ms} ms");
        assert!((0..=8).contains(&margin), "{margin} ticks early at {one_way_ms} ms");
    }
}

#[test]
fn every_tick_gets_one_input() {
    let start = Instant::now();
    let mut pace = Pace::new(start);
    assert_eq!(pace.due(start), None);
    pace.hear(100, 2, start);
    let (first, count) = pace.due(start).expect("a state was heard");
    let mut next = first + count as Tick;
    for packet in 1..30 {
        if let Some((first, count)) = pace.due(start + Duration::from_millis(33 * packet)) {
            assert_eq!(first, next);
            next += count as Tick;
        }
    }
}
