//! Claims are bounded by what was measured, and delaying what is measured gains nothing.

use std::time::{Duration, Instant};

use super::Latency;

/// Two minutes of states 50 ms apart: how many milliseconds later each is acknowledged, and each ping answered.
fn answered(acks_ms: impl Fn(u32) -> u64, pongs_ms: impl Fn(u32) -> u64) -> Latency {
    let (mut latency, start) = (Latency::default(), Instant::now());
    for index in 0..2_400 {
        let at = start + Duration::from_millis(50) * index;
        latency.sent(3 * index, at);
        latency.acked(3 * index, at + Duration::from_millis(acks_ms(index)));
        if let Some(number) = latency.ping(at) {
            latency.ponged(&[number], at + Duration::from_millis(pongs_ms(index)));
        }
    }
    latency
}

fn answered_after(milliseconds: impl Fn(u32) -> u64 + Copy) -> Latency {
    answered(milliseconds, milliseconds)
}

#[test]
fn nothing_measured_allows_nothing() {
    let (mut latency, now) = (Latency::default(), Instant::now());
    assert_eq!(latency.view_age_max(), 0);
    latency.sent(3, now);
    latency.acked(3, now);
    assert_eq!(latency.view_age_max(), 0, "the page alone says nothing");
    let number = latency.ping(now).unwrap();
    latency.ponged(&[number], now);
    assert_eq!(latency.view_age_max(), 11);
}

/// The whole gain of a lie: on any line, a page's own claim is the round trip and eight ticks.
#[test]
fn a_claim_may_exceed_the_honest_one_by_three_ticks() {
    for milliseconds in [0_u64, 20, 50, 100, 150, 250] {
        let allowed = answered_after(|_| milliseconds).view_age_max();
        let honest = (milliseconds * 60).div_ceil(1_000) as u32 + 8;
        assert!((honest..=honest + 3).contains(&allowed), "{milliseconds} ms: {allowed}, honest {honest}");
    }
}

#[test]
fn acknowledgements_that_are_held_back_gain_nothing() {
    for line_ms in [0_u64, 50, 100] {
        let honest = answered_after(|_| line_ms).view_age_max();
        for held_ms in [20_u64, 100, 500, 1_500] {
            assert_eq!(answered(|_| line_ms + held_ms, |_| line_ms).view_age_max(), honest);
            let now_and_then = |index: u32| line_ms + u64::from(index.is_multiple_of(7)) * held_ms;
            assert_eq!(answered(now_and_then, |_| line_ms).view_age_max(), honest);
        }
    }
}

#[test]
fn pongs_that_are_held_back_gain_nothing_alone() {
    let honest = answered_after(|_| 50).view_age_max();
    assert_eq!(answered(|_| 50, |_| 1_000).view_age_max(), honest);
}

#[test]
fn pongs_that_nobody_asked_for_and_second_ones_are_no_samples() {
    let mut latency = answered_after(|_| 100);
    let allowed = latency.view_age_max();
    let later = Instant::now() + Duration::from_secs(300);
    for payload in 0..=u8::MAX {
        latency.ponged(&[payload], later);
        latency.ponged(&[payload, payload], later);
    }
    latency.ponged(&[], later);
    assert_eq!(latency.view_age_max(), allowed);
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
    let unsteady = answered_after(|index| if index / 20 % 2 == 0 { 50 } else { 110 }).view_age_max();
    assert!((steady + 2..=steady + 6).contains(&unsteady), "{steady} and {unsteady}");
}

#[test]
fn only_the_first_answer_to_a_state_counts() {
    let mut latency = answered_after(|_| 0);
    let allowed = latency.view_age_max();
    for seconds in 1..10 {
        latency.acked(2_399 * 3, Instant::now() + Duration::from_secs(200 + seconds));
    }
    assert_eq!(latency.view_age_max(), allowed);
}

#[test]
fn a_client_that_never_answers_is_no_burden() {
    let (mut latency, start) = (Latency::default(), Instant::now());
    for second in 0..1_000 {
        latency.sent(second, start);
        latency.ping(start + Duration::from_secs(second.into()));
    }
    assert!(latency.states.len() <= 32 && latency.pings.len() <= 16 && latency.view_age_max() == 0);
}
