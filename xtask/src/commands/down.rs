//! `cargo xtask down`: takes away what `up` made.

use anyhow::Result;
use serde_json::json;

use crate::cli::TargetName;
use crate::commands::{cluster, image};
use crate::context::{Context, lock, target};
use crate::docker::Engine;
use crate::local::{Folder, end};
use crate::target::Target;

/// Somebody else's cluster.
mod named;

/// Take away what `up` made
///
/// Use it when you are done. Matches that are being played end now, with a result. On target local the process
/// ends and the players' data stay for the next `up`; --data removes them too. On target k3d the cluster goes with
/// everything in it, volumes included. On a target of targets.yaml the objects go that were deployed, after a question;
/// the cluster, the players' data (without --data) and everything that is not ours stay. Run it again at any time: nothing left is fine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask down --data\n\
\x20\x20cargo xtask down --target production        (asks; --yes answers)")]
pub struct Args {
    /// Remove the players' data too (a k3d cluster always goes with its data)
    #[arg(long)]
    data: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    match target::that_is_up(context)? {
        Some(TargetName::K3d) => on_cluster(context).await,
        Some(TargetName::Local) => local(context, &args).await,
        Some(TargetName::Named(_)) => named::run(context, args.data).await,
        // What `down` left behind is still found when its data are asked for.
        None if args.data => local(context, &args).await,
        None => {
            context.report.result(json!({"removed": false}), "nothing is up\n");
            Ok(())
        }
    }
}

async fn on_cluster(context: &Context) -> Result<()> {
    let folder = Target::of(context)?.folder().to_owned();
    cluster::remove(context).await?;
    let engine = Engine::connect(&context.report).await?;
    let step = context.report.step("image", "looking for images of ours");
    match image::prune_engine(&engine, &context.state, &image::kept(&context.state, &folder, &[])).await? {
        0 => step.skipped("Docker holds no image of ours that no cluster needs"),
        count => step.done(&format!(
            "{count} image(s) of ours {} gone from Docker",
            if context.dry_run { "would be" } else { "are" }
        )),
    }
    Ok(())
}

async fn local(context: &Context, args: &Args) -> Result<()> {
    let folder = Folder::of(context);
    let _lock = lock::take_unless_dry(&folder.0, &context.report).await?;
    let step = context.report.step("down", "the game as one process");
    if let Some(process) = folder.running() {
        end::end(context, &process, true).await?;
    }
    if context.dry_run {
        step.skipped("the process and its files would be gone");
        return Ok(());
    }
    folder.clear(args.data)?;
    let data = folder.data();
    match (args.data, data.exists()) {
        (true, _) => step.done("nothing is left, no data either"),
        (false, true) => {
            step.done(&format!("no process is left; the players' data stay in {}", data.display()))
        }
        (false, false) => step.done("nothing is left"),
    }
    Ok(())
}
