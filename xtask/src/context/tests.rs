//! Targets are found by what is recorded as up, and locks exclude.

use std::path::Path;
use std::time::Duration;

use clap::Parser;

use super::{Context, lock, target};
use crate::cli::{Cli, TargetName};
use crate::report::Report;

fn context(state: &Path, flags: &[&str]) -> Context {
    let typed = [&["xtask", "status"], flags].concat();
    let mut context = Context::new(&Cli::parse_from(typed).global).unwrap();
    context.state = state.to_path_buf();
    context
}

fn write(folder: &Path, file: &str, text: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(file), text).unwrap();
}

#[test]
fn the_only_target_that_is_there_is_meant() {
    let state = tempfile::tempdir().unwrap();
    let plain = context(state.path(), &[]);
    assert_eq!(target::that_is_up(&plain).unwrap(), None);
    write(&plain.local_folder(), "process.json", r#"{"url":"http://127.0.0.1:8080"}"#);
    assert_eq!(target::that_is_up(&plain).unwrap(), Some(TargetName::Local));
    assert_eq!(target::for_up(&plain).unwrap(), TargetName::Local);
}

#[test]
fn between_two_targets_the_user_decides() {
    let state = tempfile::tempdir().unwrap();
    let plain = context(state.path(), &[]);
    write(&plain.local_folder(), "process.json", r#"{"url":"http://127.0.0.1:8080"}"#);
    write(&plain.cluster_folder("k3s-local"), "cluster.json", r#"{"published":{"port":8081}}"#);
    let error = target::that_is_up(&plain).unwrap_err();
    let failure = error.downcast_ref::<crate::report::Failure>().unwrap();
    assert_eq!(failure.fix, "add --cluster k3s-local or --target local");
    let said = context(state.path(), &["--target", "k3d"]);
    assert_eq!(target::that_is_up(&said).unwrap(), Some(TargetName::K3d));
}

#[test]
fn a_cluster_of_another_name_is_found_again() {
    let state = tempfile::tempdir().unwrap();
    let plain = context(state.path(), &[]);
    assert_eq!(target::with_known_cluster(&plain).known_cluster, None);
    write(&plain.cluster_folder("mine"), "cluster.json", r#"{"published":{"port":8081}}"#);
    assert_eq!(target::with_known_cluster(&plain).known_cluster.as_deref(), Some("mine"));
    let said = context(state.path(), &["--cluster", "other"]);
    assert_eq!(target::with_known_cluster(&said).known_cluster, None);
    write(&plain.cluster_folder("second"), "cluster.json", r#"{"published":{"port":8082}}"#);
    assert_eq!(target::with_known_cluster(&plain).known_cluster, None);
}

#[test]
fn a_damaged_record_counts_as_none() {
    let state = tempfile::tempdir().unwrap();
    write(&state.path().join("local"), "process.json", "{\"url\":");
    assert!(target::records(state.path()).is_empty());
}

#[tokio::test]
async fn a_second_command_waits_for_the_first() {
    let state = tempfile::tempdir().unwrap();
    let report = Report::quiet();
    let held = lock::take(state.path(), &report).await.unwrap();
    let second = lock::take(state.path(), &report);
    assert!(tokio::time::timeout(Duration::from_millis(300), second).await.is_err());
    drop(held);
    let third = lock::take(state.path(), &report);
    let _third = tokio::time::timeout(Duration::from_secs(2), third).await.unwrap().unwrap();
}
