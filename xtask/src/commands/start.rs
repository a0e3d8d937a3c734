//! `cargo xtask start`: wakes what `stop` or a restart of the machine put to sleep.

use anyhow::Result;

use crate::cli::TargetName;
use crate::commands::{cluster, deploy};
use crate::context::{Context, lock, target};
use crate::local::{Folder, start};
use crate::remote;
use crate::report::{Exit, Failure};
use crate::target::Reached;

/// Wake what `stop` put to sleep
///
/// Use it after `stop` or after a restart of the machine or of Docker: the same build with the same settings and data,
/// without building anything. On a cluster it also puts right what such a restart breaks, and waits until the game can
/// be played.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask start")]
pub struct Args {}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    match target::that_is_up(context)? {
        Some(TargetName::K3d) => on_cluster(context).await,
        Some(TargetName::Local) => local(context).await,
        Some(TargetName::Named(_)) => Err(remote::not_there(context, "start")),
        None => Err(nothing_to_start().into()),
    }
}

async fn on_cluster(context: &Context) -> Result<()> {
    cluster::start(context).await?;
    if context.dry_run {
        return Ok(());
    }
    let reached = Reached::of(context).await?;
    deploy::settle(context, &reached).await?;
    let url = reached.target.url();
    let value = serde_json::json!({"url": url, "cluster": reached.target.name()});
    context.report.result(value, &format!("\n  play      {url}\n"));
    Ok(())
}

async fn local(context: &Context) -> Result<()> {
    let folder = Folder::of(context);
    let _lock = lock::take_unless_dry(&folder.0, &context.report).await?;
    let Some(process) = start::resume(context).await? else {
        let is_there = context.dry_run && folder.last().is_some() && folder.binary().exists();
        return if is_there { Ok(()) } else { Err(nothing_to_start().into()) };
    };
    let value = serde_json::json!({"url": process.url, "pid": process.identity.pid});
    context.report.result(value, &format!("\n  play      {}\n", process.url));
    Ok(())
}

fn nothing_to_start() -> Failure {
    Failure {
        exit: Exit::Prerequisite,
        doing: "waking the game".to_owned(),
        found: "there is nothing to wake.".to_owned(),
        cause: String::new(),
        fix: "run `cargo xtask up`".to_owned(),
    }
}
