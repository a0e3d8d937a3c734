//! `cargo xtask image`: the game server as an image, built, packed and delivered to the nodes.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::binary::{self, Binary};
use crate::context::{Context, target, write_whole};
use crate::docker::Engine;
use crate::report::{Exit, Failure};
use crate::target::{Reached, Target};
use archive::Archive;

pub use delivery::{deliver, is_delivered, lacking};
pub use prune::{kept, note_deployed, note_loaded, prune, prune_engine};
pub use registry::build_alone;

/// An image as one file that Docker and containerd both load.
pub mod archive;
/// Which nodes lack which image, and how they get it.
mod delivery;
/// What a node holds, proven by digest.
pub mod nodes;
/// Old images of ours leave.
mod prune;
/// The image in a registry.
mod registry;
/// An image of somebody else, written anew.
mod repack;

/// Build the game server's image and put it on the nodes that need it
///
/// Use it to see that an image builds, or before a deploy that you want to be quick. It builds the static binary,
/// packs it FROM scratch (the tag is the hash of the content) and streams it to every node, together with the other
/// images that the manifests name and Docker holds. A node that provably has an image gets nothing.
///
/// With --push it goes to the registry of a target instead, which needs no Docker: what the registry has is not sent again.
/// The login is that of `docker login`, credential helpers among it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask image\n\
\x20\x20cargo xtask image --push --target production")]
pub struct Args {
    /// Send the image to the registry of the target that --target names
    #[arg(long, conflicts_with = "no_deliver")]
    pub push: bool,

    /// Only build: leave the nodes alone
    #[arg(long)]
    pub no_deliver: bool,
}

/// The image of the game server, built and known to Docker.
#[derive(Debug, Clone)]
pub struct Image {
    pub packed: Packed,
    binary: PathBuf,
}

/// What packing came to; kept beside the binary, so that an unchanged one is neither read nor hashed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// Identity of the binary that is in it.
    binary: String,
    /// See [`archive::layout`].
    layout: String,
    architecture: String,
    /// `game-server:0123456789ab`, as it is put into the manifests.
    pub reference: String,
    /// As containerd names it: `docker.io/library/game-server:0123456789ab`.
    full_reference: String,
    digest: String,
    bytes: usize,
}

/// Stands for the image of sources that have changed and are not built yet.
pub const UNBUILT: &str = "game-server:not-built-yet";

impl Packed {
    /// What a dry run goes on with: content, and so tag and digest, are known after the build only.
    fn unbuilt() -> Self {
        Self {
            binary: String::new(),
            layout: String::new(),
            architecture: String::new(),
            reference: UNBUILT.to_owned(),
            full_reference: archive::full_reference(UNBUILT),
            digest: String::new(),
            bytes: 0,
        }
    }
}

impl Image {
    /// Packs the binary again, which gives the same image.
    fn archive(&self) -> Result<Archive> {
        let doing = || format!("reading {}", self.binary.display());
        let binary = fs::read(&self.binary).with_context(doing)?;
        archive::pack(&binary, &self.packed.architecture)
    }
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    target::require_cluster(context, "image", "packs the game for a cluster")?;
    match &context.pin {
        Some(pin) if args.push => return registry::push(context, pin).await,
        Some(pin) => return registry::build_only(context, pin).await,
        None if args.push => return Err(registry::nowhere_to_push()),
        None => {}
    }
    let image = build(context).await?;
    let exists = Target::of(context)?.record().is_some_and(|record| record.complete);
    if exists && !args.no_deliver {
        deliver(context, &Reached::of(context).await?, &image).await?;
    }
    let Packed { reference, digest, bytes, .. } = &image.packed;
    context
        .report
        .result(json!({"image": reference, "digest": digest, "bytes": bytes}), &format!("{reference}\n"));
    Ok(())
}

/// Builds the binary and packs it; Docker is given the image when it does not hold it yet.
pub async fn build(context: &Context) -> Result<Image> {
    let built = binary::build(context).await?;
    let step = context.report.step("image", "packing");
    let engine = Engine::connect(&context.report).await?;
    let packed = match built.identity.is_empty() {
        true => Packed::unbuilt(),
        false => pack(context, &built, &engine.architecture().await?)?,
    };
    let image = Image { packed, binary: built.path };
    let (reference, megabytes) = (&image.packed.reference, image.packed.bytes as f64 / 1e6);
    if engine.image_id(reference).await?.is_some() {
        step.skipped(&format!("{reference} is packed, {megabytes:.1} MB"));
    } else {
        let loaded = engine.load_image(reference, || image.archive()?.whole()).await;
        loaded.map_err(|error| failure("loading the image", &error))?;
        if context.dry_run {
            step.skipped(&format!("{reference} would be loaded into Docker"));
            return Ok(image);
        }
        note_loaded(&context.state, reference)?;
        step.done(&format!("{reference}, {megabytes:.1} MB"));
    }
    Ok(image)
}

/// The image of an earlier build, when no source has changed since.
pub fn known(context: &Context) -> Option<Image> {
    let binary = binary::known(context)?;
    let packed = packed_before(&binary)?;
    Some(Image { packed, binary: binary.path })
}

fn pack(context: &Context, binary: &Binary, architecture: &str) -> Result<Packed> {
    if let Some(packed) = packed_before(binary).filter(|packed| packed.architecture == architecture) {
        return Ok(packed);
    }
    let content = fs::read(&binary.path).with_context(|| format!("reading {}", binary.path.display()))?;
    let archive = archive::pack(&content, architecture)?;
    let packed = Packed {
        binary: binary.identity.clone(),
        layout: archive::layout(architecture)?,
        architecture: architecture.to_owned(),
        bytes: archive.whole()?.len(),
        reference: archive.reference,
        full_reference: archive.full_reference,
        digest: archive.digest,
    };
    if !context.dry_run {
        write_whole(&packed_path(binary), &serde_json::to_vec(&packed)?)?;
    }
    Ok(packed)
}

fn packed_before(binary: &Binary) -> Option<Packed> {
    let packed: Packed = serde_json::from_slice(&fs::read(packed_path(binary)).ok()?).ok()?;
    let is_current =
        packed.binary == binary.identity && packed.layout == archive::layout(&packed.architecture).ok()?;
    is_current.then_some(packed)
}

fn packed_path(binary: &Binary) -> PathBuf {
    binary.path.with_extension("packed")
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
