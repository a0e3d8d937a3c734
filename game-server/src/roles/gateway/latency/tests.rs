//! Claims are bounded by what was measured.

use std::time::{Duration, Instant};

use super::Latency;

/// States 50 ms apart, each acknowledged this many milliseconds later.
fn answered_after(milliseconds: impl Fn(u32) -> u64) -> Latency {
    let (mut latency, start) = (Latency::default(), Instant::now());
    for index in 0..40 {
        let at = start + Duration::from_millis(50) * index;
        latency.sent(3 * index, at);
        latency.acked(3 * index, at + Duration::from_millis(milliseconds(index)));
    }
    latency
}

#[test]
fn nothing_measured_allows_nothing() {
    assert_eq!(Latency::default().view_age_max(), 0);
}

#[test]
fn a_good_line_allows_the_delay_of_a_page_and_a_slow_one_its_round_trip_too() {
    assert_eq!(answered_after(|_| 0).view_age_max(), 11);
    // 150 ms are nine ticks.
    assert_eq!(answered_after(|_| 150).view_age_max(), 20);
}

#[test]
fn a_line_that_varies_allows_its_variation() {
    let steady = answered_after(|_| 80).view_age_max();
    let unsteady = answered_after(|index| if index % 2 == 0 { 50 } else { 110 }).view_age_max();
    assert!((steady + 2..=steady + 6).contains(&unsteady), "{steady} and {unsteady}");
}

#[test]
fn only_the_first_answer_to_a_state_counts() {
    let (mut latency, start) = (Latency::default(), Instant::now());
    latency.sent(3, start);
    latency.acked(3, start);
    let allowed = latency.view_age_max();
    for seconds in 1..10 {
        latency.acked(3, start + Duration::from_secs(seconds));
    }
    assert_eq!(latency.view_age_max(), allowed);
}

#[test]
fn a_client_that_never_answers_is_no_burden() {
    let (mut latency, start) = (Latency::default(), Instant::now());
    (0..100_000).for_each(|tick| latency.sent(tick, start));
    assert!(latency.sent.len() <= 32 && latency.view_age_max() == 0);
}
