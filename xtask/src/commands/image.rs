//! `cargo xtask image`: the game server as an image, built, packed and delivered to the nodes.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::future::try_join_all;
use serde_json::json;

use crate::binary;
use crate::context::Context;
use crate::docker::Engine;
use crate::docker::cluster::ROLE_LABEL;
use crate::manifests::{ImageUse, Manifests};
use crate::report::{Exit, Failure};
use crate::settings::IMAGE_NAME;
use crate::target::{IMAGES_FILE, Target};
use archive::{Archive, full_reference};

/// An image as one file that Docker and containerd both load.
pub mod archive;
/// What a node holds, proven by digest.
pub mod nodes;
/// An image of somebody else, written anew.
mod repack;

/// Build the game server's image and put it on the nodes that need it
///
/// Use it to see that an image builds, or before a deploy that you want to be quick. It builds the static binary,
/// packs it FROM scratch (the tag is the hash of the content) and streams it to every node, together with the other
/// images that the manifests name and Docker holds. A node that provably has an image gets nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only build: leave the nodes alone
    #[arg(long)]
    pub no_deliver: bool,
}

/// The image of the game server, built and known to Docker.
#[derive(Debug, Clone)]
pub struct Image {
    /// `game-server:0123456789ab`, as it is put into the manifests.
    pub reference: String,
    full_reference: String,
    digest: String,
    bytes: Bytes,
}

/// An image that some nodes must hold.
struct Wanted {
    reference: String,
    full_reference: String,
    digest: String,
    nodes: Vec<String>,
    /// Ours is at hand; others are exported when a node turns out to lack them.
    bytes: Option<Bytes>,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    let image = build(context).await?;
    let exists = Target::of(context)?.record().is_some_and(|record| record.complete);
    if exists && !args.no_deliver {
        deliver(context, &image).await?;
    }
    let value = json!({"image": image.reference, "digest": image.digest, "bytes": image.bytes.len()});
    context.report.result(value, &format!("{}\n", image.reference));
    Ok(())
}

/// Builds the binary and packs it; Docker is given the image when it does not hold it yet.
pub async fn build(context: &Context) -> Result<Image> {
    let built = binary::build(context).await?;
    let step = context.report.step("image", "packing");
    let engine = Engine::connect().await?;
    let bytes = std::fs::read(&built.path).with_context(|| format!("reading {}", built.path.display()))?;
    let Archive { reference, full_reference, digest, bytes } =
        archive::pack(&bytes, &engine.architecture().await?)?;
    let image = Image { reference, full_reference, digest, bytes };
    let megabytes = image.bytes.len() as f64 / 1e6;
    if engine.image_id(&image.reference).await?.is_some() {
        step.skipped(&format!("{} is packed, {megabytes:.1} MB", image.reference));
    } else if context.dry_run {
        step.skipped(&format!("would load {} into Docker, {megabytes:.1} MB", image.reference));
    } else {
        engine.load_image(image.bytes.clone()).await.map_err(|error| failure("loading the image", &error))?;
        step.done(&format!("{}, {megabytes:.1} MB", image.reference));
    }
    Ok(image)
}

/// Streams every image that the manifests name to the nodes that lack it.
pub async fn deliver(context: &Context, image: &Image) -> Result<()> {
    let step = context.report.step("deliver", "looking at the nodes");
    let target = Target::of(context)?;
    let engine = Engine::connect().await?;
    let wanted = wanted(&engine, &target, image, &Manifests::load(&context.root)?).await?;
    let missing = missing(&engine, &wanted).await.map_err(|error| failure("looking at the nodes", &error))?;
    if missing.is_empty() {
        step.skipped(&format!("the nodes hold all {} images", wanted.len()));
        return Ok(());
    }
    if context.dry_run {
        step.skipped(&format!("would stream {} image(s) to nodes that lack them", missing.len()));
        return Ok(());
    }
    let mut streams = Vec::new();
    for one in &missing {
        let wanted = &wanted[one.index];
        let bytes = match &wanted.bytes {
            Some(bytes) => bytes.clone(),
            None => repack::repack(&wanted.reference, &engine.export_image(&wanted.reference).await?)?.bytes,
        };
        for node in &one.nodes {
            streams.push(nodes::import(&engine, node, &wanted.full_reference, &wanted.digest, bytes.clone()));
        }
    }
    let count = streams.len();
    try_join_all(streams).await.map_err(|error| failure("delivering images to the nodes", &error))?;
    let names: Vec<&str> = missing.iter().map(|one| wanted[one.index].reference.as_str()).collect();
    step.done(&format!("{} to the nodes ({count} streams), proven by digest", names.join(", ")));
    Ok(())
}

