//! `cargo xtask up`: from whatever is there to a game that a player has joined.

use std::future::pending;
use std::pin::pin;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::cli::TargetName;
use crate::commands::{cluster, deploy, image, label};
use crate::context::{Context, lock, target};
use crate::local::{Folder, start};
use crate::target::{PLAYED_FILE, Reached, Target};
use crate::{binary, doctor, play, public};

/// What `up` would do once cluster and image are there.
mod dry_run;
/// On somebody else's cluster.
mod named;
/// The proof that there is nothing to do.
mod unchanged;

/// Bring the game up, whatever is there now, and prove it by playing
///
/// Use it first in a fresh clone and again after any change: it checks the machine, builds what changed, starts
/// or updates what runs, plays as a player through the public port, and ends with the URL. With nothing to do it
/// takes less than a second. Without Docker and k3d the game runs as one process of this machine.
///
/// A changed build waits until the matches that are being played end. MATCH_SECONDS and FILL_TO_PLAYERS in the
/// environment set the length of a match and the seats that bots fill (target local).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask up\n\
\x20\x20cargo xtask up --target local --port 9000\n\
\x20\x20cargo xtask up --target production     (a cluster of targets.yaml)\n\
\x20\x20cargo xtask up --lan                    (phones in the same network can join)")]
pub struct Args {
    /// Do not wait for running matches: end them now, with a result
    #[arg(long)]
    pub now: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    if context.pin.is_some() {
        return named::run(context, &args).await;
    }
    let target = target::for_up(context)?;
    doctor::require(context, &target).await?;
    match target {
        TargetName::Local => local(context, &args).await,
        _ => on_cluster(context, &args).await,
    }
}

async fn local(context: &Context, args: &Args) -> Result<()> {
    let folder = Folder::of(context);
    let _lock = lock::take_unless_dry(&folder.0, &context.report).await?;
    let binary = binary::build(context).await?;
    let Some(ensured) = start::ensure(context, &binary, args.now).await? else {
        return play::verify(context, &folder.binary(), &start::wanted_url(context)).await.map(drop);
    };
    let process = &ensured.process;
    let seen = match ensured.changed {
        true => play::verify(context, &folder.binary(), &process.url).await?,
        false => play::join_and_leave(context, &folder.binary(), &process.url).await?,
    };
    let what = format!("one process, pid {}, log {}", process.identity.pid, folder.log().display());
    finish(
        context,
        &process.url,
        &what,
        json!({"target": "local", "pid": process.identity.pid, "seen": seen}),
    );
    Ok(())
}

async fn on_cluster(context: &Context, args: &Args) -> Result<()> {
    let seen = match unchanged::proven(context).await {
        Some(seen) => seen,
        None => converge(context, args).await?,
    };
    if context.dry_run {
        return Ok(());
    }
    let target = Target::of(context)?;
    let what = format!("cluster {}; export KUBECONFIG={}", target.name(), target.kubeconfig().display());
    finish(context, &target.url(), &what, json!({"target": "k3d", "cluster": target.name(), "seen": seen}));
    Ok(())
}

/// Cluster and image, labels, delivery, objects, and a player at the end; what is there already is left as it is.
async fn converge(context: &Context, args: &Args) -> Result<Value> {
    if context.dry_run {
        let (_, image) = tokio::try_join!(cluster::ensure(context, None), image::build(context))?;
        return dry_run::after_cluster(context, args, &image).await;
    }
    let (announce, announced) = oneshot::channel();
    let mut made = pin!(cluster::ensure(context, Some(announce)));
    let mut filled = pin!(fill(context, args, announced));
    // A cluster that cannot be made fails whoever fills it as well, and knows better why.
    let reference = tokio::select! {
        ended = &mut made => { ended?; filled.await? }
        ended = &mut filled => { made.await?; ended? }
    };
    let target = Target::of(context)?;
    public::wait_for_page(&target).await?;
    let seen = play::verify(context, &binary::path(context), &target.url()).await?;
    target.write(PLAYED_FILE, reference.as_bytes())?;
    Ok(seen)
}

/// Everything that goes into the cluster, from the moment on that its API answers; gives the image that runs.
async fn fill(context: &Context, args: &Args, announced: oneshot::Receiver<Reached>) -> Result<String> {
    let image = image::build(context).await?;
    let Ok(reached) = announced.await else {
        // The cluster itself failed, and says so.
        return pending().await;
    };
    let reference = image.packed.reference.clone();
    let ((), (), prepared) = tokio::try_join!(
        label::ensure(context, &reached),
        image::deliver(context, &reached, &image),
        deploy::prepare(context, &reached, &reference)
    )?;
    deploy::carry_out(context, &reached, prepared, &reference, args.now).await?;
    Ok(reference)
}

/// The last screen: where to play, what runs, what to type next.
fn finish(context: &Context, url: &str, what: &str, mut value: Value) {
    let bold = console::Style::new().bold();
    let url_styled = bold.apply_to(url);
    let mut text = format!("\n  play      {url_styled}\n");
    if context.bind_address == "0.0.0.0"
        && let Some(address) = public::network_address()
    {
        let port = url.rsplit(':').next().unwrap_or_default();
        text.push_str(&format!("  phone     {}\n", bold.apply_to(format!("http://{address}:{port}"))));
    }
    text.push_str(&format!("  running   {what}\n"));
    let there = context.pin.as_ref().map_or(String::new(), |pin| format!(" --target {}", pin.name));
    let next = [
        ("next", "status", "what is running and how it feels for players"),
        ("", "logs -f", "what the roles say, as they say it"),
        ("", "down", "take it away again"),
    ];
    for (word, command, about) in next {
        text.push_str(&format!("  {word:<8}  cargo xtask {:<10} {about}\n", format!("{command}{there}")));
    }
    value["url"] = json!(url);
    context.report.show_times();
    context.report.result(value, &text);
}
