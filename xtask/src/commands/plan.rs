//! `cargo xtask plan`: what a deploy would do.

use anyhow::Result;
use serde_json::json;

use crate::commands::deploy::changes::Change;
use crate::commands::deploy::prepare;
use crate::commands::image;
use crate::context::Context;
use crate::target::Reached;

/// Show what a deploy would change, and change nothing
///
/// Use it before a deploy that you are not sure about. The API server itself works out each change, so a field that
/// it does not know or a value that it refuses is named here. `+` is new, `~` changed, `-` removed.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    let reached = Reached::of(context).await?;
    let image = image::build(context).await?;
    let step = context.report.step("plan", "comparing the manifests with the cluster");
    let changes = prepare(context, &reached, &image.packed.reference).await?.changes;
    step.done(&changes.summary());
    let mut text = String::new();
    let mut values = Vec::new();
    for (id, change) in changes.applied() {
        let (sign, differences) = match change {
            Change::New => ("+", [].as_slice()),
            Change::Changed(differences) => ("~", differences.as_slice()),
            Change::Unchanged => ("=", [].as_slice()),
        };
        values.push(json!({"object": id.key(), "change": sign, "differences": differences}));
        if sign != "=" {
            text.push_str(&format!("{sign} {}\n", id.key()));
        }
        for difference in differences {
            text.push_str(&format!("    {difference}\n"));
        }
    }
    for id in changes.removed() {
        values.push(json!({"object": id.key(), "change": "-", "differences": []}));
        text.push_str(&format!("- {}\n", id.key()));
    }
    if text.is_empty() {
        text.push_str("nothing would change\n");
    }
    context.report.result(json!({"image": image.packed.reference, "changes": values}), &text);
    Ok(())
}
