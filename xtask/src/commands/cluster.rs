//! `cargo xtask cluster`: the k3d cluster of `manifests/cluster/k3d.yaml`, made or brought back.

use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::sync::oneshot;

use crate::context::{Context, target};
use crate::docker::Engine;
use crate::manifests::Manifests;
use crate::remote::Remote;
use crate::report::{Exit, Step};
use crate::target::{Reached, Record, Target, health};
use creation::create;
use drift::Drift;
use look::State;
use ready::ready;

/// k3d's load balancer, started before its turn.
mod balancer;
/// Making one, and going on as soon as its API answers.
mod creation;
/// How a cluster that runs differs from what is asked for.
pub mod drift;
/// What `cluster` would do.
mod dry_run;
/// Changing a cluster that runs.
mod edit;
/// Putting right what a restart of Docker breaks.
mod heal;
/// The one place that runs k3d.
mod k3d;
/// What leads to the API.
mod kubeconfig;
/// What is there under the name of a cluster, and whose it is.
mod look;
/// Whether the ports are free, and who has them.
mod ports;
/// Waiting until pods can run.
mod ready;
/// Taking a cluster away until nothing is left.
mod removal;

/// How often the API is asked whether it is there.
const READY_POLL: Duration = Duration::from_millis(250);
/// How often Docker is asked how far k3d has come: what it makes is gone on with at once.
const CREATION_POLL: Duration = Duration::from_millis(100);
/// Start takes 22 s and stop 9 s on a busy small machine.
const START_STOP_LIMIT: Duration = Duration::from_secs(120);

/// Create the local Kubernetes cluster, or start and repair the one that is there
///
/// Use it alone to work on the cluster itself; `up` runs it as its first step. It makes the k3d cluster that
/// manifests/cluster/k3d.yaml describes, with a kubeconfig of its own: yours is never opened. Running it again
/// changes nothing, starts a stopped cluster, and finishes one whose creation was interrupted. A cluster of the
/// same name that it did not make is left alone. A cluster of targets.yaml is only looked at.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    target::require_cluster(context, "cluster", "makes one")?;
    if context.pin.is_some() {
        let uses = Manifests::read(&context.objects)?.images();
        return Remote::connect(context).await?.require_nodes(context, &uses).await;
    }
    ensure(context, None).await?;
    let target = Target::of(context)?;
    let path = target.kubeconfig();
    let value = json!({"cluster": target.name(), "kubeconfig": path, "port": target.config.port});
    context.report.result(value, &format!("export KUBECONFIG={}\n", path.display()));
    Ok(())
}

/// Told once, as soon as the API of the cluster answers: long before k3d is done with a new one.
pub type Announce = oneshot::Sender<Reached>;

/// Creates the cluster, starts it, or sees that nothing is to be done; then waits until pods can run.
pub async fn ensure(context: &Context, mut announce: Option<Announce>) -> Result<()> {
    let target = Target::of(context)?;
    let step = context.report.step("cluster", &format!("looking for {}", target.name()));
    let engine = Engine::connect(&context.report).await?;
    let lock = target.lock(context).await?;
    let state = look(&engine, &target).await?;
    if context.dry_run {
        dry_run::ensure(context, &engine, &target, &state).await?;
        step.skipped(&format!("{} {}", target.name(), describe(&state)));
        return Ok(());
    }
    match state {
        State::Running => converge(context, &engine, &target, step, &mut announce).await?,
        State::Stopped(down) => {
            context
                .report
                .note("cluster", &format!("starting {} ({} not running)", target.name(), down.join(", ")));
            start_nodes(context, &engine, &target).await?;
            ready(context, &engine, &target).await?;
            step.done(&format!("{} is started", target.name()));
        }
        State::Absent => create(context, &engine, &target, step, &mut announce).await?,
        State::Half => {
            context.report.note("cluster", "its creation was interrupted: removing what is there");
            removal::settle(&engine, &target).await?;
            removal::remove(context, &engine, &target).await?;
            create(context, &engine, &target, step, &mut announce).await?;
        }
        State::Foreign(evidence) => return Err(foreign(&target, &evidence)),
        State::Damaged(gone) => {
            let found = format!("{gone} of its containers are gone, and with them what they held.");
            return Err(target.failure(
                Exit::Cluster,
                &found,
                "run `cargo xtask down`, then `cargo xtask up`",
            ));
        }
    }
    drop(lock);
    if let Some(announce) = announce {
        tell(announce, Reached::through(engine, target).await?);
    }
    Ok(())
}

