//! The image in a registry: built without Docker, pushed, looked for.

use anyhow::Result;
use serde_json::json;

use super::{Image, Packed, UNBUILT, pack};
use crate::binary;
use crate::context::Context;
use crate::manifests::targets::Pin;
use crate::registry::{Pushed, Repository};
use crate::remote::checks::Wanted;
use crate::report::{Exit, Failure, format_bytes};

impl Image {
    /// As a registry's manifests name it: by digest, which nobody can move to another image.
    pub fn reference_in(&self, repository: &str) -> String {
        match self.packed.digest.as_str() {
            "" => format!("{repository}:not-built-yet"),
            digest => format!("{repository}@{digest}"),
        }
    }

    /// What is looked for at nodes and in registries.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted { architecture: &self.packed.architecture, digest: &self.packed.digest }
    }
}

/// Builds the binary and packs it for machines like this one; Docker has no part in it.
pub async fn build_alone(context: &Context) -> Result<Image> {
    let built = binary::build(context).await?;
    let step = context.report.step("image", "packing");
    let packed = match built.identity.is_empty() {
        true => Packed { architecture: architecture().to_owned(), ..Packed::unbuilt() },
        false => pack(context, &built, architecture())?,
    };
    let reference = if packed.digest.is_empty() { UNBUILT } else { &packed.reference };
    step.skipped(&format!("{reference} for {} is packed", packed.architecture));
    Ok(Image { packed, binary: built.path })
}

/// Builds the image and sends to the target's registry what that lacks.
pub async fn push(context: &Context, pin: &Pin) -> Result<()> {
    let image = build_alone(context).await?;
    let reference = image.reference_in(&pin.image);
    let step = context.report.step("push", &format!("looking at {}", pin.image));
    if image.packed.digest.is_empty() {
        step.skipped(&format!("what {} lacks is known after the build", pin.image));
        return Ok(());
    }
    let repository = Repository::new(&context.report, &pin.image)?;
    let pushed = match repository.holds(&image.packed.digest).await? {
        true => Pushed::default(),
        false => match image.archive()?.pieces() {
            Some(pieces) => repository.push(pieces).await?,
            None => Pushed::default(),
        },
    };
    let sent = format!("{} in {} part(s)", format_bytes(pushed.bytes), pushed.blobs);
    match (pushed.manifest, context.dry_run) {
        (false, _) => step.skipped(&format!("{} has it already", pin.image)),
        (true, true) => step.skipped(&format!("{sent} would go to {}", pin.image)),
        (true, false) => step.done(&format!("{sent} to {}", pin.image)),
    }
    let value = json!({
        "image": reference,
        "digest": image.packed.digest,
        "tag": image.packed.reference.rsplit(':').next(),
        "pushed": {"blobs": pushed.blobs, "bytes": pushed.bytes, "manifest": pushed.manifest},
    });
    context.report.result(value, &format!("{reference}\n"));
    Ok(())
}

/// Only builds, and says how the image gets where the target's nodes find it.
pub async fn build_only(context: &Context, pin: &Pin) -> Result<()> {
    let image = build_alone(context).await?;
    let reference = image.reference_in(&pin.image);
    let value = json!({"image": reference, "digest": image.packed.digest, "bytes": image.packed.bytes});
    let next = format!("cargo xtask image --push --target {}", pin.name);
    context.report.result(value, &format!("{reference}\nnot pushed: {next}\n"));
    Ok(())
}

/// `--push` where no registry is known.
pub fn nowhere_to_push() -> anyhow::Error {
    Failure {
        exit: Exit::Usage,
        doing: "pushing the image".to_owned(),
        found: "no registry is named.".to_owned(),
        cause: "Clusters that are made here get their images without one.".to_owned(),
        fix: "add --target NAME, one of those that `cargo xtask targets` lists".to_owned(),
    }
    .into()
}

/// Of this machine, as images name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
