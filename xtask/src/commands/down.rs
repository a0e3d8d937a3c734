//! `cargo xtask down`: takes away what `up` made.

use anyhow::Result;
use serde_json::json;

use crate::cli::TargetName;
use crate::commands::{cluster, image};
use crate::context::{Context, lock, target};
use crate::docker::Engine;
use crate::local::{Folder, end};

/// Take away what `up` made
///
/// Use it when you are done. Matches that are being played end now, with a result. On target local the process
/// ends and the players' data stay for the next `up`; --data removes them too. On target k3d the cluster goes with
/// everything in it, volumes included. Run it again at any time: nothing left is fine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask down --data")]
pub struct Args {
    /// Remove the players' data too (target local; a cluster always goes with its data)
    #[arg(long)]
    data: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    match target::that_is_up(context)? {
        Some(TargetName::K3d) => on_cluster(context).await,
        Some(TargetName::Local) => local(context, &args).await,
        // What `down` left behind is still found when its data are asked for.
        None if args.data => local(context, &args).await,
        None => {
            context.report.result(json!({"removed": false}), "nothing is up\n");
            Ok(())
        }
    }
}

async fn on_cluster(context: &Context) -> Result<()> {
    cluster::remove(context).await?;
    if context.dry_run {
        return Ok(());
    }
    let step = context.report.step("image", "looking for images of ours");
    match image::prune_engine(&Engine::connect().await?, &context.state).await? {
        0 => step.skipped("Docker holds no image of ours that no cluster needs"),
        count => step.done(&format!("{count} image(s) of ours are gone from Docker")),
    }
    Ok(())
}

async fn local(context: &Context, args: &Args) -> Result<()> {
    let folder = Folder::of(context);
    let running = folder.running();
    if context.dry_run {
        let what = running
            .map_or("nothing runs".to_owned(), |process| format!("would end pid {}", process.identity.pid));
        context.report.note("dry run", &what);
        return Ok(());
    }
    let _lock = lock::take(&folder.0, &context.report).await?;
    let step = context.report.step("down", "the game as one process");
    if let Some(process) = folder.running() {
        end::end(context, &process, true).await?;
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
