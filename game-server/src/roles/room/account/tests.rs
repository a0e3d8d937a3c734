//! Figures over a second of made-up ticks.

use std::time::{Duration, Instant};

use super::{SAMPLES, TickAccount};
use crate::roles::room::clock::TICK;

#[test]
fn a_punctual_idle_thread_has_all_its_headroom() {
    let mut account = TickAccount::default();
    let start = Instant::now();
    for n in 0..SAMPLES as u32 {
        assert_eq!(account.started(start + TICK * n), Duration::ZERO);
    }
    assert_eq!(account.gap_excess_p99_us(), 0);
    assert!(account.busy() < 1e-6);
}

#[test]
fn lateness_and_work_show_for_a_second_and_then_fade() {
    let mut account = TickAccount::default();
    let mut now = Instant::now();
    account.started(now);
    now += TICK + Duration::from_millis(5);
    assert_eq!(account.started(now), Duration::from_millis(5));
    account.worked(TICK * 30);
    assert_eq!(account.gap_excess_p99_us(), 5000);
    assert!((account.busy() - 0.5).abs() < 0.01);
    for _ in 0..SAMPLES {
        now += TICK;
        account.started(now);
    }
    assert_eq!(account.gap_excess_p99_us(), 0);
    assert!(account.busy() < 0.01);
}
