//! What the roles prove to each other who they are with: made at the first deploy, kept ever after, and required once
//! every pod knows it.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use crate::context::random_hex;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::{Apply, Id};
use crate::kubernetes::pods::{Pod, metric};
use crate::manifests::Manifests;
use crate::settings::{ADMIN_TOKEN_KEY, GENERATED_SECRET, NAMESPACE};

#[cfg(test)]
mod tests;

/// As many bits as the hash that signs with it.
const SECRET_BYTES: usize = 32;
/// Proofs up to this number are known to every build of this repository; the number is `protocol::proof`'s.
const PROOFS: u32 = 1;
/// The key that says how many of them are required.
const PROOFS_KEY: &str = "proofs";
/// The key with the user whom the bus takes one for who comes without a password, and its two values: shorter than
/// anything that `diagnose` takes out of texts as a secret.
const ANONYMOUS_KEY: &str = "bus-anonymous";
const OPEN: &str = "open";
const SHUT: &str = "shut";
/// Every secret is drawn anew for each cluster.
const DRAWN_KEYS: [&str; 10] = [
    "ticket-secret",
    "link-secret",
    ADMIN_TOKEN_KEY,
    "bus-gateway",
    "bus-lobby",
    "bus-room",
    "bus-chat",
    "bus-ranking",
    "bus-monitor",
    "bus-unused",
];
/// Roles that read the number; the others prove themselves to the bus alone.
const JUDGES: [&str; 3] = ["gateway", "lobby", "room"];
/// What a pod says about it.
const PROOFS_METRIC: &str = "game_proofs_required";
/// The role whose server reads its users when it starts.
const BUS: &str = "nats";
/// Tells this change of a pod from those that wake a kubelet for other reasons.
const WAKE: usize = 100;
/// A kubelet that is not woken brings a changed Secret into its pods within a minute and a half.
const TAKEN_LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(300);

/// How far the roles of a cluster trust each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Nothing was made yet.
    New,
    /// Pods of a build without proofs may be there; `lacks` when secrets are still to be drawn.
    Accepting { lacks: bool },
    /// Who proves nothing is turned away.
    Required,
}

/// The id of the Secret that is made once.
pub fn secret_id() -> Id {
    Id::new("v1", "Secret", Some(NAMESPACE), GENERATED_SECRET)
}

/// What the cluster's Secret says.
pub async fn read(cluster: &Kubernetes) -> Result<Trust> {
    Ok(of(cluster.get(&secret_id()).await?.as_ref()))
}

fn of(secret: Option<&Value>) -> Trust {
    let Some(secret) = secret else { return Trust::New };
    let lacks = !missing(&secret["data"]).is_empty();
    let required = text(&secret["data"], PROOFS_KEY).and_then(|text| text.parse::<u32>().ok());
    match required {
        Some(number) if number >= PROOFS && !lacks => Trust::Required,
        _ => Trust::Accepting { lacks },
    }
}

/// A value of a Secret as it was before it was encoded.
fn text(data: &Value, key: &str) -> Option<String> {
    Kubernetes::secret_text(data, key)
}

/// Keys that are not there yet.
fn missing(data: &Value) -> Vec<&'static str> {
    let all = DRAWN_KEYS.into_iter().chain([PROOFS_KEY, ANONYMOUS_KEY]);
    all.filter(|key| data[*key].is_null()).collect()
}

/// Makes what is missing and changes nothing that is there. Beside a Secret of a build before proofs there are pods of it.
pub async fn ensure(cluster: &Kubernetes) -> Result<()> {
    match cluster.get(&secret_id()).await? {
        None => {
            let secret = json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": GENERATED_SECRET, "namespace": NAMESPACE},
                "stringData": first_values()?,
            });
            cluster.apply(&secret, Apply::Real).await.map(|_| ())
        }
        Some(secret) => match missing(&secret["data"]) {
            keys if keys.is_empty() => Ok(()),
            keys => cluster.set_secret(&secret_id(), &drawn(&keys, Trust::Accepting { lacks: false })?).await,
        },
    }
}

/// Everything that the Secret of a new cluster holds.
pub fn first_values() -> Result<Map<String, Value>> {
    drawn(&missing(&Value::Null), Trust::Required)
}

