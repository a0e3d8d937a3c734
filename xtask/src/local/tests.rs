//! State files, stale pids and log filters.

use std::fs;

use super::logs::{Filter, follow, last_lines};
use super::{Folder, Process, reachable};
use crate::processes::daemon::Identity;

fn process(identity: Identity) -> Process {
    Process {
        identity,
        url: "http://127.0.0.1:8080".to_owned(),
        bind_address: "127.0.0.1".to_owned(),
        port: 8080,
        admin: "127.0.0.1:9100".to_owned(),
        settings: Vec::new(),
        stamp: "aa".to_owned(),
        started_unix_s: 0,
        is_development: false,
    }
}

#[test]
fn a_recycled_pid_does_not_count_as_running() {
    let state = tempfile::tempdir().unwrap();
    let folder = Folder(state.path().to_path_buf());
    assert_eq!(folder.running(), None);
    let ours = process(Identity::of(std::process::id()).unwrap());
    folder.write(&ours).unwrap();
    assert_eq!(folder.running(), Some(ours.clone()));
    let earlier = Identity { started: "1".to_owned(), ..ours.identity };
    folder.write(&process(earlier)).unwrap();
    assert!(folder.last().is_some());
    assert_eq!(folder.running(), None);
}

#[test]
fn data_survives_until_it_is_asked_for() {
    let state = tempfile::tempdir().unwrap();
    let folder = Folder(state.path().to_path_buf());
    fs::create_dir(folder.data()).unwrap();
    fs::write(folder.log(), "lines").unwrap();
    folder.clear(false).unwrap();
    assert!(folder.data().exists() && !folder.log().exists());
    folder.clear(true).unwrap();
    assert!(!folder.data().exists());
}

#[test]
fn lines_are_filtered_by_role_and_text() {
    let line = "2026-01-01T00:00:00Z INFO game_server::roles::room::host: opened room=7";
    let filter = |role: Option<&str>, grep: Option<&str>| Filter {
        role: role.map(str::to_owned),
        grep: grep.map(str::to_owned),
    };
    assert!(filter(None, None).takes(line));
    assert!(filter(Some("room"), Some("room=7")).takes(line));
    assert!(!filter(Some("lobby"), None).takes(line));
    assert!(!filter(Some("room"), Some("room=8")).takes(line));
}

#[tokio::test]
async fn a_growing_log_is_followed_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "one\ntwo\nthree\n").unwrap();
    assert_eq!(last_lines(&path, 2), ["two", "three"]);
    let mut seen = Vec::new();
    let writer = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        fs::write(&path, "one\ntwo\nthree\nfour\nfi").unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    };
    tokio::select! {
        _ = follow(&path, |line| seen.push(line.to_owned())) => {}
        () = writer => {}
    }
    assert_eq!(seen, ["four"]);
}

#[test]
fn a_listener_on_every_address_is_reached_on_loopback() {
    assert_eq!(reachable("0.0.0.0", 8080), "127.0.0.1:8080");
    assert_eq!(reachable("127.0.0.1", 8081), "127.0.0.1:8081");
}
