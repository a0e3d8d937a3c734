//! Why pods do not run: recorded API objects in, causes with their evidence out; nothing is asked or read here.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::manifests::Manifests;
use crate::manifests::locate::Place;
use crate::report::{Exit, Failure};
use facts::{Facts, Subject};

/// The API server accepts no object, or no pod, as it is written.
pub mod admission;
/// A cluster that can be asked only in part.
pub mod cluster;
/// A program that starts and ends: crash, panic, memory, wrong processor.
mod crash;
/// What a look at a cluster showed.
pub mod facts;
/// An image that is not on the node.
mod image;
/// A node that does not answer.
mod node;
/// A program that runs and is not ready.
mod probe;
/// The one process of the target `local`.
pub mod process;
/// Amounts of CPU and memory as Kubernetes writes them.
mod quantity;
/// Text without tokens, keys and passwords.
pub mod redact;
/// ConfigMaps, Secrets and files that a pod names.
pub mod references;
/// No node takes the pod.
mod scheduling;
/// Volumes that are not there.
mod volume;

#[cfg(test)]
mod tests;

/// A moment of this is normal while objects find each other.
const MOMENT: Duration = Duration::from_secs(4);
/// A node, a registry or a port may come (back) within this; longer would only make the user wait.
const PATIENCE: Duration = Duration::from_secs(8);

/// Why an object of the manifests does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Stable: scripts and people search for it.
    pub id: &'static str,
    /// `Deployment/lobby`; `Node/NAME` or `Pod/NAME` where no manifest is at fault.
    pub object: String,
    /// Empty where no pod came to be.
    pub pod: String,
    /// What is wrong, as a sentence without its full stop.
    pub found: String,
    /// What was seen, in the cluster's own words.
    pub evidence: Vec<String>,
    /// JSON pointer of the value at fault in the object; empty where no value is.
    pub pointer: String,
    /// The command or the change that fixes it.
    pub fix: String,
    /// How long it must be seen before it is certain; zero is certain at first sight.
    #[serde(skip)]
    pub settles: Duration,
}

impl Cause {
    fn new(id: &'static str, object: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            id,
            object: object.into(),
            pod: String::new(),
            found: found.into(),
            evidence: Vec::new(),
            pointer: String::new(),
            fix: String::new(),
            settles: Duration::ZERO,
        }
    }

    fn seen(mut self, evidence: impl Into<String>) -> Self {
        let evidence = evidence.into();
        if !evidence.is_empty() {
            self.evidence.push(evidence);
        }
        self
    }

    fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    fn settles(mut self, time: Duration) -> Self {
        self.settles = time;
        self
    }

    /// Manifests that cannot be read, in the words of whoever read them.
    pub fn unreadable(words: &str) -> Self {
        let cause = Self::new("manifest-unreadable", "Manifests", "they cannot be read")
            .seen(words.trim_end_matches('.'));
        cause.fix("correct the file named above, then `cargo xtask deploy`")
    }

    /// Something that every answer depends on does not answer.
    pub fn unanswered(who: &str, words: &str) -> Self {
        let cause = Self::new("no-answer", who, "it does not answer").seen(words.trim_end_matches('.'));
        cause.fix("start it, then `cargo xtask doctor`")
    }

    /// The line of the manifest that says so.
    pub fn place(&self, manifests: Option<&Manifests>) -> Option<Place> {
        if self.pointer.is_empty() {
            return None;
        }
        manifests?.place(&self.object, &self.pointer)
    }

    /// One paragraph: what is wrong, what was seen, and the line at fault.
    pub fn paragraph(&self, manifests: Option<&Manifests>) -> String {
        let mut text = format!("{}: {}.", self.object, self.found);
        if !self.evidence.is_empty() {
            text.push_str(&format!(" Seen: {}.", self.evidence.join("; ")));
        }
        if let Some(place) = self.place(manifests) {
            // A line that only opens a block says where to look and nothing more.
            let says =
                if place.text.ends_with(':') { String::new() } else { format!(" says `{}`", place.text) };
            let at = if says.is_empty() { "See " } else { "" };
            text.push_str(&format!(" {at}{}:{}{says}.", place.file, place.line));
        }
        text
    }

    /// The paragraph as the failure of a command.
    pub fn failure(&self, doing: &str, manifests: Option<&Manifests>) -> Failure {
        Failure {
            exit: Exit::Rollout,
            doing: doing.to_owned(),
            found: self.paragraph(manifests),
            cause: String::new(),
            fix: self.fix.clone(),
        }
    }

    /// The same for machines.
    pub fn json(&self, manifests: Option<&Manifests>) -> Value {
        let mut value = json!(self);
        value["place"] = json!(self.place(manifests));
        value
    }
}

