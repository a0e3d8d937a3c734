//! What `up` would do on somebody else's cluster: what does not hold there, and the objects.

use anyhow::Result;

use super::{Line, objects, unbuilt};
use crate::commands::image::{self, UNBUILT};
use crate::context::Context;
use crate::manifests::Manifests;
use crate::remote::Remote;
use crate::remote::checks::Check;

pub async fn lines(context: &Context) -> Result<Vec<Line>> {
    let remote = Remote::connect(context).await?;
    let uses = Manifests::read(&context.objects)?.images();
    let image = image::known(context);
    let mut checks = remote.check_nodes(&uses).await?;
    let mut lines = Vec::new();
    let reference = match &image {
        Some(image) => {
            checks.extend(remote.check_image(&uses, image.wanted()).await?);
            image.reference_in(&remote.pin.image)
        }
        None => {
            lines.push(unbuilt());
            UNBUILT.to_owned()
        }
    };
    lines.extend(checks.iter().filter(|check| !check.ok).map(in_the_way));
    lines.extend(objects(context, &remote.cluster, &reference).await?);
    Ok(lines)
}

fn in_the_way(check: &Check) -> Line {
    Line { differences: vec![check.fix.clone()], ..Line::new("target", "!", check.text.clone()) }
}
