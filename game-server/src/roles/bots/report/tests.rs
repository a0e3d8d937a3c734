//! Percentiles and budgets.

use std::time::{Duration, Instant};

use crate::roles::bots::BotsOptions;
use crate::roles::bots::figures::Figures;
use crate::roles::bots::report::{Budgets, Report, percentile};

fn options(budgets: Budgets) -> BotsOptions {
    BotsOptions {
        url: "http://127.0.0.1:1".to_owned(),
        players: 2,
        seconds: 1,
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
        max_bytes_per_second: Some(100),
        max_tick_gap_excess_p99_us: Some(5),
    };
    let mut first = player(40);
    first.disconnects = vec!["gone".to_owned(), "gone".to_owned()];
    first.tick_gap_excess_us = vec![6];
    let report = Report::new(&options(budgets), &[first, player(0)]);
    assert_eq!(report.missed.len(), 6, "{:?}", report.missed);
    assert_eq!(report.errors, ["2 × gone"]);
    assert!(!report.ok && report.to_string().contains("MISSED"));
}
