//! Every broken variant of a manifest, deployed on a real cluster: the cause, its line, and how soon it is said.

/// One cluster, taken over or made for these tests.
mod bed;
/// Manifests that are broken in one way each.
mod variants;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::{Either, join_all, select};
use serde_json::{Value, json};
use xtask::commands::deploy::{self, rollout};
use xtask::diagnosis::facts::Facts;
use xtask::kubernetes::objects::{Apply, Id};
use xtask::manifests::Manifests;
use xtask::report::Failure;

use crate::say;
use bed::{Bed, PLANTED};
use variants::{AT_ONCE, FROZEN, Sign, VARIANTS, Variant};

/// From the first moment at which the cause can be seen to the end of the rollout.
const CERTAIN_TO_FAILURE: Duration = Duration::from_secs(15);
/// A probe is no certain cause while neighbours are being started, and the other variants of a wave are; no longer.
const NEIGHBOURS_START: Duration = Duration::from_secs(45);
/// A cluster that shows no failure within this is not the one that was asked for.
const LIMIT: Duration = Duration::from_secs(240);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How a variant ended.
struct Ended {
    text: String,
    at: Instant,
}

/// When each variant showed its sign, and how long the API server took at worst.
#[derive(Default)]
struct Seen {
    at: BTreeMap<&'static str, Instant>,
    slowest: Duration,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Docker and k3d: cargo xtask ci --only cluster"]
async fn every_broken_variant_is_explained_in_time() {
    let bed = match Bed::new().await {
        Ok(bed) => bed,
        Err(reason) => return say(&format!("skipped: {reason}")),
    };
    let faults = std::panic::AssertUnwindSafe(all(&bed));
    let faults = futures_util::FutureExt::catch_unwind(faults).await;
    bed.end().await;
    let faults = faults.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Everything that was not as it should be.
async fn all(bed: &Bed) -> Vec<String> {
    bed.prepare().await;
    let mut faults = refused_objects(bed).await;
    faults.extend(rollouts(bed).await);
    faults.extend(bundle(bed).await);
    faults
}

async fn rollouts(bed: &Bed) -> Vec<String> {
    bed.freeze(true).await;
    let mut seen = Seen::default();
    let waves = async {
        let mut ends = Vec::new();
        for wave in VARIANTS.chunks(AT_ONCE) {
            ends.extend(join_all(wave.iter().map(|variant| roll(bed, variant))).await);
        }
        ends
    };
    let ends = match select(Box::pin(waves), Box::pin(watch(bed, &mut seen))).await {
        Either::Left((ends, _)) => ends,
        Either::Right(_) => unreachable!("the watcher never ends"),
    };
    let allowed = CERTAIN_TO_FAILURE + 2 * seen.slowest;
    say(&format!("the slowest look took {:.1} s", seen.slowest.as_secs_f64()));
    let mut faults = Vec::new();
    for (variant, end) in VARIANTS.iter().zip(ends) {
        let Some(first) = seen.at.get(variant.name) else {
            faults.push(format!("{}: its sign was never seen; it ended with: {}", variant.name, end.text));
            continue;
        };
        let took = end.at.saturating_duration_since(*first);
        say(&format!("{:<10} {:>5.1} s after its sign: {}", variant.name, took.as_secs_f64(), end.text));
        faults.extend(variant.faults(&end.text));
        let excused = if variant.is_probe() { NEIGHBOURS_START } else { Duration::ZERO };
        if took > allowed + excused {
            faults.push(format!("{}: {took:?} from the sign to the failure", variant.name));
        }
    }
    faults.extend(frozen(bed).await);
    faults
}

/// A pod for a node of which the control plane knows that it is gone: certain at once.
async fn frozen(bed: &Bed) -> Vec<String> {
    let gone = async {
        while !bed.cluster.facts().await.is_ok_and(|facts| FROZEN.shows(&facts)) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(LIMIT, gone).await.is_err() {
        return vec!["the frozen node is still ready".to_owned()];
    }
    let started = Instant::now();
    let ended = roll(bed, &FROZEN).await;
    bed.freeze(false).await;
    say(&format!(
        "{:<10} {:>5.1} s after its start: {}",
        FROZEN.name,
        started.elapsed().as_secs_f64(),
        ended.text
    ));
    FROZEN.faults(&ended.text)
}

/// Applies one variant and waits for it as `deploy` does.
async fn roll(bed: &Bed, variant: &Variant) -> Ended {
    let manifests = Manifests::load(&bed.repository(variant).path().join("manifests")).unwrap();
    for object in bed.objects(variant) {
        bed.cluster.apply(&object, Apply::Real).await.unwrap();
    }
    let waited = rollout::wait(&bed.context, &bed.cluster, &manifests, false);
    let text = match tokio::time::timeout(LIMIT, waited).await {
        Ok(Ok(text)) => format!("it runs: {text}"),
        Ok(Err(error)) => paragraph(&error),
        Err(_) => "it never ended".to_owned(),
    };
    Ended { text, at: Instant::now() }
}

/// Notes when the facts show each sign for the first time.
async fn watch(bed: &Bed, seen: &mut Seen) {
    // What an earlier run on the same cluster has left is no sign.
    let earlier = bed.cluster.facts().await.unwrap().events;
    let is_old = |event: &Value| earlier.iter().any(|old| old["metadata"]["uid"] == event["metadata"]["uid"]);
    loop {
        let started = Instant::now();
        if let Ok(mut facts) = bed.cluster.facts().await {
            facts.events.retain(|event| !is_old(event));
            let new = VARIANTS.iter().filter(|variant| variant.shows(&facts));
            new.for_each(|variant| _ = seen.at.entry(variant.name).or_insert(started));
        }
        seen.slowest = seen.slowest.max(started.elapsed());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What the API server refuses is refused before anything is written.
async fn refused_objects(bed: &Bed) -> Vec<String> {
    let mut faults = Vec::new();
    for variant in &variants::REFUSED {
        let repository = bed.repository(variant);
        let manifests = repository.path().join("manifests");
        let objects = xtask::manifests::source::Source::repository(&manifests);
        let context = xtask::context::Context { manifests, objects, ..bed.context.clone() };
        let text = match deploy::prepare(&context, &bed.reached, &bed.image).await {
            Ok(_) => "nothing was refused".to_owned(),
            Err(error) => paragraph(&error),
        };
        say(&format!("{:<10} {text}", variant.name));
        faults.extend(variant.faults(&text));
        let id = Id::new("apps/v1", "Deployment", Some("game-prod"), variant.name);
        if bed.cluster.get(&id).await.unwrap().is_some() {
            faults.push(format!("{}: it was written all the same", variant.name));
        }
    }
    faults
}

/// The bundle of this broken cluster names the causes and holds no secret.
async fn bundle(bed: &Bed) -> Vec<String> {
    let path = bed.folder.path().join("diagnosis.tar");
    let ended = bed.xtask(&["diagnose", "--output", path.to_str().unwrap()]).await;
    let mut faults = Vec::new();
    if ended.code != Some(0) || !ended.stdout.contains("[label-missing]") {
        faults.push(format!("diagnose: {}", ended.tail));
    }
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut secrets: Vec<String> = bed.secrets().await;
    secrets.extend(PLANTED.iter().map(|planted| (*planted).to_owned()));
    say(&format!("{} bytes of bundle, {} secrets looked for", bytes.len(), secrets.len()));
    let leaked = secrets
        .iter()
        .filter(|secret| text.contains(secret.as_str()) || ended.stdout.contains(secret.as_str()));
    faults.extend(leaked.map(|secret| format!("the bundle holds the secret {secret}")));
    if !text.contains("the secret is [redacted] and nothing else") {
        faults.push("the log that told a secret is not in the bundle".to_owned());
    }
    faults
}

fn paragraph(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Failure>() {
        Some(failure) => format!("{failure} fix: {}", failure.fix),
        None => format!("no paragraph: {error:#}"),
    }
}

impl Variant {
    fn is_probe(&self) -> bool {
        matches!(self.sign, Sign::Event("Unhealthy", _))
    }

    /// True when the facts hold the first proof of what is wrong.
    fn shows(&self, facts: &Facts) -> bool {
        let ours = |object: &&Value| {
            object["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(self.name))
        };
        let mut pods = facts.pods.iter().filter(ours);
        let mut events = facts.events.iter().filter(|event| {
            event["involvedObject"]["name"].as_str().is_some_and(|name| name.starts_with(self.name))
        });
        let status = |pod: &Value| pod["status"]["containerStatuses"][0].clone();
        match self.sign {
            Sign::Unschedulable => pods.any(|pod| {
                let conditions = pod["status"]["conditions"].as_array();
                conditions
                    .into_iter()
                    .flatten()
                    .any(|one| one["type"] == "PodScheduled" && one["status"] == "False")
            }),
            Sign::Waiting(reason) => pods.any(|pod| status(pod)["state"]["waiting"]["reason"] == reason),
            Sign::Restarted => pods.any(|pod| status(pod)["restartCount"].as_u64() >= Some(1)),
            Sign::Event(reason, times) => {
                events.any(|event| event["reason"] == reason && event["count"].as_u64().unwrap_or(1) >= times)
            }
            Sign::Untouched => {
                pods.any(|pod| pod["spec"]["nodeName"].is_string() && pod["status"]["startTime"].is_null())
            }
            Sign::NodeUnknown => facts.nodes.iter().any(|node| {
                let conditions = node["status"]["conditions"].as_array();
                conditions
                    .into_iter()
                    .flatten()
                    .any(|one| one["type"] == "Ready" && one["status"] == "Unknown")
            }),
        }
    }

    /// What the paragraph lacks.
    fn faults(&self, text: &str) -> Vec<String> {
        let mut wanted: Vec<String> = self.words.iter().map(|words| (*words).to_owned()).collect();
        if !self.line.is_empty() {
            let file = self.text();
            let number = file.lines().position(|line| line.trim() == self.line).unwrap() + 1;
            wanted.push(format!("manifests/{}.yaml:{number} says `{}`", self.name, self.line));
        }
        let lacks = wanted.into_iter().filter(|words| !text.contains(words.as_str()));
        lacks.map(|words| format!("{}: {words:?} is not in: {text}", self.name)).collect()
    }
}

/// A webhook that the API server must ask and that is nowhere.
fn webhook(name: &str, resources: &[&str]) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [{
            "name": format!("{name}.example.dev"),
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 2,
            "failurePolicy": "Fail",
            "clientConfig": {"service": {"name": "nothing", "namespace": "default", "path": "/"}},
            "objectSelector": {"matchLabels": {"hook": name}},
            "rules": [{"apiGroups": ["", "apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": resources}],
        }],
    })
}
