//! Waiting until everything runs, and saying why it does not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::commands::deploy::DRAIN_MARGIN;
use crate::context::Context;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Id;
use crate::kubernetes::pods::{Pod, metric};
use crate::kubernetes::readiness::{Problem, ProblemKind, Rollout, problem, rollout};
use crate::manifests::Manifests;
use crate::report::{Exit, Failure};
use crate::settings::{NAMESPACE, ROLLOUT_LIMIT, UNSCHEDULABLE_GRACE};

/// How often the cluster is asked.
const POLL: Duration = Duration::from_millis(300);
/// Between two lines about what is waited for.
const NOTE_GAP: Duration = Duration::from_secs(3);
/// How often players are counted while rooms drain.
const DRAIN_NOTE: Duration = Duration::from_secs(15);
/// A pull or a ConfigMap that is a moment late is not a failure.
const HICCUP_GRACE: Duration = Duration::from_secs(8);
/// The kubelet backs off 10, 20, 40 s between restarts: a third one will not help.
const CRASH_GRACE: Duration = Duration::from_secs(25);
/// Enough of a log to hold the reason of an end.
const LOG_LINES: i64 = 12;
/// Ticks of a second, for telling how long a match still runs.
const TICKS_A_SECOND: f64 = 60.0;

/// What one look at the cluster showed.
struct Look {
    /// What every workload that is not done waits for.
    waiting: Vec<String>,
    failed: Option<String>,
    pods: Vec<Pod>,
    problems: BTreeMap<String, Problem>,
}

/// True when every workload runs what was asked for.
pub async fn is_settled(cluster: &Kubernetes, manifests: &Manifests) -> Result<bool> {
    let look = look(cluster, manifests).await?;
    Ok(look.waiting.is_empty() && look.failed.is_none())
}

