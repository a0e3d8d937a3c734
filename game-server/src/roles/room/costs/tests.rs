//! Percentiles of made-up ticks.

use std::time::Duration;

use super::{CostHistogram, MeanCost};

#[test]
fn percentiles_are_within_a_bucket() {
    let mut costs = CostHistogram::default();
    assert_eq!(costs.percentile_us(0.99), 0);
    for micros in 1..=1000 {
        costs.record(Duration::from_micros(micros));
    }
    for (share, exact) in [(0.5, 500.0), (0.99, 990.0)] {
        let found = costs.percentile_us(share) as f32;
        assert!(found >= exact && found <= exact * 1.2, "{share}: {found}");
    }
    costs.record(Duration::from_secs(1));
    assert!(costs.percentile_us(1.0) > 50_000);
}

#[test]
fn a_mean_begins_at_the_first_tick_and_follows() {
    let mut mean = MeanCost::default();
    assert_eq!(mean.micros(), 0);
    mean.record(Duration::from_micros(10));
    assert_eq!(mean.micros(), 10);
    (0..1000).for_each(|_| mean.record(Duration::from_micros(30)));
    assert_eq!(mean.micros(), 30);
}
