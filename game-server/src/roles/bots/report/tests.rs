//! Percentiles and budgets.

use std::time::{Duration, Instant};

use crate::domain::StateRate;
use crate::roles::bots::figures::Figures;
use crate::roles::bots::report::{Budgets, Report, percentile};
use crate::roles::bots::{ARRIVAL_GAP, BotsOptions};

fn options(budgets: Budgets) -> BotsOptions {
    BotsOptions {
        url: "http://127.0.0.1:1".to_owned(),
        players: 2,
        seconds: 1,
        warm_up_s: 0,
        arrival_gap: ARRIVAL_GAP,
        state_rate: StateRate::default(),
        json: true,
        verify: false,
        budgets,
    }
}

/// A player who got a state every 50 ms.
fn player(states: u32) -> Figures {
    let mut figures = Figures::default();
    figures.join_ms.push(30.0);
    figures.bytes = u64::from(states) * 60;
    figures.start_match();
    let start = Instant::now();
    for index in 0..states {
        figures.count_state(None, start + Duration::from_millis(50) * index);
    }
    figures.end_match(start + Duration::from_millis(50) * states);
    figures
}

#[test]
fn percentiles_are_nearest_ranks() {
    let values: Vec<f64> = (1..=200).map(f64::from).collect();
    assert_eq!([0, 50, 99, 100].map(|percent| percentile(&values, percent)), [1.0, 100.0, 198.0, 200.0]);
    assert_eq!(percentile(&[], 99), 0.0);
    assert_eq!(percentile(&[7.0], 99), 7.0);
}

#[test]
fn a_good_run_keeps_its_budgets() {
    let budgets = Budgets {
        max_disconnects: Some(0),
        max_join_p99_ms: Some(250),
        min_state_hz: Some(19.5),
        min_states_ratio: Some(0.99),
        max_unreadable: Some(0),
        max_bytes_per_second: Some(1_500),
        max_tick_gap_excess_p99_us: Some(4_000),
    };
    let report = Report::new(&options(budgets), &[player(40), player(60)]);
    assert_eq!(report.missed, Vec::<String>::new());
    assert_eq!((report.joined, report.state_hz, report.state_hz_min), (2, 20.0, 20.0));
}

#[test]
fn every_missed_budget_is_named() {
    let budgets = Budgets {
        max_disconnects: Some(0),
        max_join_p99_ms: Some(29),
        min_state_hz: Some(30.0),
        min_states_ratio: Some(0.99),
        max_unreadable: Some(0),
        max_bytes_per_second: Some(100),
        max_tick_gap_excess_p99_us: Some(5),
    };
    let mut first = player(40);
    first.disconnects = vec!["gone".to_owned(), "gone".to_owned()];
    first.tick_gap_excess_us = vec![6];
    first.unreadable = 1;
    // Time in which twice as many states were due.
    first.played *= 2;
    let report = Report::new(&options(budgets), &[first, player(0)]);
    assert_eq!(report.missed.len(), 8, "{:?}", report.missed);
    assert_eq!(report.errors, ["2 × gone"]);
    assert!(!report.ok && report.to_string().contains("MISSED"));
}
