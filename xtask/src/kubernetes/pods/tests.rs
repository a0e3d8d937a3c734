//! A pod as a line of the table; metrics out of Prometheus text.

use serde_json::json;

use super::*;

#[test]
fn a_pod_becomes_a_line() {
    let value = json!({
        "metadata": {"name": "room-0", "labels": {"app.kubernetes.io/name": "room"},
            "creationTimestamp": "2026-11-24T06:00:00Z"},
        "spec": {"nodeName": "k3d-a-agent-0", "containers": [{"image": "game-server:1"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"restartCount": 2, "state": {"running": {}}}]},
    });
    let pod = Pod::read(&value);
    assert_eq!(
        (pod.role.as_str(), pod.name.as_str(), pod.node.as_str()),
        ("room", "room-0", "k3d-a-agent-0")
    );
    assert_eq!((pod.ready, pod.draining, pod.state.as_str(), pod.restarts), (true, false, "Running", 2));
}

#[test]
fn a_pod_that_ends_drains_and_one_that_waits_says_why() {
    let ending =
        json!({"metadata": {"deletionTimestamp": "2026-11-24T06:00:00Z"}, "status": {"phase": "Running"}});
    assert_eq!(Pod::read(&ending).state, "Draining");
    let waiting = json!({"status": {"phase": "Pending",
        "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}});
    assert_eq!(Pod::read(&waiting).state, "ImagePullBackOff");
}

#[test]
fn metrics_are_summed_over_labels_and_not_mixed_with_longer_names() {
    let text = "# HELP game_players now\ngame_players{pool=\"a\"} 3\ngame_players{pool=\"b\"} 2\ngame_players_total 99\n";
    assert_eq!(metric(text, "game_players"), Some(5.0));
    assert_eq!(metric(text, "game_rooms"), None);
}
