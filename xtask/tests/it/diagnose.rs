//! `diagnose` where there is no cluster: nothing, a process that has ended, a Docker that is silent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use xtask::processes::job::Job;
use xtask::report::Report;

use crate::xtask;

const SECRETS: [&str; 4] = [
    "hunter2hunter2",
    "0123456789abcdef0123456789abcdef",
    "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJlMQ",
    "sesame-open",
];

/// A process that is gone, with a log that tells why and more than it should.
fn ended(state: &Path) {
    let folder = state.join("game-server/local");
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("data/ranking.sqlite"), "rows").unwrap();
    let process = r#"{"identity":{"pid":1,"started":"never"},"url":"http://127.0.0.1:1","bind_address":"127.0.0.1",
        "port":1,"admin":"127.0.0.1:1","settings":["--ticket-secret=hunter2hunter2"],"stamp":"","started_unix_s":0}"#;
    fs::write(folder.join("process.json"), process).unwrap();
    let [password, key, token, ticket] = SECRETS;
    let log = format!(
        "INFO connecting to postgres://game:{password}@db/game\nINFO key {key}\nINFO GET /room?ticket={ticket}&name=ann\n\
         INFO authorization: Bearer {token}\nthread 'main' panicked at game-server/src/store.rs:7:1:\nthe store is damaged\n"
    );
    fs::write(folder.join("game-server.log"), log).unwrap();
}

fn result(stdout: &str) -> Value {
    let events = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == "result").map(|event| event["result"].clone()).next().unwrap()
}

#[tokio::test]
async fn nothing_is_there_is_a_diagnosis() {
    let state = tempfile::tempdir().unwrap();
    let ended = xtask(state.path(), &["diagnose", "--target", "local", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.tail);
    let result = result(&ended.stdout);
    assert_eq!((&result["healthy"], &result["causes"][0]["id"]), (&false.into(), &"process-missing".into()));
}

#[tokio::test]
async fn a_process_that_has_ended_is_explained_by_its_log_without_its_secrets() {
    let state = tempfile::tempdir().unwrap();
    ended(state.path());
    let diagnosed = xtask(state.path(), &["diagnose", "--target", "local"]).await;
    assert_eq!(diagnosed.code, Some(0), "{}", diagnosed.tail);
    assert!(
        diagnosed.stdout.contains("panicked at game-server/src/store.rs:7:1: the store is damaged"),
        "{}",
        diagnosed.stdout
    );
    let path = state.path().join("game-server/local/diagnosis.tar");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bundle = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    for expected in [
        "diagnosis/README.txt",
        "diagnosis/doctor.json",
        "ranking.sqlite",
        "the store is damaged",
        "name=ann",
    ] {
        assert!(bundle.contains(expected), "{expected} is not in the bundle");
    }
    for secret in SECRETS {
        assert!(!bundle.contains(secret) && !diagnosed.stdout.contains(secret), "{secret} got out");
    }
    let down = xtask(state.path(), &["down"]).await;
    assert_eq!(down.code, Some(0), "{}", down.tail);
    assert!(!path.exists(), "the bundle goes with what it is about");
}

#[tokio::test]
async fn a_silent_docker_is_a_diagnosis_too() {
    let state = tempfile::tempdir().unwrap();
    let output = state.path().join("bundle.tar");
    let args = ["diagnose", "--target", "k3d", "--json", "--output", output.to_str().unwrap()];
    let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args);
    let job = job.env("XDG_STATE_HOME", state.path()).env("DOCKER_HOST", "unix:///nothing");
    let ended = job.run(&Report::quiet()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.tail);
    let result = result(&ended.stdout);
    assert_eq!(result["causes"][0]["id"], "no-answer");
    assert!(output.exists());
}
