//! `cargo xtask deploy`: the manifests, applied, waited for, and cleared of what left the repository.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::commands::image;
use crate::context::{Context, target};
use crate::diagnosis::admission;
use crate::docker::Engine;
use crate::interrupt;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::{self, Apply, Id};
use crate::manifests::{Manifests, Object};
use crate::public;
use crate::report::{Exit, Failure};
use crate::target::{Reached, Target};
use crate::trust::{self, Trust};
use changes::{Change, Changes};
use inventory::Inventory;

/// Enough to hide the latency of a busy API server.
const WRITES_AT_ONCE: usize = 6;

/// An API server takes up a definition within a second.
const DEFINITION_LIMIT: Duration = Duration::from_secs(30);
const DEFINITION_POLL: Duration = Duration::from_millis(100);

/// What a deploy would change, told by the API server itself.
pub mod changes;
/// What the last deploy put into the cluster.
pub mod inventory;
/// To somebody else's cluster.
pub mod named;
/// Waiting until everything runs, and saying why it does not.
pub mod rollout;

/// Put the manifests and the built image on the cluster and wait until everything runs
///
/// Use it after every change of the code or of a manifest. Pods roll one by one; a room pod keeps its matches until
/// they are over, so that no player is thrown out: the wait is shown, and `--now` ends those matches with a result.
/// Objects that left the manifests are removed, volumes and secrets never are. `plan` shows beforehand what it does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End running matches with a result instead of waiting for them
    #[arg(long)]
    pub now: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    target::require_cluster(context, "deploy", "puts manifests on a cluster")?;
    if context.pin.is_some() {
        return named::run(context, &args).await;
    }
    if unchanged(context).await.is_some() {
        return Ok(());
    }
    let reached = Reached::of(context).await?;
    let image = image::build(context).await?;
    let reference = &image.packed.reference;
    let ((), prepared) =
        tokio::try_join!(image::deliver(context, &reached, &image), prepare(context, &reached, reference))?;
    if carry_out(context, &reached, prepared, reference, args.now).await? {
        public::wait_for_page(&reached.target).await?;
    }
    Ok(())
}

/// The proof that the build of before and everything else is in the cluster already; nothing is changed.
async fn unchanged(context: &Context) -> Option<()> {
    let image = image::known(context)?;
    let step = context.report.step("deploy", "looking whether there is something to do");
    let (engine, target) = (Engine::connect(&context.report).await.ok()?, Target::of(context).ok()?);
    let reference = &image.packed.reference;
    let settled = async {
        let reached = Reached::through(engine.clone(), target.clone()).await?;
        is_settled(context, &reached, reference).await
    };
    let delivered = image::is_delivered(context, &engine, &target, &image);
    let Ok((true, true)) = tokio::try_join!(settled, delivered) else {
        return None;
    };
    step.skipped(&format!("nothing to do: images and objects are as the manifests say, with {reference}"));
    Some(())
}

/// The manifests with their image, and what would change.
pub struct Prepared {
    pub manifests: Manifests,
    pub changes: Changes,
    inventory: Inventory,
}

/// Everything up to the first write.
pub async fn prepare(context: &Context, reached: &Reached, image: &str) -> Result<Prepared> {
    let manifests = Manifests::read(&context.objects)?;
    manifests.require_valid(reached.target.config.minor())?;
    prepare_these(&reached.cluster, manifests, image).await
}

/// The same for manifests that were changed in memory.
pub async fn prepare_these(cluster: &Kubernetes, mut manifests: Manifests, image: &str) -> Result<Prepared> {
    manifests.set_image(image);
    let inventory = Inventory::read(cluster).await?;
    let changes = match changes::find(cluster, &manifests, &inventory).await {
        Ok(changes) => changes,
        Err(error) => return Err(refused(cluster, &manifests, &error).await),
    };
    Ok(Prepared { manifests, changes, inventory })
}