/// Who asked may have ended meanwhile.
fn tell(announce: Announce, reached: Reached) {
    let _ = announce.send(reached);
}

/// True when everything runs, at the port that is asked for, and pods can run; nothing is changed.
pub async fn is_running(reached: &Reached) -> Result<bool> {
    let Reached { target, engine, cluster } = reached;
    let nodes = target.config.nodes().len();
    let (state, drift, missing, facts) = tokio::try_join!(
        look(engine, target),
        drift(engine, target),
        cluster.missing(nodes),
        health::facts(engine, target, cluster)
    )?;
    let is_well = health::judge(&facts).is_empty();
    Ok(state == State::Running && drift.is_none() && missing.is_none() && is_well)
}

/// Removes the cluster and proves that nothing of it is left.
pub async fn remove(context: &Context) -> Result<()> {
    let target = Target::of(context)?;
    let step = context.report.step("cluster", &format!("removing {}", target.name()));
    let engine = Engine::connect(&context.report).await?;
    let lock = target.lock(context).await?;
    match look(&engine, &target).await? {
        State::Foreign(evidence) => return Err(foreign(&target, &evidence)),
        State::Absent if target.record().is_none() => step.skipped(&format!("there is no {}", target.name())),
        state => {
            if state == State::Running {
                removal::name_data(context, &engine, &target).await;
            }
            removal::settle_if(state == State::Half, &engine, &target).await?;
            removal::remove(context, &engine, &target).await?;
            if context.dry_run {
                step.skipped(&format!("would remove {} and everything in it", target.name()));
                return Ok(());
            }
            step.done(&format!(
                "{} is gone: no container, network, volume or kubeconfig is left",
                target.name()
            ));
        }
    }
    drop(lock);
    Ok(())
}

/// Puts the cluster to sleep; nothing is lost.
pub async fn stop(context: &Context) -> Result<()> {
    let target = Target::of(context)?;
    let step = context.report.step("cluster", &format!("stopping {}", target.name()));
    let engine = Engine::connect(&context.report).await?;
    let lock = target.lock(context).await?;
    match look(&engine, &target).await? {
        State::Foreign(evidence) => return Err(foreign(&target, &evidence)),
        State::Absent => {
            return Err(target.failure(Exit::Cluster, "it does not exist.", "run `cargo xtask up`"));
        }
        State::Running | State::Half | State::Damaged(_) => {
            let ended =
                k3d::run(context, &target, &["cluster", "stop", target.name()], "", START_STOP_LIMIT).await?;
            if context.dry_run {
                step.skipped(&format!("{} would be stopped", target.name()));
                return Ok(());
            }
            still_running(&engine, &target, &ended.tail).await?;
            step.done(&format!("{} is stopped; `cargo xtask start` wakes it", target.name()));
        }
        State::Stopped(_) => step.skipped(&format!("{} is stopped", target.name())),
    }
    drop(lock);
    Ok(())
}

/// Wakes the cluster.
pub async fn start(context: &Context) -> Result<()> {
    let target = Target::of(context)?;
    let engine = Engine::connect(&context.report).await?;
    if look(&engine, &target).await? == State::Absent {
        return Err(target.failure(Exit::Cluster, "it does not exist.", "run `cargo xtask up`"));
    }
    ensure(context, None).await
}

async fn look(engine: &Engine, target: &Target) -> Result<State> {
    let containers = engine.cluster_containers(target.name()).await?;
    Ok(look::judge(&containers, target.record().as_ref(), &target.config))
}

/// What `up` would do about the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intention {
    /// `+` made, `~` changed, `=` left as it is.
    pub sign: &'static str,
    pub text: String,
    /// What is asked for now and cannot be had without making it anew.
    pub remade: Vec<String>,
    /// True when the API can be asked already.
    pub runs: bool,
}

