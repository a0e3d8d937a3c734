//! `cargo xtask diagnose`: why it does not run, and everything that is known about it in one file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use console::Style;
use serde_json::json;

use crate::cli::TargetName;
use crate::context::{Context, target, write_private};
use crate::diagnosis::Cause;
use crate::doctor::judge::Finding;
use crate::doctor::rule::Level;
use crate::doctor::{self, Depth};
use crate::manifests::Manifests;
use crate::report::Failure;
use bundle::Bundle;

/// Redacted files, packed.
mod bundle;
/// What a cluster tells, whole or half-dead.
mod cluster;
/// What the one process left behind.
mod local;
/// What somebody else's cluster tells.
mod named;

/// Say why the game does not run, and write what is known into one file without secrets
///
/// Use it after a failed deploy, when players complain, or before you ask somebody for help. It changes nothing,
/// works on a cluster that is half dead, and says so when nothing is wrong. The file holds API objects, events, the
/// last lines of every log and what `doctor` found; tokens, keys, passwords and the values of Secrets are taken out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask diagnose\n\
\x20\x20cargo xtask diagnose --output game.tar && tar -tf game.tar")]
pub struct Args {
    /// Where the file goes, instead of the state folder of the target
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What was found out about a target.
struct Found {
    /// What is there, in one sentence.
    state: String,
    causes: Vec<Cause>,
    bundle: Bundle,
    /// Where the file goes unless the user says otherwise.
    path: PathBuf,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    let target = match target::that_is_up(context)? {
        Some(target) => target,
        None => target::for_up(context)?,
    };
    let step = context.report.step("diagnose", "looking at everything");
    let (manifests, unreadable) = match Manifests::read(&context.objects) {
        Ok(manifests) => (Some(manifests), None),
        Err(error) => (None, Some(words(&error))),
    };
    let (found, machine) =
        tokio::join!(look(context, &target), doctor::diagnose(context, (&target).into(), Depth::Full));
    let (mut found, mut machine) = (found?, machine?.findings);
    if context.pin.is_some() {
        // Players do not come here: this machine is in nobody's way.
        machine.clear();
    }
    if let Some(words) = unreadable.filter(|_| target != TargetName::Local) {
        found.causes.insert(0, Cause::unreadable(&words));
    }
    let in_the_way: Vec<&Finding> = machine.iter().filter(|finding| finding.level == Level::Fail).collect();
    let mut lines = lines(&found, &in_the_way, manifests.as_ref());
    let plain: Vec<String> = lines.iter().map(|(word, text)| format!("{word}: {text}")).collect();
    let causes: Vec<_> = found.causes.iter().map(|cause| cause.json(manifests.as_ref())).collect();
    found.bundle.json("doctor.json", json!(machine));
    found.bundle.json("causes.json", json!(causes));
    found.bundle.lines("README.txt", &plain);
    let path = args.output.map_or(found.path, |path| from_here(&path));
    let bytes = found.bundle.pack()?;
    if !context.dry_run {
        write_private(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    step.done(&format!("{} files, {:.1} kB, without secrets", found.bundle.len(), bytes.len() as f64 / 1e3));
    let value = json!({
        "healthy": causes.is_empty() && in_the_way.is_empty(),
        "state": found.state,
        "causes": causes,
        "machine": in_the_way,
        "bundle": path,
    });
    lines.push(("bundle", path.display().to_string()));
    context.report.result(value, &screen(&lines));
    Ok(())
}

async fn look(context: &Context, target: &TargetName) -> Result<Found> {
    match target {
        TargetName::K3d => cluster::look(context).await,
        TargetName::Named(_) => named::look(context).await,
        TargetName::Local => local::look(context).await,
    }
}

/// A paragraph for each cause with what fixes it; one line where nothing is wrong.
fn lines(
    found: &Found,
    in_the_way: &[&Finding],
    manifests: Option<&Manifests>,
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for cause in &found.causes {
        lines.push(("wrong", format!("{} [{}]", cause.paragraph(manifests), cause.id)));
        lines.push(("fix", cause.fix.clone()));
    }
    for finding in in_the_way {
        lines.push(("machine", format!("{} {} [{}]", finding.evidence, finding.cause, finding.id)));
        lines.push(("fix", finding.fix.clone()));
    }
    if lines.is_empty() {
        lines.push(("well", "nothing is wrong".to_owned()));
    }
    lines.push(("state", found.state.clone()));
    lines.into_iter().map(|(word, text)| (word, found.bundle.redact(&text))).collect()
}

/// On a terminal the word in the margin is coloured.
fn screen(lines: &[(&str, String)]) -> String {
    let colour = |word: &str| match word {
        "wrong" | "machine" => Style::new().red().bold(),
        "fix" | "well" => Style::new().green().bold(),
        _ => Style::new().dim(),
    };
    let line = |(word, text): &(&str, String)| {
        format!("  {}  {text}\n", colour(word).apply_to(format!("{word:<8}")))
    };
    lines.iter().map(line).collect()
}

/// An error as a sentence; a paragraph of ours without its fix, which goes elsewhere.
fn words(error: &anyhow::Error) -> String {
    error.downcast_ref::<Failure>().map_or(format!("{error:#}"), |failure| failure.found.clone())
}

/// `cargo xtask` may have been typed in any folder.
fn from_here(path: &Path) -> PathBuf {
    std::env::current_dir().map_or(path.to_owned(), |here| here.join(path))
}
