//! A deploy to somebody else's cluster: what would be a step on ours is a check there.

use anyhow::Result;
use serde_json::json;

use super::{Args, bring, prepare_these};
use crate::commands::image;
use crate::context::{Context, lock};
use crate::manifests::Manifests;
use crate::remote::Remote;

pub async fn run(context: &Context, args: &Args) -> Result<()> {
    let remote = Remote::connect(context).await?;
    let _lock = lock::take_unless_dry(remote.folder(), &context.report).await?;
    let reference = onto(context, &remote, args.now).await?;
    context.report.result(json!({"target": remote.pin.name, "image": reference}), &format!("{reference}\n"));
    Ok(())
}

/// Checks, builds, and brings the manifests with the image by digest; gives the image that runs.
pub async fn onto(context: &Context, remote: &Remote, now: bool) -> Result<String> {
    let manifests = Manifests::read_with(&context.objects, &remote.pin.overlays)?;
    let uses = manifests.images();
    remote.require_nodes(context, &uses).await?;
    let image = image::build_alone(context).await?;
    remote.require_image(context, &uses, image.wanted()).await?;
    let reference = image.reference_in(&remote.pin.image);
    let prepared = prepare_these(&remote.cluster, manifests, &reference).await?;
    bring(context, &remote.cluster, prepared, &reference, now).await?;
    Ok(reference)
}
