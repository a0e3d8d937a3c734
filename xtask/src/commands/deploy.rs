//! `cargo xtask deploy`: the manifests, applied, waited for, and cleared of what left the repository.

use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::commands::image;
use crate::context::Context;
use crate::docker::Engine;
use crate::interrupt;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::{Apply, Id};
use crate::manifests::{Manifests, Object};
use crate::public;
use crate::report::{Exit, Failure};
use crate::settings::{GENERATED_SECRET, NAMESPACE};
use crate::target::{Reached, Target};
use changes::{Change, Changes};
use inventory::Inventory;

/// Enough to hide the latency of a busy API server.
const WRITES_AT_ONCE: usize = 6;

/// What a deploy would change, told by the API server itself.
pub mod changes;
/// What the last deploy put into the cluster.
mod inventory;
/// Waiting until everything runs, and saying why it does not.
mod rollout;
/// The Secret that is made once.
mod secret;

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
    if unchanged(context).await.is_some() {
        return Ok(());
    }
    let reached = Reached::of(context).await?;
    let image = image::build(context).await?;
    let reference = &image.packed.reference;
    let ((), prepared) =
        tokio::try_join!(image::deliver(context, &reached, &image), prepare(context, &reached, reference))?;
    if carry_out(context, &reached, prepared, reference, args.now).await? {
        public::wait_for_page(reached.target.config.port).await?;
    }
    Ok(())
}

/// The proof that the build of before and everything else is in the cluster already; nothing is changed.
async fn unchanged(context: &Context) -> Option<()> {
    let image = image::known(context)?;
    let step = context.report.step("deploy", "looking whether there is something to do");
    let (engine, target) = (Engine::connect().await.ok()?, Target::of(context).ok()?);
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
    let cluster = &reached.cluster;
    let mut manifests = Manifests::load(&context.manifests)?;
    manifests.set_image(image);
    let inventory = Inventory::read(cluster).await?;
    let changes = changes::find(cluster, &manifests, &inventory).await.map_err(|error| refused(&error))?;
    Ok(Prepared { manifests, changes, inventory })
}

/// True when nothing differs and everything runs; nothing is changed.
pub async fn is_settled(context: &Context, reached: &Reached, image: &str) -> Result<bool> {
    let Prepared { manifests, changes, .. } = prepare(context, reached, image).await?;
    Ok(changes.is_empty()
        && rollout::is_settled(&reached.cluster, &manifests).await?
        && secret::exists(&reached.cluster).await?)
}

/// Applies what differs, removes what left, and waits; does nothing when nothing differs and all runs.
/// True when something had to be done.
pub async fn carry_out(
    context: &Context,
    reached: &Reached,
    prepared: Prepared,
    image: &str,
    now: bool,
) -> Result<bool> {
    let step = context.report.step("deploy", "applying what differs");
    let cluster = &reached.cluster;
    let Prepared { manifests, changes, inventory } = prepared;
    if context.dry_run {
        step.skipped(&format!("would change {}", changes.summary()));
        return Ok(false);
    }
    if changes.is_empty() && rollout::is_settled(cluster, &manifests).await? {
        secret::ensure(cluster).await?;
        step.skipped(&format!("{} objects are as the manifests say, with {image}", manifests.objects.len()));
        return Ok(false);
    }
    write(cluster, &manifests, &changes, &inventory).await.map_err(|error| refused(&error))?;
    step.done(&format!("{}, with {image}", changes.summary()));
    let step = context.report.step("rollout", "waiting for the pods");
    let waited = rollout::wait(context, cluster, &manifests, now).await?;
    step.done(&waited);
    image::note_deployed(&reached.target, image)?;
    if let Err(error) = image::prune(context, &reached.engine, &reached.target).await {
        context.report.warn(&format!("old images stay: {error:#}"));
    }
    Ok(true)
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
    secret::ensure(cluster).await?;
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

fn refused(error: &anyhow::Error) -> anyhow::Error {
    Failure {
        exit: Exit::Rollout,
        doing: "applying the manifests".to_owned(),
        found: format!("{error:#}."),
        cause: String::new(),
        fix: "correct the manifest named above and run the command again; what was applied stays".to_owned(),
    }
    .into()
}

/// The id of the Secret that is made once.
fn secret_id() -> Id {
    Id::new("v1", "Secret", Some(NAMESPACE), GENERATED_SECRET)
}

/// How long ending a match may take beyond its last tick.
const DRAIN_MARGIN: Duration = Duration::from_secs(30);