/// The same for a cluster that is still to be made: everything is new.
pub fn prepare_first(context: &Context, image: &str) -> Result<Prepared> {
    let mut manifests = Manifests::read(&context.objects)?;
    manifests.set_image(image);
    let changes = Changes::all_new(&manifests);
    Ok(Prepared { manifests, changes, inventory: Inventory::default() })
}

/// True when nothing differs and everything runs; nothing is changed.
pub async fn is_settled(context: &Context, reached: &Reached, image: &str) -> Result<bool> {
    let Prepared { manifests, changes, .. } = prepare(context, reached, image).await?;
    Ok(changes.is_empty()
        && rollout::is_settled(&reached.cluster, &manifests).await?
        && trust::read(&reached.cluster).await? == Trust::Required)
}

/// Waits until what was deployed runs and can be reached, after the cluster was asleep; nothing is applied.
pub async fn settle(context: &Context, reached: &Reached) -> Result<()> {
    let deployed = Inventory::read(&reached.cluster).await?;
    let mut manifests = Manifests::read(&context.objects)?;
    manifests.objects.retain(|object| deployed.ids.contains(&Id::of(&object.value)));
    if manifests.objects.is_empty() {
        return Ok(());
    }
    let step = context.report.step("rollout", "waiting for the pods");
    let waited = rollout::wait(context, &reached.cluster, &manifests, false).await?;
    public::wait_for_page(&reached.target).await?;
    step.done(&waited);
    Ok(())
}

/// Applies what differs, removes what left, waits, and lets old images go; does nothing when nothing differs and all
/// runs. True when something was done.
pub async fn carry_out(
    context: &Context,
    reached: &Reached,
    prepared: Prepared,
    image: &str,
    now: bool,
) -> Result<bool> {
    if !bring(context, &reached.cluster, prepared, image, now).await? {
        return Ok(false);
    }
    if context.dry_run {
        image::prune(context, &reached.engine, &reached.target, image).await?;
        return Ok(false);
    }
    image::note_deployed(&reached.target, image)?;
    if let Err(error) = image::prune(context, &reached.engine, &reached.target, image).await {
        context.report.warn(&format!("old images stay: {error:#}"));
    }
    Ok(true)
}

/// Applies what differs, removes what left, and waits. True when there was something to do, in a dry run as well.
async fn bring(
    context: &Context,
    cluster: &Kubernetes,
    prepared: Prepared,
    image: &str,
    now: bool,
) -> Result<bool> {
    let step = context.report.step("deploy", "applying what differs");
    let Prepared { manifests, changes, inventory } = prepared;
    let trusted = trust::read(cluster).await?;
    let is_settled = changes.is_empty() && rollout::is_settled(cluster, &manifests).await?;
    if is_settled && trusted == Trust::Required {
        step.skipped(&format!("{} objects are as the manifests say, with {image}", manifests.objects.len()));
        return Ok(false);
    }
    if let Err(error) = write(cluster, &manifests, &changes, &inventory).await {
        return Err(refused(cluster, &manifests, &error).await);
    }
    if context.dry_run {
        step.skipped(&format!("would change {}", changes.summary()));
        if matches!(trusted, Trust::Accepting { .. }) {
            trust::require(cluster, &manifests).await?;
        }
        return Ok(true);
    }
    step.done(&format!("{}, with {image}", changes.summary()));
    let step = context.report.step("rollout", "waiting for the pods");
    let waited = rollout::wait(context, cluster, &manifests, now).await?;
    step.done(&waited);
    if matches!(trusted, Trust::Accepting { .. }) {
        require_proofs(context, cluster, &manifests, image, now).await?;
    }
    Ok(true)
}

/// Pods of a build without proofs were there: from when the last of them is gone, who proves nothing is turned away.
async fn require_proofs(
    context: &Context,
    cluster: &Kubernetes,
    manifests: &Manifests,
    image: &str,
    now: bool,
) -> Result<()> {
    let step = context.report.step("trust", "requiring proofs of who is who, once every pod is new");
    rollout::wait_until_alone(context, cluster, manifests, image, now).await?;
    interrupt::place("proofs-accepted");
    let before = cluster.pods().await?;
    trust::require(cluster, manifests).await?;
    step.done(&trust::wait_until_taken(cluster, &before).await?);
    Ok(())
}

