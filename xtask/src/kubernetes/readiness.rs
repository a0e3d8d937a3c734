//! What an object's status means: done, under way, or never.

use serde_json::Value;

/// How far a workload has come with the generation that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    Current,
    Waiting(String),
    Failed(String),
}

/// Judges a Deployment, StatefulSet or DaemonSet.
pub fn rollout(workload: &Value) -> Rollout {
    let (generation, observed) =
        (&workload["metadata"]["generation"], &workload["status"]["observedGeneration"]);
    if generation.as_u64() > observed.as_u64() {
        return Rollout::Waiting("not looked at yet".to_owned());
    }
    match workload["kind"].as_str().unwrap_or_default() {
        "Deployment" => deployment(workload),
        "StatefulSet" => stateful_set(workload),
        "DaemonSet" => daemon_set(workload),
        _ => Rollout::Current,
    }
}

fn deployment(workload: &Value) -> Rollout {
    let status = &workload["status"];
    if let Some(condition) = condition(workload, "Progressing")
        && condition["reason"] == "ProgressDeadlineExceeded"
    {
        return Rollout::Failed(condition["message"].as_str().unwrap_or_default().to_owned());
    }
    let wanted = workload["spec"]["replicas"].as_u64().unwrap_or(1);
    let (updated, total, available) =
        (count(status, "updatedReplicas"), count(status, "replicas"), count(status, "availableReplicas"));
    if updated < wanted {
        Rollout::Waiting(format!("{updated} of {wanted} pods are new"))
    } else if available < wanted {
        Rollout::Waiting(format!("{available} of {wanted} pods are ready"))
    } else if total > updated {
        Rollout::Waiting(format!("{} old pods are ending", total - updated))
    } else {
        Rollout::Current
    }
}

fn stateful_set(workload: &Value) -> Rollout {
    let status = &workload["status"];
    let wanted = workload["spec"]["replicas"].as_u64().unwrap_or(1);
    let (updated, ready) = (count(status, "updatedReplicas"), count(status, "readyReplicas"));
    let settled = status["currentRevision"] == status["updateRevision"];
    if !settled && updated < wanted {
        Rollout::Waiting(format!("{updated} of {wanted} pods are new"))
    } else if ready < wanted || count(status, "replicas") != wanted {
        Rollout::Waiting(format!("{ready} of {wanted} pods are ready"))
    } else if !settled {
        Rollout::Waiting("the last pod is being settled".to_owned())
    } else {
        Rollout::Current
    }
}

fn daemon_set(workload: &Value) -> Rollout {
    let status = &workload["status"];
    let wanted = count(status, "desiredNumberScheduled");
    let (updated, available) = (count(status, "updatedNumberScheduled"), count(status, "numberAvailable"));
    if updated < wanted {
        Rollout::Waiting(format!("{updated} of {wanted} nodes have the new pod"))
    } else if available < wanted {
        Rollout::Waiting(format!("{available} of {wanted} nodes are ready"))
    } else {
        Rollout::Current
    }
}

fn count(status: &Value, field: &str) -> u64 {
    status[field].as_u64().unwrap_or(0)
}

fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == name)
}

/// True when a condition has this status.
pub fn has_condition(object: &Value, name: &str, status: &str) -> bool {
    condition(object, name).is_some_and(|condition| condition["status"] == status)
}

#[cfg(test)]
mod tests;