/// Reads one pod; `None` where its kind of cause is not what is wrong.
type Family = fn(&Subject) -> Option<Cause>;

/// What comes first explains what comes later: a node that is gone makes probes fail.
const FAMILIES: [Family; 7] = [
    node::check,
    volume::check,
    scheduling::check,
    references::check,
    image::check,
    crash::check,
    probe::check,
];

/// Every cause that these facts hold, the most basic first; a pod has one at most.
pub fn causes(facts: &Facts) -> Vec<Cause> {
    let refused =
        facts.workloads.iter().filter_map(|workload| (0, admission::check(facts, workload)?).into());
    let pods: Vec<Subject> = facts.unready().collect();
    let broken = pods.iter().filter_map(|pod| {
        let found = FAMILIES.iter().enumerate().find_map(|(rank, family)| Some((rank, family(pod)?)));
        found.map(|(rank, cause)| (rank, Cause { pod: pod.name().to_owned(), ..cause }))
    });
    let blocked = facts.blocking().map(|pod| (0, blocks(&pod)));
    let mut causes: Vec<(usize, Cause)> = refused.chain(blocked).chain(broken).collect();
    let told: Vec<&str> = causes
        .iter()
        .filter(|(_, cause)| cause.id == node::ID)
        .map(|(_, cause)| cause.pod.as_str())
        .collect();
    let silent = |name: &str| pods.iter().any(|pod| told.contains(&pod.name()) && pod.node_name() == name);
    let alone: Vec<(usize, Cause)> = node::alone(facts, silent).map(|cause| (0, cause)).collect();
    causes.extend(alone);
    causes.sort_by(|(a_rank, a), (b_rank, b)| (a_rank, &a.object, &a.pod).cmp(&(b_rank, &b.object, &b.pod)));
    causes.into_iter().map(|(_, cause)| cause).collect()
}

fn blocks(pod: &Subject) -> Cause {
    let name = pod.name();
    let found = format!(
        "its pod {name} is of an earlier revision and never became ready, and no newer one is made before it is"
    );
    let fix = format!(
        "run `kubectl -n {} delete pod {name}`: the new one takes its place",
        text(&pod.pod["metadata"]["namespace"])
    );
    let cause = pod.cause("old-pod-blocks", found).fix(fix).settles(PATIENCE).at("/spec/template");
    Cause { pod: name.to_owned(), ..cause }
}

/// True while a pod is on its way and nothing is known to be wrong with it.
fn is_something_starting(facts: &Facts) -> bool {
    let basic = &FAMILIES[..FAMILIES.len() - 1];
    let mut pending = facts.unready().filter(|pod| pod.pod["status"]["phase"] == "Pending");
    pending.any(|pod| basic.iter().all(|family| family(&pod).is_none()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A name between the first two quotes after `before`.
fn quoted<'a>(words: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = words.split_once(before)?;
    rest.split('"').nth(1)
}

/// The first part of a list as text, so that a paragraph stays one.
fn listed(names: &[String]) -> String {
    const NAMES_MAX: usize = 4;
    let more = names.len().saturating_sub(NAMES_MAX);
    let shown = names[..names.len().min(NAMES_MAX)].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