fn drawn(keys: &[&str], trust: Trust) -> Result<Map<String, Value>> {
    let mut values = Map::new();
    for key in keys {
        let value = match *key {
            PROOFS_KEY if trust == Trust::Required => PROOFS.to_string(),
            PROOFS_KEY => "0".to_owned(),
            ANONYMOUS_KEY if trust == Trust::Required => SHUT.to_owned(),
            ANONYMOUS_KEY => OPEN.to_owned(),
            // Begins with a letter: the config of the bus takes digits with a letter behind them for a size.
            _ => format!("s{}", random_hex(SECRET_BYTES)?),
        };
        values.insert((*key).to_owned(), value.into());
    }
    Ok(values)
}

/// Turns away from now on who proves nothing: every pod must be of a build that does. The bus starts once more, a moment
/// in which nobody is seated and every match plays on.
pub async fn require(cluster: &Kubernetes, manifests: &Manifests) -> Result<()> {
    let values = json!({PROOFS_KEY: PROOFS.to_string(), ANONYMOUS_KEY: SHUT});
    cluster.set_secret(&secret_id(), values.as_object().unwrap_or(&Map::new())).await?;
    for pod in judges(&cluster.pods().await?) {
        // Where it may not be changed, the kubelet still looks by itself.
        let _ = cluster.wake_kubelet(&pod.name, WAKE).await;
    }
    if manifests.objects.iter().any(|object| object.is_workload() && object.name() == BUS) {
        restart_bus(cluster).await?;
    }
    Ok(())
}

fn judges(pods: &[Pod]) -> Vec<&Pod> {
    pods.iter().filter(|pod| JUDGES.contains(&pod.role.as_str()) && !pod.draining).collect()
}

async fn restart_bus(cluster: &Kubernetes) -> Result<()> {
    for pod in cluster.pods().await?.iter().filter(|pod| pod.role == BUS) {
        cluster.delete(&Id::new("v1", "Pod", Some(NAMESPACE), &pod.name)).await?;
    }
    Ok(())
}

/// Waits until a bus that started after `before` is ready and every pod says that it requires the proofs.
pub async fn wait_until_taken(cluster: &Kubernetes, before: &[Pod]) -> Result<String> {
    let deadline = Instant::now() + TAKEN_LIMIT;
    loop {
        let pods = cluster.pods().await?;
        let is_old = |pod: &Pod| before.iter().any(|old| old.name == pod.name && old.uid == pod.uid);
        let bus_is_new = pods.iter().filter(|pod| pod.role == BUS).all(|pod| pod.ready && !is_old(pod));
        let judges = judges(&pods);
        let seen = seen(cluster, &judges).await;
        if bus_is_new && seen.required == judges.len() {
            return Ok(format!("required by {} pods and the bus", judges.len()));
        }
        if Instant::now() > deadline {
            bail!(
                "{} of {} pods require proofs after {} s, and the bus {}; `cargo xtask deploy` tries again",
                seen.required,
                judges.len(),
                TAKEN_LIMIT.as_secs(),
                if bus_is_new { "does" } else { "is not ready" }
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

/// What the pods themselves say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    pub asked: usize,
    /// Pods that turn away who proves nothing.
    pub required: usize,
    /// Pods that accept both.
    pub accepting: usize,
}

impl Seen {
    /// One line for a screen.
    pub fn text(self) -> String {
        match self {
            Seen { asked: 0, .. } => "nobody to ask".to_owned(),
            Seen { asked, required, .. } if asked == required => {
                format!("required by all {asked} pods that judge them")
            }
            Seen { asked, required, accepting } => format!(
                "accepted, not required yet: {required} of {asked} pods require them, {accepting} accept both, {} do not \
                 say; `cargo xtask deploy` requires them once every pod is new",
                asked - required - accepting
            ),
        }
    }

    pub fn json(self) -> Value {
        json!({
            "required": self.asked > 0 && self.required == self.asked,
            "pods": self.asked,
            "requiring": self.required,
            "accepting": self.accepting,
        })
    }
}

/// Asks every pod that judges proofs.
pub async fn seen_by(cluster: &Kubernetes, pods: &[Pod]) -> Seen {
    seen(cluster, &judges(pods)).await
}

async fn seen(cluster: &Kubernetes, judges: &[&Pod]) -> Seen {
    let asked = futures_util::future::join_all(judges.iter().map(|pod| cluster.pod_metrics(&pod.name))).await;
    let mut seen = Seen { asked: judges.len(), ..Seen::default() };
    for level in asked.into_iter().flatten().filter_map(|metrics| metric(&metrics, PROOFS_METRIC)) {
        match level >= f64::from(PROOFS) {
            true => seen.required += 1,
            false => seen.accepting += 1,
        }
    }
    seen
}
