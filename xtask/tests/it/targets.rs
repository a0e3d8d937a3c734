//! Commands on nothing, on something that died, and on several targets.

use std::fs;
use std::path::Path;

use crate::xtask;

/// A process that is long gone, as an `up` before a restart of the machine leaves it.
fn stale(state: &Path) {
    let folder = state.join("game-server/local");
    fs::create_dir_all(folder.join("data")).unwrap();
    let process = r#"{"identity":{"pid":1,"started":"never"},"url":"http://127.0.0.1:1","bind_address":"127.0.0.1",
        "port":1,"admin":"127.0.0.1:1","settings":[],"stamp":"","started_unix_s":0}"#;
    fs::write(folder.join("process.json"), process).unwrap();
}

#[tokio::test]
async fn nothing_is_up_is_an_answer() {
    let state = tempfile::tempdir().unwrap();
    for command in ["status", "down", "stop"] {
        let ended = xtask(state.path(), &[command]).await;
        assert_eq!(ended.code, Some(0), "{command}: {}", ended.tail);
        assert!(ended.stdout.contains("nothing is up"), "{command}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn a_stale_pid_is_not_taken_for_the_game() {
    let state = tempfile::tempdir().unwrap();
    stale(state.path());
    let status = xtask(state.path(), &["status"]).await;
    assert!(status.stdout.contains("not running"), "{}", status.stdout);
    // Pid 1 is somebody: it must survive this.
    for _ in 0..2 {
        let down = xtask(state.path(), &["down"]).await;
        assert_eq!(down.code, Some(0), "{}", down.tail);
    }
    assert!(state.path().join("game-server/local/data").exists(), "data stay without --data");
    let down = xtask(state.path(), &["down", "--data"]).await;
    assert_eq!(down.code, Some(0), "{}", down.tail);
    assert!(!state.path().join("game-server/local/data").exists());
}

#[tokio::test]
async fn between_two_targets_it_asks() {
    let state = tempfile::tempdir().unwrap();
    stale(state.path());
    let cluster = state.path().join("game-server/other");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("cluster.json"), r#"{"port":8081}"#).unwrap();
    let ended = xtask(state.path(), &["down"]).await;
    assert_eq!(ended.code, Some(2), "{}", ended.tail);
    assert!(
        ended.tail.contains("--cluster other or --target local") || ended.tail.contains("--target local or"),
        "{}",
        ended.tail
    );
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let state = tempfile::tempdir().unwrap();
    stale(state.path());
    let ended = xtask(state.path(), &["down", "--dry-run"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.tail);
    assert!(state.path().join("game-server/local/process.json").exists());
}