async fn write(
    cluster: &Kubernetes,
    manifests: &Manifests,
    changes: &Changes,
    before: &Inventory,
) -> Result<()> {
    let now = Inventory::of(manifests);
    for object in manifests.objects.iter().filter(|object| object.kind() == "Namespace") {
        cluster.apply(&object.value, Apply::Real).await?;
    }
    definitions(cluster, manifests).await?;
    trust::ensure(cluster).await?;
    // Old and new together first: a deploy that is interrupted forgets nothing.
    before.with(&now).write(cluster).await?;
    interrupt::place("deploy-begun");
    let differing = manifests.objects.iter().filter(|object| changes.of(object) != Change::Unchanged);
    let writes = differing.map(|object| cluster.apply(&object.value, Apply::Real));
    // Started in order, a few at a time: what a pod refers to is there before the pod asks for it.
    stream::iter(writes).buffered(WRITES_AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
    first_size(cluster, manifests, changes).await?;
    for id in changes.removed() {
        cluster.delete(id).await?;
    }
    now.write(cluster).await
}

/// Kinds that the manifests define are there before the objects of those kinds.
async fn definitions(cluster: &Kubernetes, manifests: &Manifests) -> Result<()> {
    let is_definition = |object: &&Object| object.kind() == "CustomResourceDefinition";
    for object in manifests.objects.iter().filter(is_definition) {
        cluster.apply(&object.value, Apply::Real).await?;
        let (id, started) = (Id::of(&object.value), Instant::now());
        let is_there = |live: &Value| {
            let mut conditions = live["status"]["conditions"].as_array().into_iter().flatten();
            conditions.any(|one| one["type"] == "Established" && one["status"] == "True")
        };
        while !cluster.is_dry() && !cluster.get(&id).await?.is_some_and(|live| is_there(&live)) {
            anyhow::ensure!(started.elapsed() < DEFINITION_LIMIT, "{} is not established", id.key());
            tokio::time::sleep(DEFINITION_POLL).await;
        }
    }
    Ok(())
}

/// A new workload under an autoscaler starts with one pod and would get its minimum half a minute later.
async fn first_size(cluster: &Kubernetes, manifests: &Manifests, changes: &Changes) -> Result<()> {
    let scalers = manifests.objects.iter().filter(|object| object.kind() == "HorizontalPodAutoscaler");
    for scaler in scalers {
        let spec = &scaler.value["spec"];
        let (kind, name) = (spec["scaleTargetRef"]["kind"].as_str(), spec["scaleTargetRef"]["name"].as_str());
        let is_target = |object: &&Object| Some(object.kind()) == kind && Some(object.name()) == name;
        let Some(scaled) = manifests.objects.iter().find(is_target) else {
            continue;
        };
        if let (Change::New, Some(minimum)) = (changes.of(scaled), spec["minReplicas"].as_u64()) {
            cluster.scale(&Id::of(&scaled.value), minimum).await?;
        }
    }
    Ok(())
}

/// Names the object and the line that the API server refused.
async fn refused(cluster: &Kubernetes, manifests: &Manifests, error: &anyhow::Error) -> anyhow::Error {
    let doing = "applying the manifests";
    if let Some(refusal) = objects::refusal(error) {
        // Without them the paragraph names less, and is still true.
        let facts = cluster.facts().await.unwrap_or_default();
        return admission::refused(&refusal, &facts).failure(doing, Some(manifests)).into();
    }
    Failure {
        exit: Exit::Rollout,
        doing: doing.to_owned(),
        found: format!("{error:#}."),
        cause: String::new(),
        fix: "run `cargo xtask diagnose`, then this command again; what was applied stays".to_owned(),
    }
    .into()
}

/// How long ending a match may take beyond its last tick.
const DRAIN_MARGIN: Duration = Duration::from_secs(30);