/// Looks and changes nothing; fails where `up` would refuse.
pub async fn intention(engine: &Engine, target: &Target) -> Result<Intention> {
    let state = look(engine, target).await?;
    if let State::Foreign(evidence) = &state {
        return Err(foreign(target, evidence));
    }
    let (runs, drift) = (state == State::Running, drift(engine, target).await?);
    let name = target.name();
    let (sign, text) = match (&state, &drift.moved) {
        (State::Running, Some(moved)) => {
            let to = format!("{}:{}", moved.to.address, moved.to.port);
            ("~", format!("{name}: players move from {} to {to}, in place", moved.from.join(", ")))
        }
        (State::Running, None) => ("=", format!("{name} is running")),
        (State::Absent, _) => {
            ("+", format!("{name} would be created: {} nodes", target.config.nodes().len()))
        }
        (state, _) => ("~", format!("{name} {}", describe(state))),
    };
    let remade = if runs { drift.remade } else { Vec::new() };
    Ok(Intention { sign, text, remade, runs })
}

fn describe(state: &State) -> String {
    match state {
        State::Absent => "would be created".to_owned(),
        State::Foreign(evidence) => format!("would be refused: {evidence}"),
        State::Half => "would be removed and created again, its creation was interrupted".to_owned(),
        State::Stopped(_) => "would be started".to_owned(),
        State::Damaged(_) => "would be refused: containers of it are gone".to_owned(),
        State::Running => "is running".to_owned(),
    }
}

fn foreign(target: &Target, evidence: &str) -> anyhow::Error {
    let found = format!(
        "a cluster of that name is there already, and it is not ours: {evidence}. It was left alone."
    );
    let fix = format!(
        "take another name and port (`--cluster game --port 8090`), or remove it yourself: `k3d cluster delete {}`",
        target.name()
    );
    target.failure(Exit::Refused, &found, &fix)
}

/// How the cluster that runs differs from what is asked for.
pub async fn drift(engine: &Engine, target: &Target) -> Result<Drift> {
    let containers = engine.cluster_containers(target.name()).await?;
    let Some(record) = target.record() else {
        return Ok(Drift::default());
    };
    drift::find(&containers, &record, target)
}

/// Brings a running cluster to what is asked for: in place where that can be, else anew if the user wants it.
async fn converge(
    context: &Context,
    engine: &Engine,
    target: &Target,
    step: Step,
    announce: &mut Option<Announce>,
) -> Result<()> {
    let drift = drift(engine, target).await?;
    if !drift.remade.is_empty() {
        removal::name_data(context, engine, target).await;
        edit::agree_to_remake(context, target, &drift)?;
        removal::remove(context, engine, target).await?;
        return create(context, engine, target, step, announce).await;
    }
    if let Some(moved) = &drift.moved {
        edit::move_port(context, engine, target, moved).await?;
    }
    if let Some(record) = target.record().filter(|record| record.published != target.published()) {
        target.save_record(&Record { published: target.published(), ..record })?;
    }
    ready(context, engine, target).await?;
    match drift.moved {
        Some(_) => step.done(&format!("{} runs; players join at {}", target.name(), target.url())),
        None => step.skipped(&format!("{} is running", target.name())),
    }
    Ok(())
}

async fn start_nodes(context: &Context, engine: &Engine, target: &Target) -> Result<()> {
    let owner = target.record().map(|record| record.owner).unwrap_or_default();
    let command = ["cluster", "start", target.name()];
    let beside = balancer::start_early(engine, target, &owner);
    let ended = until_ended(k3d::run(context, target, &command, "", START_STOP_LIMIT), beside).await?;
    if ended.success() {
        return Ok(());
    }
    let found = format!("it does not start. k3d: {} ({}).", k3d::cause(&ended.tail), ended.ending());
    Err(target.failure(Exit::Cluster, &found, "run `cargo xtask down`, then `cargo xtask up`"))
}

/// What goes on beside k3d ends with it.
async fn until_ended<T>(k3d: impl Future<Output = T>, beside: impl Future<Output = ()>) -> T {
    let mut k3d = pin!(k3d);
    tokio::select! {
        ended = &mut k3d => ended,
        () = beside => k3d.await,
    }
}

async fn still_running(engine: &Engine, target: &Target, output: &str) -> Result<()> {
    let containers = engine.cluster_containers(target.name()).await?;
    let Some(running) = containers.iter().find(|container| container.is_running()) else {
        return Ok(());
    };
    let found = format!("{} still runs. k3d: {}.", running.name, k3d::cause(output));
    Err(target.failure(Exit::Cluster, &found, "run the command again"))
}
