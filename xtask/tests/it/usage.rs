//! Bad input gets one paragraph and the exit code of its class.

use crate::xtask;

const USAGE: Option<i32> = Some(2);
const PREREQUISITE: Option<i32> = Some(3);

#[tokio::test]
async fn what_cannot_be_understood_is_usage() {
    let state = tempfile::tempdir().unwrap();
    let wrong: [&[&str]; 6] = [
        &["fly"],
        &["up", "--target", "moon"],
        &["up", "--port", "70000"],
        &["status", "--timeout", "soon"],
        &["load", "--players", "0"],
        &["verify", "--url", "nonsense"],
    ];
    for args in wrong {
        let ended = xtask(state.path(), args).await;
        assert_eq!(ended.code, USAGE, "{args:?}: {}", ended.tail);
        assert!(ended.tail.contains("error:"), "{args:?}: {}", ended.tail);
    }
}

#[tokio::test]
async fn a_taken_port_stops_up_before_anything_is_built() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let state = tempfile::tempdir().unwrap();
    let ended = xtask(state.path(), &["up", "--target", "local", "--port", &port]).await;
    assert_eq!(ended.code, PREREQUISITE, "{}", ended.tail);
    assert!(
        ended.tail.contains(&format!("port {port} is taken by")) && ended.tail.contains("fix:"),
        "{}",
        ended.tail
    );
}

#[tokio::test]
async fn commands_that_need_a_game_say_that_none_is_up() {
    let state = tempfile::tempdir().unwrap();
    let needing: [&[&str]; 4] = [&["logs"], &["verify"], &["load"], &["start"]];
    for args in needing {
        let ended = xtask(state.path(), args).await;
        assert_eq!(ended.code, PREREQUISITE, "{args:?}: {}", ended.tail);
        assert!(ended.tail.contains("cargo xtask up"), "{args:?}: {}", ended.tail);
    }
}

#[tokio::test]
async fn errors_are_events_for_machines() {
    let state = tempfile::tempdir().unwrap();
    let ended = xtask(state.path(), &["start", "--json"]).await;
    let event: serde_json::Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((event["event"].as_str(), event["code"].as_i64()), (Some("error"), Some(3)));
    assert!(!event["fix"].as_str().unwrap().is_empty());
}
