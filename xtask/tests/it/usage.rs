//! Bad input gets one paragraph and the exit code of its class.

use std::path::Path;

use xtask::processes::job::Job;
use xtask::report::Report;

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

/// Nothing of these needs Docker to be refused, or to be answered.
#[tokio::test]
async fn the_target_local_asks_for_no_cluster() {
    let state = tempfile::tempdir().unwrap();
    let without_docker = |args: &[&str]| {
        let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args);
        job.args(["--target", "local"])
            .env("XDG_STATE_HOME", state.path())
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .env("NO_COLOR", "1")
    };
    let clusters_only: [&[&str]; 5] =
        [&["deploy"], &["deploy", "--dry-run"], &["label"], &["cluster"], &["image", "--no-deliver"]];
    for args in clusters_only {
        let ended = without_docker(args).run(&Report::quiet()).await.unwrap();
        assert_eq!(ended.code, USAGE, "{args:?}: {}", ended.tail);
        assert!(ended.tail.contains("one process without a cluster"), "{args:?}: {}", ended.tail);
        assert!(ended.tail.contains("up --target local"), "{args:?}: {}", ended.tail);
    }
    let plan = without_docker(&["plan"]).run(&Report::quiet()).await.unwrap();
    assert!(
        plan.success() && plan.stdout.contains("+ game-server all at http://127.0.0.1:8080"),
        "{}",
        plan.tail
    );
}

/// A config of the cluster that is missing or broken is one finding among all others.
#[tokio::test]
async fn a_broken_config_of_the_cluster_stops_no_doctor() {
    let state = tempfile::tempdir().unwrap();
    let manifests = tempfile::tempdir().unwrap();
    let doctor = || {
        let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/"));
        job.args(["doctor", "--target", "k3d", "--json"])
            .env("XDG_STATE_HOME", state.path())
            .env("XTASK_MANIFESTS", manifests.path())
    };
    std::fs::create_dir(manifests.path().join("cluster")).unwrap();
    for (text, reason) in [
        (None, "k3d.yaml cannot be read: No such file"),
        (Some("metadata: ["), "k3d.yaml:"),
        (Some("apiVersion: k3d.io/v1alpha5\nkind: Simple\nservres: 1\n"), "did you mean `servers`?"),
    ] {
        if let Some(text) = text {
            std::fs::write(manifests.path().join("cluster/k3d.yaml"), text).unwrap();
        }
        let ended = doctor().run(&Report::quiet()).await.unwrap();
        assert_eq!(ended.code, PREREQUISITE, "{}", ended.tail);
        assert!(
            ended.stdout.contains("\"cluster-config-refused\"") && ended.stdout.contains(reason),
            "{}",
            ended.stdout
        );
        assert!(ended.stdout.contains("\"facts\""), "{}", ended.stdout);
    }
}
