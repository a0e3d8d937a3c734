//! Which nodes lack which image, and how they get it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;

use super::archive::{Archive, full_reference};
use super::nodes::Node;
use super::{Image, failure, nodes, repack};
use crate::context::Context;
use crate::docker::Engine;
use crate::manifests::{ImageUse, Manifests};
use crate::report::format_bytes;
use crate::settings::{CLUSTER_READY_LIMIT, IMAGE_NAME};
use crate::target::{IMAGES_FILE, Reached, Target};

/// An image that some nodes must hold.
struct Wanted {
    reference: String,
    full_reference: String,
    digest: String,
    nodes: Vec<String>,
    /// At hand when it was exported just now; packed or exported when a node turns out to lack it.
    archive: Option<Archive>,
}

impl Wanted {
    async fn archive(&self, engine: &Engine, image: &Image) -> Result<Archive> {
        match &self.archive {
            Some(archive) => Ok(archive.clone()),
            None if self.reference == image.packed.reference => image.archive(),
            None => repack::repack(&self.reference, &engine.export_image(&self.reference).await?),
        }
    }
}

/// Streams every image that the manifests name to the nodes that lack it.
pub async fn deliver(context: &Context, reached: &Reached, image: &Image) -> Result<()> {
    let step = context.report.step("deliver", "looking at the nodes");
    let engine = &reached.engine;
    let node = if reached.is_new() { Node::New } else { Node::Known };
    let names = match node {
        Node::Known => engine.cluster_nodes(reached.target.name()).await?,
        Node::New => reached.target.config.nodes(),
    };
    let manifests = Manifests::read(&context.objects)?;
    let wanted = wanted(engine, &reached.target, image, &manifests, &names).await?;
    let missing = match node {
        Node::Known => missing(engine, &wanted, CLUSTER_READY_LIMIT).await,
        Node::New => Ok(everywhere(&wanted)),
    };
    let missing = missing.map_err(|error| failure("looking at the nodes", &error))?;
    if missing.is_empty() {
        step.skipped(&format!("the nodes hold all {} images", wanted.len()));
        return Ok(());
    }
    let mut archives = BTreeMap::new();
    for one in &missing {
        let archive = match context.dry_run {
            true => Archive::unread(&wanted[one.index].reference, &wanted[one.index].full_reference),
            false => wanted[one.index].archive(engine, image).await?,
        };
        archives.insert(one.index, archive);
    }
    let by_node = by_node(&missing);
    let streams = by_node.iter().map(async |(name, lacking)| {
        let images: Vec<&Archive> = lacking.iter().map(|index| &archives[index]).collect();
        nodes::deliver(engine, name, node, &images).await
    });
    let sent = try_join_all(streams).await;
    let sent = sent.map_err(|error| failure("delivering images to the nodes", &error))?;
    let names: Vec<&str> = archives.values().map(|archive| archive.reference.as_str()).collect();
    let bytes = format_bytes(sent.iter().sum());
    let streams = if sent.len() == 1 { "1 stream".to_owned() } else { format!("{} streams", sent.len()) };
    if context.dry_run {
        step.skipped(&format!("{} would go to the nodes in {streams}", names.join(", ")));
        return Ok(());
    }
    step.done(&format!("{} to the nodes, proven by digest: {bytes} in {streams}", names.join(", ")));
    Ok(())
}

/// Indices of the images that each node lacks: they go there together.
fn by_node(missing: &[Missing]) -> BTreeMap<&str, Vec<usize>> {
    let mut by_node: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (node, index) in missing.iter().flat_map(|one| one.nodes.iter().map(|node| (node, one.index))) {
        by_node.entry(node).or_default().push(index);
    }
    by_node
}

/// Nodes that lack one of the wanted images.
struct Missing {
    index: usize,
    nodes: Vec<String>,
}

/// True when every node holds what its pods need, proven by digest; nothing is changed.
pub async fn is_delivered(
    context: &Context,
    engine: &Engine,
    target: &Target,
    image: &Image,
) -> Result<bool> {
    Ok(lacking(context, engine, target, image).await?.is_empty())
}

