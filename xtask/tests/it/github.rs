//! What a runner of GitHub is told.

use std::path::Path;

use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

async fn on_runner(state: &Path, args: &[&str]) -> (Finished, String) {
    let summary = state.join("summary.md");
    let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args).env("XDG_STATE_HOME", state);
    let job = job.env("NO_COLOR", "1").env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    let ended = job.run(&Report::quiet()).await.unwrap();
    (ended, std::fs::read_to_string(summary).unwrap_or_default())
}

/// Every group is closed before the next one opens: the runner knows no groups in groups.
fn groups(text: &str) -> Vec<&str> {
    let mut open = false;
    let mut titles = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("::group::") {
            assert!(!open, "a group in a group: {text}");
            (open, _) = (true, titles.push(title.trim()));
        } else if line == "::endgroup::" {
            assert!(open, "an end without a group: {text}");
            open = false;
        }
    }
    assert!(!open, "a group without an end: {text}");
    titles
}

#[tokio::test]
async fn steps_are_groups_and_the_summary_has_their_times() {
    let state = tempfile::tempdir().unwrap();
    let (ended, summary) = on_runner(state.path(), &["down", "--target", "local"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.tail);
    let titles = groups(&ended.tail);
    assert!(titles.len() == 1 && titles[0].starts_with("down  nothing is left"), "{}", ended.tail);
    assert!(summary.contains("### cargo xtask down") && summary.contains("| down |"), "{summary}");
    assert!(summary.contains("| whole |"), "{summary}");
}

#[tokio::test]
async fn stages_are_groups_and_the_summary_has_their_outcomes() {
    let state = tempfile::tempdir().unwrap();
    let (ended, summary) = on_runner(state.path(), &["ci", "--only", "tidy"]).await;
    assert_eq!(groups(&ended.tail), ["tidy"], "{}", ended.tail);
    assert!(summary.contains("| tidy | passed |"), "{summary}");
}

#[tokio::test]
async fn an_error_is_an_annotation() {
    let state = tempfile::tempdir().unwrap();
    let (ended, _) = on_runner(state.path(), &["start"]).await;
    assert_eq!(ended.code, Some(3));
    let annotation = ended.tail.lines().find(|line| line.starts_with("::error ")).unwrap();
    assert!(annotation.starts_with("::error title=waking the game::While waking"), "{annotation}");
    assert!(annotation.ends_with("%0Afix: run `cargo xtask up`"), "{annotation}");
}

#[tokio::test]
async fn json_stays_json() {
    let state = tempfile::tempdir().unwrap();
    let (ended, _) = on_runner(state.path(), &["start", "--json"]).await;
    assert!(ended.stdout.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(ended.tail.contains("::error "), "{}", ended.tail);
}

#[tokio::test]
async fn elsewhere_nothing_of_it_is_said() {
    let state = tempfile::tempdir().unwrap();
    let ended = crate::xtask(state.path(), &["down", "--target", "local"]).await;
    assert!(!ended.tail.contains("::"), "{}", ended.tail);
}
