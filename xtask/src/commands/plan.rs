//! `cargo xtask plan`: what `up` would do.

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use crate::cli::TargetName;
use crate::commands::deploy::changes::Change;
use crate::commands::deploy::prepare_these;
use crate::commands::image::{self, Image, UNBUILT};
use crate::commands::{cluster, label};
use crate::context::{Context, target};
use crate::docker::Engine;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Id;
use crate::manifests::Manifests;
use crate::target::{Reached, Target};

/// The one process.
mod local;
/// Somebody else's cluster.
mod named;

/// Show what `up` would do, and change nothing
///
/// Use it before an `up` or a deploy that you are not sure about. It goes through cluster, labels, images and manifests;
/// the API server itself works out each change of an object, so a field that it does not know or a value that it refuses
/// is named here. `+` is new, `~` changed in place, `-` removed; `!` cannot be had without making the cluster anew, which
/// `up` asks about first, or does not hold on a cluster of targets.yaml, with the command that sees to it.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// One thing that would be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Line {
    part: &'static str,
    sign: &'static str,
    what: String,
    differences: Vec<String>,
}

impl Line {
    fn new(part: &'static str, sign: &'static str, what: impl Into<String>) -> Self {
        Self { part, sign, what: what.into(), differences: Vec::new() }
    }
}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    let lines = match target::for_up(context)? {
        TargetName::Named(_) => named::lines(context).await?,
        TargetName::Local => local::lines(context),
        TargetName::K3d => lines(context).await?,
    };
    let changes = lines.iter().filter(|line| line.sign != "=").count();
    context.report.result(json!({"changes": changes, "lines": lines}), &text(&lines));
    Ok(())
}

async fn lines(context: &Context) -> Result<Vec<Line>> {
    let (engine, target) = (Engine::connect(&context.report).await?, Target::of(context)?);
    for note in &target.config.notes {
        context.report.warn(&format!("manifests/cluster/k3d.yaml: {note}"));
    }
    let intention = cluster::intention(&engine, &target).await?;
    let image = image::known(context);
    let mut lines = vec![Line::new("cluster", intention.sign, intention.text)];
    lines.extend(intention.remade.into_iter().map(|what| Line::new("cluster", "!", what)));
    if intention.runs {
        let reached = Reached::through(engine, target).await?;
        lines.extend(labels(&reached).await?);
        lines.extend(images(context, &reached, image.as_ref()).await?);
        let reference = image.as_ref().map_or(UNBUILT, |image| &image.packed.reference);
        lines.extend(objects(context, &reached.cluster, reference).await?);
    } else {
        lines.extend(everything(context, &target, image.as_ref())?);
    }
    Ok(lines)
}

async fn labels(reached: &Reached) -> Result<Vec<Line>> {
    let changes = label::find_changes(reached).await?;
    let line = |(node, labels)| Line::new("labels", "~", format!("{node} {}", label::describe(labels)));
    Ok(changes.iter().map(line).collect())
}

async fn images(context: &Context, reached: &Reached, image: Option<&Image>) -> Result<Vec<Line>> {
    let Some(image) = image else {
        return Ok(vec![unbuilt()]);
    };
    let lacking = image::lacking(context, &reached.engine, &reached.target, image).await?;
    let line = |(image, nodes): (String, Vec<String>)| {
        Line::new("images", "+", format!("{image} to {}", nodes.join(", ")))
    };
    Ok(lacking.into_iter().map(line).collect())
}

fn unbuilt() -> Line {
    Line::new("images", "~", "the game server would be built: its sources have changed")
}

async fn objects(context: &Context, cluster: &Kubernetes, reference: &str) -> Result<Vec<Line>> {
    let overlays = context.pin.as_ref().map_or(&[][..], |pin| &pin.overlays);
    let manifests = Manifests::read_with(&context.objects, overlays)?;
    tell_notes(context, &manifests);
    let changes = prepare_these(cluster, manifests, reference).await?.changes;
    let applied = changes.applied().iter().map(|(id, change)| match change {
        Change::New => Line::new("objects", "+", id.key()),
        Change::Unchanged => Line::new("objects", "=", id.key()),
        Change::Changed(differences) => {
            Line { differences: differences.clone(), ..Line::new("objects", "~", id.key()) }
        }
    });
    Ok(applied.chain(changes.removed().iter().map(|id| Line::new("objects", "-", id.key()))).collect())
}

fn tell_notes(context: &Context, manifests: &Manifests) {
    for note in manifests.notes() {
        context.report.warn(&note);
    }
}

/// What is done where nothing can be asked: all of it.
fn everything(context: &Context, target: &Target, image: Option<&Image>) -> Result<Vec<Line>> {
    let labels = target.config.node_labels().into_iter().map(|(node, labels)| {
        let labels = labels.into_iter().map(|(key, value)| (key, Some(value))).collect();
        Line::new("labels", "+", format!("{node} {}", label::describe(&labels)))
    });
    let image = match image {
        Some(image) => {
            Line::new("images", "+", format!("{} to the nodes that run it", image.packed.reference))
        }
        None => unbuilt(),
    };
    let manifests = Manifests::read(&context.objects)?;
    manifests.require_valid(target.config.minor())?;
    tell_notes(context, &manifests);
    let objects =
        manifests.objects.iter().map(|object| Line::new("objects", "+", Id::of(&object.value).key()));
    Ok(labels.chain([image]).chain(objects).collect())
}

/// By part; what stays as it is is only counted.
fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut part = "";
    for line in lines.iter().filter(|line| line.sign != "=") {
        if line.part != part {
            part = line.part;
            text.push_str(&format!("{part}\n"));
        }
        text.push_str(&format!("  {} {}\n", line.sign, line.what));
        for difference in &line.differences {
            text.push_str(&format!("      {difference}\n"));
        }
    }
    let same = lines.iter().filter(|line| line.sign == "=").count();
    match (text.is_empty(), same) {
        (true, _) => format!("nothing would change: all {same} are as they should be\n"),
        (false, 0) => text,
        (false, _) => format!("{text}{same} more stay as they are\n"),
    }
}

#[cfg(test)]
mod tests;