/// Nodes that lack one of the wanted images.
struct Missing {
    index: usize,
    nodes: Vec<String>,
}

async fn wanted(
    engine: &Engine,
    target: &Target,
    image: &Image,
    manifests: &Manifests,
) -> Result<Vec<Wanted>> {
    let running: Vec<String> = engine
        .cluster_containers(target.name())
        .await?
        .into_iter()
        .filter(|container| {
            matches!(container.labels.get(ROLE_LABEL).map(String::as_str), Some("server" | "agent"))
        })
        .map(|container| container.name)
        .collect();
    let labels = target.config.node_labels();
    let mut wanted: Vec<Wanted> = Vec::new();
    for one in manifests.images() {
        let nodes: Vec<String> =
            running.iter().filter(|node| runs_on(&one, labels.get(*node))).cloned().collect();
        let reference = if one.image == IMAGE_NAME { &image.reference } else { &one.image };
        if let Some(known) = wanted.iter_mut().find(|known| known.reference == *reference) {
            known.nodes.extend(nodes);
            known.nodes.sort();
            known.nodes.dedup();
        } else if one.image == IMAGE_NAME {
            wanted.push(Wanted {
                reference: reference.clone(),
                full_reference: image.full_reference.clone(),
                digest: image.digest.clone(),
                nodes,
                bytes: Some(image.bytes.clone()),
            });
        } else if let Some((digest, bytes)) = held_by_engine(engine, target, reference).await? {
            let full_reference = full_reference(reference);
            wanted.push(Wanted { reference: reference.clone(), full_reference, digest, nodes, bytes });
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
) -> Result<Option<(String, Option<Bytes>)>> {
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
    target.write(IMAGES_FILE, &serde_json::to_vec_pretty(&known)?)?;
    Ok(Some((archive.digest, Some(archive.bytes))))
}

async fn missing(engine: &Engine, wanted: &[Wanted]) -> Result<Vec<Missing>> {
    let references: Vec<&str> = wanted.iter().map(|one| one.full_reference.as_str()).collect();
    let mut nodes: Vec<&String> = wanted.iter().flat_map(|one| &one.nodes).collect();
    nodes.sort();
    nodes.dedup();
    let held = try_join_all(nodes.iter().map(|node| nodes::held(engine, node, &references))).await?;
    let held: BTreeMap<&String, BTreeMap<String, String>> = nodes.into_iter().zip(held).collect();
    let lacks = |one: &Wanted, node: &String| held[node].get(&one.full_reference) != Some(&one.digest);
    let missing = wanted.iter().enumerate().map(|(index, one)| Missing {
        index,
        nodes: one.nodes.iter().filter(|node| lacks(one, node)).cloned().collect(),
    });
    Ok(missing.filter(|one| !one.nodes.is_empty()).collect())
}

fn failure(doing: &str, error: &anyhow::Error) -> anyhow::Error {
    Failure {
        exit: Exit::Build,
        doing: doing.to_owned(),
        found: format!("{error:#}."),
        cause: String::new(),
        fix: "run `cargo xtask doctor` (a full disk is the usual cause), then this command again".to_owned(),
    }
    .into()
}