/// Images by the nodes that lack them; nothing is changed.
pub async fn lacking(
    context: &Context,
    engine: &Engine,
    target: &Target,
    image: &Image,
) -> Result<Vec<(String, Vec<String>)>> {
    let nodes = engine.cluster_nodes(target.name()).await?;
    let wanted = wanted(engine, target, image, &Manifests::read(&context.objects)?, &nodes).await?;
    let missing = missing(engine, &wanted, Duration::ZERO).await?;
    Ok(missing.into_iter().map(|one| (wanted[one.index].reference.clone(), one.nodes)).collect())
}

async fn wanted(
    engine: &Engine,
    target: &Target,
    image: &Image,
    manifests: &Manifests,
    running: &[String],
) -> Result<Vec<Wanted>> {
    let packed = &image.packed;
    let labels = target.config.node_labels();
    let mut wanted: Vec<Wanted> = Vec::new();
    for one in manifests.images() {
        let nodes: Vec<String> =
            running.iter().filter(|node| runs_on(&one, labels.get(*node))).cloned().collect();
        let reference = if one.image == IMAGE_NAME { &packed.reference } else { &one.image };
        if let Some(known) = wanted.iter_mut().find(|known| known.reference == *reference) {
            known.nodes.extend(nodes);
            known.nodes.sort();
            known.nodes.dedup();
        } else if one.image == IMAGE_NAME {
            wanted.push(Wanted {
                reference: reference.clone(),
                full_reference: packed.full_reference.clone(),
                digest: packed.digest.clone(),
                nodes,
                archive: None,
            });
        } else if let Some((digest, archive)) = held_by_engine(engine, target, reference).await? {
            let full_reference = full_reference(reference);
            wanted.push(Wanted { reference: reference.clone(), full_reference, digest, nodes, archive });
        }
    }
    Ok(wanted)
}

fn runs_on(one: &ImageUse, labels: Option<&BTreeMap<String, String>>) -> bool {
    one.node_selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

/// The digest under which a node will hold an image of the engine; none when the nodes must pull it themselves.
async fn held_by_engine(
    engine: &Engine,
    target: &Target,
    reference: &str,
) -> Result<Option<(String, Option<Archive>)>> {
    let Some(id) = engine.image_id(reference).await? else {
        return Ok(None);
    };
    let path = target.folder().join(IMAGES_FILE);
    let mut known: BTreeMap<String, String> =
        std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if let Some(digest) = known.get(&id) {
        return Ok(Some((digest.clone(), None)));
    }
    let archive = repack::repack(reference, &engine.export_image(reference).await?)?;
    known.insert(id, archive.digest.clone());
    if !engine.report().dry_run {
        target.write(IMAGES_FILE, &serde_json::to_vec_pretty(&known)?)?;
    }
    Ok(Some((archive.digest.clone(), Some(archive))))
}

/// What a cluster that is still to be made will lack.
fn everywhere(wanted: &[Wanted]) -> Vec<Missing> {
    let all = wanted.iter().enumerate().map(|(index, one)| Missing { index, nodes: one.nodes.clone() });
    all.filter(|one| !one.nodes.is_empty()).collect()
}

async fn missing(engine: &Engine, wanted: &[Wanted], patience: Duration) -> Result<Vec<Missing>> {
    let references: Vec<&str> = wanted.iter().map(|one| one.full_reference.as_str()).collect();
    let nodes: BTreeSet<&String> = wanted.iter().flat_map(|one| &one.nodes).collect();
    let held =
        try_join_all(nodes.iter().map(|node| nodes::held(engine, node, &references, patience))).await?;
    let held: BTreeMap<&String, BTreeMap<String, String>> = nodes.into_iter().zip(held).collect();
    let lacks = |one: &Wanted, node: &String| held[node].get(&one.full_reference) != Some(&one.digest);
    let missing = wanted.iter().enumerate().map(|(index, one)| Missing {
        index,
        nodes: one.nodes.iter().filter(|node| lacks(one, node)).cloned().collect(),
    });
    Ok(missing.filter(|one| !one.nodes.is_empty()).collect())
}
