//! Old images of ours leave the nodes and the engine; the newest stay for a way back.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use futures_util::future::try_join_all;

use super::archive::full_reference;
use super::nodes;
use crate::context::Context;
use crate::docker::Engine;
use crate::settings::IMAGE_NAME;
use crate::target::{DEPLOYED_FILE, Target};

/// The image that runs, and the one before it.
const KEEP: usize = 2;

/// Remembers what was deployed last.
pub fn note_deployed(target: &Target, reference: &str) -> Result<()> {
    let history = with(&history(target.folder()), reference);
    target.write(DEPLOYED_FILE, &serde_json::to_vec(&history)?)
}

/// Removes images of ours that were deployed longer ago; gives how many names went.
pub async fn prune(context: &Context, engine: &Engine, target: &Target) -> Result<usize> {
    let kept: BTreeSet<String> =
        history(target.folder()).iter().map(|reference| full_reference(reference)).collect();
    if kept.is_empty() {
        return Ok(0);
    }
    let running = engine.cluster_nodes(target.name()).await?;
    let removed = try_join_all(running.iter().map(|node| prune_node(engine, node, &kept))).await?;
    Ok(removed.iter().sum::<usize>() + prune_engine(engine, &context.state).await?)
}

async fn prune_node(engine: &Engine, node: &str, kept: &BTreeSet<String>) -> Result<usize> {
    let names = nodes::names(engine, node).await?;
    let doomed = doomed(&names, kept);
    for name in &doomed {
        nodes::remove(engine, node, name).await?;
    }
    Ok(doomed.len())
}

/// Names of ours that are not kept, each with the alias by which containerd would keep its content.
fn doomed(names: &[(String, String)], kept: &BTreeSet<String>) -> Vec<String> {
    let prefix = full_reference(&format!("{IMAGE_NAME}:"));
    let old = |name: &str| name.starts_with(&prefix) && !kept.contains(name);
    let digests = |of: &dyn Fn(&str) -> bool| -> BTreeSet<&String> {
        names.iter().filter(|(name, _)| of(name)).map(|(_, digest)| digest).collect()
    };
    let (gone, staying) = (digests(&old), digests(&|name| kept.contains(name)));
    let alias = |name: &str, digest: &String| {
        name.starts_with("sha256:") && gone.contains(digest) && !staying.contains(digest)
    };
    names
        .iter()
        .filter(|(name, digest)| old(name) || alias(name, digest))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Removes from the engine what no cluster of this user deployed last; gives how many names went.
pub async fn prune_engine(engine: &Engine, state: &Path) -> Result<usize> {
    let folders = std::fs::read_dir(state).into_iter().flatten().flatten();
    let kept: BTreeSet<String> = folders.flat_map(|folder| history(&folder.path())).collect();
    let held = engine.image_names(IMAGE_NAME).await?;
    let doomed: Vec<&String> = held.iter().filter(|name| !kept.contains(*name)).collect();
    for name in &doomed {
        engine.remove_image(name).await?;
    }
    Ok(doomed.len())
}

/// What was deployed, oldest first; empty before the first deploy.
fn history(folder: &Path) -> Vec<String> {
    let read = std::fs::read(folder.join(DEPLOYED_FILE)).ok();
    read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn with(history: &[String], reference: &str) -> Vec<String> {
    let others = history.iter().filter(|other| *other != reference).cloned();
    let mut all: Vec<String> = others.chain([reference.to_owned()]).collect();
    all.drain(..all.len().saturating_sub(KEEP));
    all
}

#[cfg(test)]
mod tests;
