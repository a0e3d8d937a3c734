//! `cargo xtask stop`: puts the game to sleep.

use anyhow::Result;
use serde_json::json;

use crate::cli::TargetName;
use crate::commands::cluster;
use crate::context::{Context, lock, target};
use crate::local::{Folder, end};
use crate::remote;

/// Put the game to sleep; `start` wakes it as it was
///
/// Use it to free memory and CPU for a while without losing anything. Matches that are being played end now, with a
/// result, unless --drain is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask stop --drain")]
pub struct Args {
    /// Wait until the matches that are being played have ended (target local)
    #[arg(long)]
    drain: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    match target::that_is_up(context)? {
        Some(TargetName::K3d) => cluster::stop(context).await,
        Some(TargetName::Local) => local(context, &args).await,
        Some(TargetName::Named(_)) => Err(remote::not_there(context, "stop")),
        None => {
            context.report.result(json!({"stopped": false}), "nothing is up\n");
            Ok(())
        }
    }
}

async fn local(context: &Context, args: &Args) -> Result<()> {
    let folder = Folder::of(context);
    let _lock = lock::take_unless_dry(&folder.0, &context.report).await?;
    match folder.running() {
        Some(process) => end::end(context, &process, !args.drain).await?,
        None => {
            context.report.step("stop", "").skipped("the game is not running; `cargo xtask start` wakes it")
        }
    }
    Ok(())
}
