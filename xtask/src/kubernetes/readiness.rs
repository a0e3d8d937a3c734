//! What an object's status means: done, under way, or never.

use serde_json::Value;

/// How far a workload has come with the generation that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    Current,
    Waiting(String),
    Failed(String),
}

/// A pod that will not become ready by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// The evidence, as Kubernetes words it.
    pub message: String,
}

/// What decides how long to wait, whether logs help, and what to tell the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// No node takes the pod; a moment of this is normal.
    Unschedulable,
    ImageMissing,
    /// A binary for another processor.
    WrongArchitecture,
    /// It ends again and again; its last lines say why.
    Crashing,
    /// A ConfigMap, Secret or volume it names is not there.
    Configuration,
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

/// What keeps a pod from ever running, if anything does.
pub fn problem(pod: &Value) -> Option<Problem> {
    if let Some(scheduled) = condition(pod, "PodScheduled")
        && scheduled["reason"] == "Unschedulable"
    {
        return Some(Problem { kind: ProblemKind::Unschedulable, message: text(&scheduled["message"]) });
    }
    let lists = ["initContainerStatuses", "containerStatuses"];
    lists
        .into_iter()
        .flat_map(|list| pod["status"][list].as_array().into_iter().flatten())
        .find_map(container_problem)
}

fn container_problem(status: &Value) -> Option<Problem> {
    let waiting = &status["state"]["waiting"];
    let last = &status["lastState"]["terminated"];
    let reason = waiting["reason"].as_str()?;
    let words = text(&waiting["message"]);
    let kind = match reason {
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName" => {
            ProblemKind::ImageMissing
        }
        "CreateContainerConfigError" => ProblemKind::Configuration,
        "CrashLoopBackOff" | "RunContainerError" | "CreateContainerError" => {
            let all = format!("{words} {}", text(&last["message"]));
            if all.contains("exec format error") {
                ProblemKind::WrongArchitecture
            } else {
                ProblemKind::Crashing
            }
        }
        _ => return None,
    };
    let ended = match (last["reason"].as_str(), last["exitCode"].as_i64()) {
        (Some("OOMKilled"), _) => "; it needed more memory than its limit".to_owned(),
        (_, Some(code)) => format!("; its last exit code was {code}"),
        _ => String::new(),
    };
    let words = if words.is_empty() { reason.to_owned() } else { words };
    Some(Problem { kind, message: format!("{words}{ended}") })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
