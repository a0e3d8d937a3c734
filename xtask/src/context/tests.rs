//! Targets are found by what is recorded as up, and locks exclude.

use std::path::Path;
use std::time::Duration;

use clap::Parser;

use super::target::{self, Record};
use super::{Context, lock};
use crate::cli::{Cli, TargetName};
use crate::report::Report;

fn context(state: &Path, flags: &[&str]) -> Context {
    let typed = [&["xtask", "status"], flags].concat();
    let mut context = Context::new(&Cli::parse_from(typed).global).unwrap();
    context.state = state.to_path_buf();
    context
}

fn record(name: &str, target: &str) -> Record {
    let url = "http://127.0.0.1:8080".to_owned();
    Record {
        target: target.to_owned(),
        name: name.to_owned(),
        url,
        stamp: String::new(),
    }
}

#[test]
fn the_only_target_that_is_up_is_meant() {
    let state = tempfile::tempdir().unwrap();
    let plain = context(state.path(), &[]);
    assert_eq!(target::that_is_up(&plain).unwrap(), None);
    target::write(&plain.local_folder(), &record("local", "local")).unwrap();
    assert_eq!(target::that_is_up(&plain).unwrap(), Some(TargetName::Local));
    assert_eq!(target::for_up(&plain).unwrap(), TargetName::Local);
    target::forget(&plain.local_folder());
    assert_eq!(target::that_is_up(&plain).unwrap(), None);
}

#[test]
fn between_two_targets_the_user_decides() {
    let state = tempfile::tempdir().unwrap();
    let plain = context(state.path(), &[]);
    target::write(&plain.local_folder(), &record("local", "local")).unwrap();
    target::write(&plain.cluster_folder("k3s-local"), &record("k3s-local", "k3d")).unwrap();
    let error = target::that_is_up(&plain).unwrap_err();
    let failure = error.downcast_ref::<crate::report::Failure>().unwrap();
    assert_eq!(failure.fix, "add --cluster k3s-local or --target local");
    let said = context(state.path(), &["--target", "k3d"]);
    assert_eq!(target::that_is_up(&said).unwrap(), Some(TargetName::K3d));
}

#[test]
fn a_damaged_record_counts_as_none() {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir(state.path().join("local")).unwrap();
    std::fs::write(state.path().join("local/up.json"), b"{\"target\":").unwrap();
    assert!(target::records(state.path()).is_empty());
}

#[tokio::test]
async fn a_second_command_waits_for_the_first() {
    let state = tempfile::tempdir().unwrap();
    let report = Report::new(false, true, false);
    let held = lock::take(state.path(), &report).await.unwrap();
    let second = lock::take(state.path(), &report);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), second)
            .await
            .is_err()
    );
    drop(held);
    let third = lock::take(state.path(), &report);
    let _third = tokio::time::timeout(Duration::from_secs(2), third)
        .await
        .unwrap()
        .unwrap();
}
