//! The closing list says what ran, what did not and why.

use std::time::Duration;

use super::{Outcome, StageName, StageResult, summary};

fn result(name: StageName, outcome: Outcome) -> StageResult {
    StageResult { name, outcome, elapsed: Duration::from_millis(3200) }
}

#[test]
fn counts_name_every_outcome() {
    let results = [
        result(StageName::Fmt, Outcome::Passed),
        result(StageName::Test, Outcome::Failed("it broke".to_owned())),
        result(StageName::Cluster, Outcome::Skipped("k3d not on PATH".to_owned())),
        result(StageName::Tidy, Outcome::Passed),
    ];
    assert_eq!(summary::counts(&results), "2 passed, 1 failed, 1 skipped");
}

#[test]
fn a_skip_prints_its_reason_and_a_failure_its_last_line() {
    let skipped = result(StageName::Cluster, Outcome::Skipped("k3d not on PATH".to_owned()));
    assert_eq!(summary::line(&skipped), "SKIPPED cluster: k3d not on PATH");
    let failed = result(StageName::Test, Outcome::Failed("line one\nline two".to_owned()));
    assert_eq!(summary::line(&failed), "FAILED  test       3.2 s: line two");
}
