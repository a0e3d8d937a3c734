//! Statuses as API servers of 1.34 give them.

use serde_json::json;

use super::*;

fn waiting(workload: &Value) -> String {
    match rollout(workload) {
        Rollout::Waiting(text) => text,
        other => format!("{other:?}"),
    }
}

#[test]
fn a_status_of_an_older_generation_says_nothing() {
    let workload = json!({
        "kind": "Deployment", "metadata": {"generation": 3}, "spec": {"replicas": 1},
        "status": {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    });
    assert_eq!(waiting(&workload), "not looked at yet");
    assert_eq!(waiting(&json!({"kind": "StatefulSet", "metadata": {"generation": 1}})), "not looked at yet");
}

#[test]
fn a_deployment_is_done_when_new_pods_are_available_and_old_ones_gone() {
    let status = |updated, available, total| {
        json!({
            "kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 1, "replicas": total, "updatedReplicas": updated, "availableReplicas": available},
        })
    };
    assert_eq!(waiting(&status(1, 2, 3)), "1 of 2 pods are new");
    assert_eq!(waiting(&status(2, 1, 2)), "1 of 2 pods are ready");
    assert_eq!(waiting(&status(2, 2, 3)), "1 old pods are ending");
    assert_eq!(rollout(&status(2, 2, 2)), Rollout::Current);
}

#[test]
fn a_deployment_that_gave_up_has_failed() {
    let workload = json!({
        "kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "conditions": [
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]},
    });
    assert_eq!(rollout(&workload), Rollout::Failed("timed out".to_owned()));
}

#[test]
fn a_stateful_set_is_done_when_its_revisions_agree() {
    let status = |updated, ready, current: &str| {
        json!({
            "kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": updated, "readyReplicas": ready,
                "currentRevision": current, "updateRevision": "b"},
        })
    };
    assert_eq!(waiting(&status(1, 2, "a")), "1 of 3 pods are new");
    assert_eq!(waiting(&status(3, 2, "a")), "2 of 3 pods are ready");
    assert_eq!(rollout(&status(3, 3, "b")), Rollout::Current);
}

#[test]
fn a_daemon_set_wants_every_node() {
    let status = |updated, available| {
        json!({
            "kind": "DaemonSet", "metadata": {"generation": 1},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": updated,
                "numberAvailable": available},
        })
    };
    assert_eq!(waiting(&status(2, 3)), "2 of 3 nodes have the new pod");
    assert_eq!(waiting(&status(3, 2)), "2 of 3 nodes are ready");
    assert_eq!(rollout(&status(3, 3)), Rollout::Current);
}
