//! Waiting until everything runs, and saying why it does not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::commands::deploy::DRAIN_MARGIN;
use crate::context::Context;
use crate::diagnosis::references::asked_too_early;
use crate::diagnosis::{self, Cause};
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Id;
use crate::kubernetes::pods::{Pod, metric};
use crate::kubernetes::readiness::{Rollout, rollout};
use crate::manifests::{Manifests, WORKLOADS};
use crate::report::event::Event;
use crate::report::{Exit, Failure};
use crate::settings::ROLLOUT_LIMIT;

/// How often the cluster is asked.
const POLL: Duration = Duration::from_millis(300);
/// Between two lines about what is waited for.
const NOTE_GAP: Duration = Duration::from_secs(3);
/// How often players are counted while rooms drain.
const DRAIN_NOTE: Duration = Duration::from_secs(15);
/// How often it is asked why something waits, a dozen lists where a look is four; what goes well is over before that.
const DIAGNOSIS_POLL: Duration = Duration::from_secs(2);
/// Ticks of a second, for telling how long a match still runs.
const TICKS_A_SECOND: f64 = 60.0;
/// The API server notes whose business a claim is within a second or two.
const WAKES_MAX: usize = 3;

/// What one look at the cluster showed.
struct Look {
    /// Every workload that is not done, and what it waits for.
    waiting: Vec<(String, String)>,
    failed: Option<String>,
    pods: Vec<Pod>,
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
        if look.waiting.is_empty() && look.failed.is_none() {
            return Ok(summary(&look.pods));
        }
        progress.see(context, &look, drain_limit);
        progress.ask_why(cluster, manifests).await?;
        let given_up = look.failed.is_some() || Instant::now() > progress.deadline;
        if let Some(cause) = progress.certain().or(progress.likely().filter(|_| given_up)) {
            return Err(explain(context, cause, progress.others(cause), manifests));
        }
        let draining: Vec<&Pod> = look.pods.iter().filter(|pod| pod.draining && holds_players(pod)).collect();
        if now {
            progress.end_matches(cluster, &draining).await;
        } else {
            progress.tell_drain(context, cluster, &draining).await;
        }
        if given_up {
            let found = look.failed.unwrap_or(told(&look.waiting));
            return Err(failure(&found, "run `cargo xtask diagnose`, then this command again"));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until no pod of another build is left: those that end keep their matches until they are over, unless `now`.
pub async fn wait_until_alone(
    context: &Context,
    cluster: &Kubernetes,
    manifests: &Manifests,
    image: &str,
    now: bool,
) -> Result<()> {
    let match_s = manifests.setting("match", "MATCH_SECONDS").unwrap_or(0);
    let deadline = Instant::now() + ROLLOUT_LIMIT + Duration::from_secs(match_s) + DRAIN_MARGIN;
    let mut progress = Progress::new();
    loop {
        let pods = cluster.pods().await?;
        let others: Vec<&Pod> = pods.iter().filter(|pod| is_of_another_build(pod, image)).collect();
        if others.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            let names: Vec<&str> = others.iter().map(|pod| pod.name.as_str()).collect();
            let found = format!("pods of another build are still there: {}.", names.join(", "));
            return Err(failure(
                &found,
                "run `cargo xtask deploy` again; until then proofs are not required",
            ));
        }
        if now {
            progress.end_matches(cluster, &others).await;
        } else {
            progress.tell_drain(context, cluster, &others).await;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Every pod of the game but those of other people's images, such as the bus.
fn is_of_another_build(pod: &Pod, image: &str) -> bool {
    let name = |image: &str| image.split(['@', ':']).next().unwrap_or_default().to_owned();
    pod.image != image && name(&pod.image).rsplit('/').next() == name(image).rsplit('/').next()
}

async fn look(cluster: &Kubernetes, manifests: &Manifests) -> Result<Look> {
    let mut waiting = Vec::new();
    let mut failed = None;
    let looks = manifests.namespaces().into_iter().map(|namespace| async move {
        tokio::try_join!(
            cluster.lists("apps/v1", &WORKLOADS, Some(&namespace)),
            cluster.list("v1", "Pod", Some(&namespace), "")
        )
    });
    let (lives, raw): (Vec<Vec<Value>>, Vec<Vec<Value>>) = try_join_all(looks).await?.into_iter().unzip();
    let (lives, raw) = (lives.concat(), raw.concat());
    for object in manifests.objects.iter().filter(|object| object.is_workload()) {
        let is_it = |live: &&Value| {
            Id::of(live).key() == object.key() && live["metadata"]["namespace"].as_str() == object.namespace()
        };
        let live = lives.iter().find(is_it);
        match live.map_or(Rollout::Current, rollout) {
            Rollout::Current => {}
            Rollout::Waiting(text) => waiting.push((object.name().to_owned(), text)),
            Rollout::Failed(text) => failed = Some(format!("{}: {text}", object.key())),
        }
    }
    Ok(Look { waiting, failed, pods: raw.iter().map(Pod::read).collect() })
}

/// What is remembered between two looks.
struct Progress {
    last: Vec<(String, String)>,
    noted: Option<Instant>,
    deadline: Instant,
    asked_why: Instant,
    /// What is wrong now, the most basic first, each with when it was seen first.
    causes: Vec<(Cause, Instant)>,
    told: Option<Instant>,
    ended: Vec<String>,
    /// How often kubelets that asked too early were woken, by pod.
    woken: BTreeMap<String, usize>,
}

impl Progress {
    fn new() -> Self {
        Self {
            last: Vec::new(),
            noted: None,
            deadline: Instant::now() + ROLLOUT_LIMIT,
            asked_why: Instant::now(),
            causes: Vec::new(),
            told: None,
            ended: Vec::new(),
            woken: BTreeMap::new(),
        }
    }

    /// Notes what changed; every change, and every pod that drains, gives more time.
    fn see(&mut self, context: &Context, look: &Look, drain_limit: Duration) {
        let now = Instant::now();
        if look.waiting != self.last {
            if self.noted.is_none_or(|noted| noted.elapsed() >= NOTE_GAP) {
                context.report.note("rollout", &told(&look.waiting));
                self.noted = Some(now);
            }
            self.last.clone_from(&look.waiting);
            let drains = look.pods.iter().any(|pod| pod.draining);
            self.deadline = now + ROLLOUT_LIMIT + if drains { drain_limit } else { Duration::ZERO };
        }
    }

    async fn ask_why(&mut self, cluster: &Kubernetes, manifests: &Manifests) -> Result<()> {
        if self.asked_why.elapsed() < DIAGNOSIS_POLL {
            return Ok(());
        }
        self.asked_why = Instant::now();
        let facts = cluster.explained_facts().await?;
        self.wake(cluster, asked_too_early(&facts)).await;
        let is_ours = |cause: &Cause| manifests.objects.iter().any(|object| object.key() == cause.object);
        self.remember(diagnosis::causes(&facts).into_iter().filter(is_ours).collect(), Instant::now());
        Ok(())
    }

    /// A kubelet that is not woken waits ten seconds before it asks again for what it was refused a moment too early.
    async fn wake(&mut self, cluster: &Kubernetes, pods: Vec<String>) {
        for pod in pods {
            let count = self.woken.entry(pod.clone()).or_default();
            *count += 1;
            if *count <= WAKES_MAX {
                // Where it may not be changed, the kubelet still asks by itself.
                let _ = cluster.wake_kubelet(&pod, *count).await;
            }
        }
    }

    /// A cause that is gone is forgotten; one that stays keeps the time at which it was seen first.
    fn remember(&mut self, causes: Vec<Cause>, now: Instant) {
        let before = std::mem::take(&mut self.causes);
        let same = |a: &Cause, b: &Cause| (a.id, &a.object, &a.pod) == (b.id, &b.object, &b.pod);
        let since =
            |cause: &Cause| before.iter().find(|(old, _)| same(old, cause)).map_or(now, |(_, since)| *since);
        self.causes = causes.into_iter().map(|cause| (cause.clone(), since(&cause))).collect();
    }

    /// The most basic cause that has lasted as long as its kind must.
    fn certain(&self) -> Option<&Cause> {
        self.causes.iter().find(|(cause, since)| since.elapsed() >= cause.settles).map(|(cause, _)| cause)
    }

    fn likely(&self) -> Option<&Cause> {
        self.causes.first().map(|(cause, _)| cause)
    }

    /// What else is wrong, one line an object.
    fn others(&self, told: &Cause) -> Vec<String> {
        let mut others: Vec<String> = self
            .causes
            .iter()
            .filter(|(cause, _)| cause.object != told.object)
            .map(|(cause, _)| format!("{} ({})", cause.object, cause.id))
            .collect();
        others.dedup();
        others
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

/// Workloads that wait for the same are named together.
fn told(waiting: &[(String, String)]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, text) in waiting {
        match groups.iter_mut().find(|(known, _)| known == text) {
            Some((_, names)) => names.push(name),
            None => groups.push((text, vec![name])),
        }
    }
    let lines: Vec<String> =
        groups.iter().map(|(text, names)| format!("{}: {text}", names.join(", "))).collect();
    lines.join("; ")
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

fn explain(context: &Context, cause: &Cause, others: Vec<String>, manifests: &Manifests) -> anyhow::Error {
    context.report.event(&Event::Cause { cause: &cause.json(Some(manifests)) });
    let mut failure = cause.failure("waiting for the pods", Some(manifests));
    if !others.is_empty() {
        failure.cause = format!("Also in trouble: {}.", others.join(", "));
    }
    failure.into()
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
