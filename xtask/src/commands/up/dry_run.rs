//! What `up` would do once cluster and image are there.

use anyhow::Result;
use serde_json::Value;

use crate::commands::image::Image;
use crate::commands::up::Args;
use crate::commands::{cluster, deploy, image, label};
use crate::context::Context;
use crate::docker::Engine;
use crate::target::{Reached, Target};
use crate::{binary, play};

/// Tells the calls. A cluster that is still to be made gets everything; one that sleeps cannot be asked what it lacks.
pub async fn after_cluster(context: &Context, args: &Args, image: &Image) -> Result<Value> {
    let (engine, target) = (Engine::connect(&context.report).await?, Target::of(context)?);
    let intention = cluster::intention(&engine, &target).await?;
    let is_kept = intention.runs && intention.remade.is_empty();
    let reached = match (is_kept, target.is_made() && intention.remade.is_empty()) {
        (true, _) => Reached::through(engine, target).await?,
        (false, true) => {
            context.report.note("up", "what it lacks can be told once it runs");
            return Ok(Value::Null);
        }
        (false, false) => Reached::imagined(engine, target)?,
    };
    let reference = &image.packed.reference;
    if is_kept {
        label::ensure(context, &reached).await?;
    }
    image::deliver(context, &reached, image).await?;
    let prepared = match is_kept {
        true => deploy::prepare(context, &reached, reference).await?,
        false => deploy::prepare_first(context, reference)?,
    };
    deploy::carry_out(context, &reached, prepared, reference, args.now).await?;
    play::verify(context, &binary::path(context), &reached.target.url()).await
}
