//! `cargo xtask gc`: what earlier runs left behind, found and removed.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::commands::{cluster, image};
use crate::context::Context;
use crate::docker::Engine;
use leaks::{Leak, Thing};

/// What counts as a leak, and whose it is.
mod leaks;

/// Find what earlier runs left behind, and remove it
///
/// Use it when something was killed half-way, or now and then. It looks in Docker for networks and volumes of clusters that
/// are gone (k3d leaves them after an interrupted creation), for clusters of ours whose creation never ended, and for images of the game server that no cluster needs. What is ours is removed; what is not is
/// only named, with the command. A cluster that is up is never touched.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    let step = context.report.step("gc", "looking for what was left behind");
    let engine = Engine::connect(&context.report).await?;
    let all = leaks::find(&engine, &context.state).await?;
    let (ours, theirs): (Vec<Leak>, Vec<Leak>) = all.into_iter().partition(|leak| leak.ours);
    let texts = |leaks: &[Leak]| leaks.iter().map(|leak| leak.text.clone()).collect::<Vec<_>>();
    for leak in &theirs {
        context.report.note("gc", &format!("{}; {}", leak.text, leak.command));
    }
    for leak in &ours {
        remove(context, &engine, leak).await?;
    }
    let kept = image::kept(&context.state, Path::new(""), &[]);
    let images = image::prune_engine(&engine, &context.state, &kept).await?;
    match (ours.len() + images, context.dry_run) {
        (0, _) => step.skipped("nothing was left behind"),
        (count, true) => step.skipped(&format!("{count} thing(s) of earlier runs would be removed")),
        (count, false) => step.done(&format!("{count} thing(s) of earlier runs are gone")),
    }
    context.report.result(json!({"removed": texts(&ours), "left_alone": texts(&theirs)}), "");
    Ok(())
}

async fn remove(context: &Context, engine: &Engine, leak: &Leak) -> Result<()> {
    let doing = if context.dry_run { "would remove" } else { "removing" };
    context.report.note("gc", &format!("{doing} {}", leak.text));
    match &leak.thing {
        Thing::Half(name) => {
            cluster::remove(&Context { cluster: Some(name.clone()), ..context.clone() }).await
        }
        Thing::Stray(_) => Ok(()),
        Thing::Network(id) => engine.remove_network(id).await,
        Thing::Volume(name) => engine.remove_volume(name).await,
    }
}
