//! Whether a cluster enforces NetworkPolicies: two pods of ours dial the bus, one that a policy lets through and one that
//! none does.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::write_whole;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::{Apply, Id};
use crate::kubernetes::pods::Pod;
use crate::report::Report;
use crate::settings::NAMESPACE;

#[cfg(test)]
mod tests;

/// Where the last answer is kept, in the folder of the target.
const FILE: &str = "network-policies.json";
/// What both pods dial: the policy of the bus lets in pods of the game only.
const BUS: &str = "tcp://nats:4222";
/// The pod that the policies let through; the labels are what they select by.
const KNOWN: &str = "policy-probe-known";
/// The pod that nobody knows.
const STRANGER: &str = "policy-probe-stranger";
/// An agent of a policy may learn of a new pod a moment after the pod runs.
const SETTLE_S: u64 = 2;
/// A pod starts within seconds, tries for four, and a slow node takes its time.
const PROBE_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(300);

/// What was seen, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub enforced: Enforced,
    pub at_unix_s: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforced {
    Yes,
    No,
    /// The pod that is let through did not get through either, or one of them never ran.
    Unknown,
}

impl Enforced {
    /// From whether the pod that is let through, and the stranger, could connect.
    fn of(known: Option<bool>, stranger: Option<bool>) -> Self {
        match (known, stranger) {
            (Some(true), Some(false)) => Self::Yes,
            (Some(true), Some(true)) => Self::No,
            _ => Self::Unknown,
        }
    }
}

impl Answer {
    /// One sentence.
    pub fn text(&self) -> &'static str {
        match self.enforced {
            Enforced::Yes => {
                "this cluster enforces NetworkPolicies: a pod without our labels could not reach the bus"
            }
            Enforced::No => {
                "this cluster does not enforce NetworkPolicies: a pod without our labels reached the bus, so only secrets \
                 keep pods apart"
            }
            Enforced::Unknown => {
                "whether this cluster enforces NetworkPolicies could not be seen: the pod that they let through did not \
                 reach the bus"
            }
        }
    }

    /// What `verify` saw last on the target with this folder.
    pub fn last(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(FILE)).ok()?).ok()
    }

    fn write(&self, folder: &Path) -> Result<()> {
        write_whole(&folder.join(FILE), &serde_json::to_vec(self)?)
    }
}

/// Tries it with the image that runs, and remembers the answer; nothing in a dry run, which only tells the calls.
pub async fn probe(report: &Report, cluster: &Kubernetes, folder: &Path) -> Result<Option<Answer>> {
    let step = report.step("policies", "dialling the bus from a pod that may and from one that may not");
    let Some(image) = image(&cluster.pods().await?) else {
        step.skipped("no gateway runs, whose image the two pods would run");
        return Ok(None);
    };
    let both = [KNOWN, STRANGER];
    remove(cluster, &both, false).await?;
    for name in both {
        cluster.apply(&pod(name, &image), Apply::Real).await?;
    }
    if report.dry_run {
        remove(cluster, &both, true).await?;
        step.skipped("two pods would dial the bus");
        return Ok(None);
    }
    let (known, stranger) = tokio::join!(connected(cluster, KNOWN), connected(cluster, STRANGER));
    remove(cluster, &both, true).await?;
    let at_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let answer = Answer { enforced: Enforced::of(known, stranger), at_unix_s };
    answer.write(folder)?;
    step.done(answer.text());
    Ok(Some(answer))
}

fn image(pods: &[Pod]) -> Option<String> {
    pods.iter().find(|pod| pod.role == "gateway" && pod.ready).map(|pod| pod.image.clone())
}

/// What a run that was interrupted left, and what this one made.
async fn remove(cluster: &Kubernetes, names: &[&str], is_made: bool) -> Result<()> {
    for name in names {
        let id = pod_id(name);
        if is_made || cluster.get(&id).await?.is_some() {
            cluster.delete(&id).await?;
        }
        let deadline = Instant::now() + PROBE_LIMIT;
        while !is_made && cluster.get(&id).await?.is_some() {
            anyhow::ensure!(Instant::now() < deadline, "Pod/{name} of an earlier probe does not go away");
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}

fn pod_id(name: &str) -> Id {
    Id::new("v1", "Pod", Some(NAMESPACE), name)
}

/// How the dial of a pod ended; nothing when it never did.
async fn connected(cluster: &Kubernetes, name: &str) -> Option<bool> {
    let deadline = Instant::now() + PROBE_LIMIT;
    while Instant::now() < deadline {
        let pod = cluster.get(&pod_id(name)).await.ok().flatten()?;
        match pod["status"]["phase"].as_str() {
            Some("Succeeded") => return Some(true),
            // Ended by its deadline, it never ran to its end: that says nothing.
            Some("Failed") => return pod["status"]["reason"].is_null().then_some(false),
            _ => tokio::time::sleep(POLL).await,
        }
    }
    None
}

fn pod(name: &str, image: &str) -> Value {
    let mut labels = json!({"app.kubernetes.io/name": name});
    if name == KNOWN {
        labels["app.kubernetes.io/part-of"] = "game-server".into();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": PROBE_LIMIT.as_secs(),
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "nodeSelector": {"workload": "backend"},
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "probe",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "args": ["healthcheck", format!("--url={BUS}"), format!("--after-seconds={SETTLE_S}")],
                "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    })
}

/// The answer in words for whoever looks at a target later.
pub fn told(folder: &Path) -> String {
    match Answer::last(folder) {
        Some(answer) => answer.text().to_owned(),
        None => "whether this cluster enforces NetworkPolicies was not tried yet: `cargo xtask verify` does"
            .to_owned(),
    }
}
