//! What a player saw becomes a line or a paragraph.

use std::path::Path;

use super::{figures, finish, report};
use crate::processes::job::Job;
use crate::report::{Exit, Failure, Report};

async fn finished(script: &str) -> crate::processes::job::Finished {
    Job::new("sh", Path::new("/")).args(["-c", script]).run(&Report::quiet()).await.unwrap()
}

#[test]
fn the_report_is_found_behind_other_lines() {
    let seen = report("connecting\n{\"players\":1}\n").unwrap();
    assert_eq!(seen["players"], 1);
    assert_eq!(report("{\n  \"players\": 2\n}\n").unwrap()["players"], 2);
    assert_eq!(report("nothing"), None);
}

#[tokio::test]
async fn a_missed_budget_is_named_with_the_figures() {
    let ended = finished(r#"echo '{"state_hz":11.5,"missed":["state_hz 11.5 < 18"]}'; exit 1"#).await;
    let error = finish(ended, "http://x").unwrap_err();
    let failure = error.downcast_ref::<Failure>().unwrap();
    assert_eq!(failure.exit, Exit::Verify);
    assert!(failure.found.starts_with("state_hz 11.5 < 18."), "{}", failure.found);
}

#[tokio::test]
async fn a_player_that_cannot_connect_shows_what_it_said() {
    let ended = finished("echo connection refused >&2; exit 1").await;
    let error = finish(ended, "http://x").unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
}

#[test]
fn nested_figures_keep_their_path() {
    let seen = serde_json::json!({"join": {"p99_ms": 12}, "missed": [], "note": null});
    assert_eq!(figures(&seen), "  join.p99_ms  12\n");
}
