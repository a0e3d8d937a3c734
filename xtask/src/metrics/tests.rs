//! Sums and quantiles out of a scrape.

use super::Metrics;

const SCRAPE: &str = "# HELP game_players People seated
# TYPE game_players gauge
game_players{thread=\"0\"} 7
game_players{thread=\"1\"} 3

game_gap_bucket{thread=\"0\",le=\"0.001\"} 90
game_gap_bucket{thread=\"0\",le=\"0.004\"} 99
game_gap_bucket{thread=\"0\",le=\"+Inf\"} 100
game_gap_bucket{thread=\"1\",le=\"0.001\"} 100
game_gap_bucket{thread=\"1\",le=\"0.004\"} 100
game_gap_bucket{thread=\"1\",le=\"+Inf\"} 100
a broken line
";

#[test]
fn series_of_one_name_add_up() {
    let metrics = Metrics::parse(SCRAPE);
    assert_eq!(metrics.sum("game_players"), Some(10.0));
    assert_eq!(metrics.sum("game_rooms"), None);
}

#[test]
fn a_quantile_is_the_bound_of_its_bucket() {
    let metrics = Metrics::parse(SCRAPE);
    assert_eq!(metrics.quantile("game_gap", 0.5), Some(0.001));
    assert_eq!(metrics.quantile("game_gap", 0.99), Some(0.004));
    assert_eq!(metrics.quantile("game_gap", 1.0), Some(f64::INFINITY));
    assert_eq!(metrics.quantile("other", 0.5), None);
}

#[test]
fn pods_add_up_like_threads() {
    let mut metrics = Metrics::parse("game_rooms 2\n");
    metrics.extend(Metrics::parse("game_rooms 3\n"));
    assert_eq!(metrics.sum("game_rooms"), Some(5.0));
}