/// Waits for all workloads; gives a sentence about what runs.
pub async fn wait(
    context: &Context,
    cluster: &Kubernetes,
    manifests: &Manifests,
    now: bool,
) -> Result<String> {
    let match_s = manifests.setting("match", "MATCH_SECONDS").unwrap_or(0);
    let drain_limit = Duration::from_secs(match_s) + DRAIN_MARGIN;
    let mut progress = Progress::new();
    loop {
        let look = look(cluster, manifests).await?;
        if let Some(failed) = &look.failed {
            return Err(failure(failed, "run `cargo xtask status` and `cargo xtask logs`"));
        }
        if look.waiting.is_empty() {
            return Ok(summary(&look.pods));
        }
        progress.see(context, &look, drain_limit);
        if let Some((pod, problem)) = progress.hopeless(&look) {
            return Err(explain(cluster, &pod, &problem).await);
        }
        let draining: Vec<&Pod> = look.pods.iter().filter(|pod| pod.draining && holds_players(pod)).collect();
        if now {
            progress.end_matches(cluster, &draining).await;
        } else {
            progress.tell_drain(context, cluster, &draining).await;
        }
        if Instant::now() > progress.deadline {
            return Err(failure(
                &look.waiting.join("; "),
                "run `cargo xtask status`, then this command again",
            ));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn look(cluster: &Kubernetes, manifests: &Manifests) -> Result<Look> {
    let mut waiting = Vec::new();
    let mut failed = None;
    let mut images = BTreeMap::new();
    let workloads: Vec<_> = manifests.objects.iter().filter(|object| object.is_workload()).collect();
    let reads = try_join_all(workloads.iter().map(async |object| cluster.get(&Id::of(&object.value)).await));
    let (lives, raw) = tokio::try_join!(reads, cluster.list("v1", "Pod", Some(NAMESPACE), ""))?;
    for (object, live) in workloads.iter().zip(lives) {
        let live = live.unwrap_or_default();
        let image = live["spec"]["template"]["spec"]["containers"][0]["image"].clone();
        images.insert(object.name().to_owned(), image);
        match rollout(&live) {
            Rollout::Current => {}
            Rollout::Waiting(text) => waiting.push(format!("{}: {text}", object.name())),
            Rollout::Failed(text) => failed = Some(format!("{}: {text}", object.key())),
        }
    }
    // A pod that is being replaced may be as broken as it likes.
    let wanted = |pod: &&Value| {
        let role = pod["metadata"]["labels"]["app.kubernetes.io/name"].as_str().unwrap_or_default();
        let is_current = images.get(role) == Some(&pod["spec"]["containers"][0]["image"]);
        pod["metadata"]["deletionTimestamp"].is_null() && is_current
    };
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let problems = raw.iter().filter(wanted).filter_map(|pod| Some((name(pod), problem(pod)?))).collect();
    Ok(Look { waiting, failed, pods: raw.iter().map(Pod::read).collect(), problems })
}

/// What is remembered between two looks.
struct Progress {
    last: Vec<String>,
    noted: Option<Instant>,
    deadline: Instant,
    first_seen: BTreeMap<(String, ProblemKind), Instant>,
    told: Option<Instant>,
    ended: Vec<String>,
}

impl Progress {
    fn new() -> Self {
        Self {
            last: Vec::new(),
            noted: None,
            deadline: Instant::now() + ROLLOUT_LIMIT,
            first_seen: BTreeMap::new(),
            told: None,
            ended: Vec::new(),
        }
    }

    /// Notes what changed; every change, and every pod that drains, gives more time.
    fn see(&mut self, context: &Context, look: &Look, drain_limit: Duration) {
        let now = Instant::now();
        if look.waiting != self.last {
            if self.noted.is_none_or(|noted| noted.elapsed() >= NOTE_GAP) {
                context.report.note("rollout", &look.waiting.join("; "));
                self.noted = Some(now);
            }
            self.last.clone_from(&look.waiting);
            let drains = look.pods.iter().any(|pod| pod.draining);
            self.deadline = now + ROLLOUT_LIMIT + if drains { drain_limit } else { Duration::ZERO };
        }
        self.first_seen
            .retain(|(pod, kind), _| look.problems.get(pod).is_some_and(|problem| problem.kind == *kind));
        for (pod, problem) in &look.problems {
            self.first_seen.entry((pod.clone(), problem.kind)).or_insert(now);
        }
    }

    /// A problem that has lasted longer than its kind may.
    fn hopeless(&self, look: &Look) -> Option<(String, Problem)> {
        let lasted = |(key, since): (&(String, ProblemKind), &Instant)| {
            let grace = match key.1 {
                ProblemKind::Unschedulable => UNSCHEDULABLE_GRACE,
                ProblemKind::WrongArchitecture => Duration::ZERO,
                ProblemKind::ImageMissing | ProblemKind::Configuration => HICCUP_GRACE,
                ProblemKind::Crashing => CRASH_GRACE,
            };
            (since.elapsed() >= grace).then(|| key.0.clone())
        };
        let pod = self.first_seen.iter().find_map(lasted)?;
        let problem = look.problems.get(&pod)?.clone();
        Some((pod, problem))
    }

    async fn end_matches(&mut self, cluster: &Kubernetes, draining: &[&Pod]) {
        for pod in draining {
            // A pod that cannot be asked ends by itself, later.
            if !self.ended.contains(&pod.name) && cluster.drain_now(&pod.name).await.is_ok() {
                self.ended.push(pod.name.clone());
            }
        }
    }

    async fn tell_drain(&mut self, context: &Context, cluster: &Kubernetes, draining: &[&Pod]) {
        if draining.is_empty() || self.told.is_some_and(|told| told.elapsed() < DRAIN_NOTE) {
            return;
        }
        self.told = Some(Instant::now());
        for pod in draining {
            let Ok(metrics) = cluster.pod_metrics(&pod.name).await else {
                continue;
            };
            let text = drain_text(&metrics);
            context
                .report
                .note("rollout", &format!("{} keeps its matches until they are over: {text}", pod.name));
        }
    }
}

/// Rooms and the sockets of their players; the other roles end at once.
fn holds_players(pod: &Pod) -> bool {
    ["gateway", "room"].contains(&pod.role.as_str())
}

/// `4 players, 95 s left`, from what a pod says about itself.
fn drain_text(metrics: &str) -> String {
    let players = metric(metrics, "game_players").or_else(|| metric(metrics, "game_sockets"));
    let left =
        metric(metrics, "game_match_ticks_left").map(|ticks| format!("{:.0} s left", ticks / TICKS_A_SECOND));
    let players = players.map(|players| format!("{players:.0} players"));
    let known: Vec<String> = players.into_iter().chain(left).collect();
    if known.is_empty() { "`--now` ends them".to_owned() } else { known.join(", ") }
}

fn summary(pods: &[Pod]) -> String {
    let running = pods.iter().filter(|pod| pod.ready && !pod.draining).count();
    let draining: Vec<&str> = pods.iter().filter(|pod| pod.draining).map(|pod| pod.name.as_str()).collect();
    match draining.as_slice() {
        [] => format!("{running} pods run what was asked for"),
        names => {
            format!("{running} pods run what was asked for; {} still end their matches", names.join(", "))
        }
    }
}

async fn explain(cluster: &Kubernetes, pod: &str, problem: &Problem) -> anyhow::Error {
    let message = &problem.message;
    let (found, fix) = match problem.kind {
        ProblemKind::Unschedulable => (
            format!("no node takes the pod {pod}: {message}"),
            "run `cargo xtask label`; if the nodes are full, ask for less CPU in the manifest",
        ),
        ProblemKind::ImageMissing => (
            format!("the node has no image for the pod {pod}: {message}"),
            "run `cargo xtask image`, or `docker pull` the image so that it can be delivered",
        ),
        ProblemKind::WrongArchitecture => (
            format!("the program in the pod {pod} is built for another processor: {message}"),
            "build on a machine like the nodes, then `cargo xtask deploy`",
        ),
        ProblemKind::Configuration => (
            format!("the pod {pod} names something that is not there: {message}"),
            "correct the ConfigMap or Secret that the manifest names",
        ),
        ProblemKind::Crashing => {
            let lines = cluster.last_lines(pod, LOG_LINES).await;
            (
                format!(
                    "the pod {pod} ends again and again: {message}. Its last lines:\n    {}\n",
                    lines.join("\n    ")
                ),
                "correct what the lines name, then `cargo xtask deploy`",
            )
        }
    };
    failure(&found, fix)
}

fn failure(found: &str, fix: &str) -> anyhow::Error {
    Failure {
        exit: Exit::Rollout,
        doing: "waiting for the pods".to_owned(),
        found: found.to_owned(),
        cause: String::new(),
        fix: fix.to_owned(),
    }
    .into()
}

#[cfg(test)]
mod tests;
