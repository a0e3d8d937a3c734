//! `cargo xtask gc`: what earlier runs left behind, found and removed.

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
    let engine = Engine::connect().await?;
    let all = leaks::find(&engine, &context.state).await?;
    let (ours, theirs): (Vec<Leak>, Vec<Leak>) = all.into_iter().partition(|leak| leak.ours);
    let texts = |leaks: &[Leak]| leaks.iter().map(|leak| leak.text.clone()).collect::<Vec<_>>();
    for leak in &theirs {
        context.report.note("gc", &format!("{}; {}", leak.text, leak.command));
    }
    if context.dry_run {
        step.skipped(&format!("would remove {} thing(s): {}", ours.len(), texts(&ours).join(", ")));
    } else {
        for leak in &ours {
            remove(context, &engine, leak).await?;
        }
        let images = image::prune_engine(&engine, &context.state).await?;
        match ours.len() + images {
            0 => step.skipped("nothing was left behind"),
            count => step.done(&format!("{count} thing(s) of earlier runs are gone")),
        }
    }
    context.report.result(json!({"removed": texts(&ours), "left_alone": texts(&theirs)}), "");
    Ok(())
}

async fn remove(context: &Context, engine: &Engine, leak: &Leak) -> Result<()> {
    context.report.note("gc", &format!("removing {}", leak.text));
    match &leak.thing {
        Thing::Half(name) => {
            cluster::remove(&Context { cluster: Some(name.clone()), ..context.clone() }).await
        }
        Thing::Stray(_) => Ok(()),
        Thing::Network(id) => engine.remove_network(id).await,
        Thing::Volume(name) => engine.remove_volume(name).await,
    }
}
