//! `cargo xtask doctor`: everything that is in the way, at once, each with its fix.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use crate::context::{Context, target};
use crate::doctor::facts::facts;
use crate::doctor::rule::{Level, Profile};
use crate::doctor::{Depth, Diagnosis, diagnose, handbook, judge, log, repair, rules, screen};
use crate::report::{Exit, Failure};

/// Somebody else's cluster instead of this machine.
mod named;

/// Check this machine: every prerequisite and known trap, each with its fix
///
/// Use it before the first `up`, or when something does not work and you do not know why. It changes nothing and
/// shows all findings at once, each with a stable name, what was found, why it matters and what to type. With
/// --log it explains a log that you paste: of k3s, of a node, of Docker, of kubectl. For a target of targets.yaml it looks
/// at that cluster: identity, nodes, labels, architecture, image. Exit code 3 when the target
/// cannot come up like this.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask doctor\n\
\x20\x20cargo xtask doctor --target k3d                (what a cluster would need)\n\
\x20\x20cargo xtask doctor --fix --yes                 (repair what is safe, for CI)\n\
\x20\x20cargo xtask doctor --explain port-in-use       (without a name: all of them)\n\
\x20\x20journalctl -u k3s -b | cargo xtask doctor --log -")]
pub struct Args {
    /// Repair what can be repaired safely, asking before each; then check again
    #[arg(long)]
    fix: bool,
    /// Tell everything about one kind of finding; list all kinds when no name is given
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["fix", "log"])]
    explain: Option<String>,
    /// Recognise known failures in the text of a log; `-` reads what is piped or pasted
    #[arg(long, value_name = "FILE", conflicts_with = "fix")]
    log: Option<PathBuf>,
    /// Write docs/when-something-fails.md anew from the rules
    #[arg(long, hide = true, conflicts_with_all = ["explain", "log", "fix"])]
    handbook: bool,
    /// Judge for a k3s that is installed in this system itself, instead of for a target of ours
    #[arg(long, conflicts_with_all = ["explain", "log"])]
    native_k3s: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    if let Some(id) = &args.explain {
        return explain(context, id);
    }
    if let Some(path) = &args.log {
        return explain_log(context, path);
    }
    if args.handbook {
        std::fs::write(context.root.join(judge::HANDBOOK), handbook::page())?;
        return Ok(());
    }
    if context.pin.is_some() {
        return named::run(context).await;
    }
    let profile = if args.native_k3s { Profile::NativeK3s } else { (&target::for_up(context)?).into() };
    let mut diagnosis = diagnose(context, profile, Depth::Full).await?;
    if args.fix && repair::repair(context, &diagnosis.machine, &diagnosis.findings).await? > 0 {
        diagnosis = diagnose(context, profile, Depth::Full).await?;
    }
    context.report.result(value(&diagnosis), &screen::diagnosis(&diagnosis));
    verdict(&diagnosis)
}

/// For machines: what the machine is, and every finding with its severity for every target.
fn value(diagnosis: &Diagnosis) -> serde_json::Value {
    let facts: serde_json::Map<String, serde_json::Value> =
        facts(&diagnosis.machine).into_iter().map(|(name, fact)| (name.to_owned(), json!(fact))).collect();
    json!({
        "target": diagnosis.machine.needs.profile,
        "ready": diagnosis.count(Level::Fail) == 0,
        "seconds": diagnosis.seconds,
        "checks": rules::checked(diagnosis.machine.needs.profile),
        "facts": facts,
        "findings": diagnosis.findings,
    })
}

fn verdict(diagnosis: &Diagnosis) -> Result<()> {
    let failed = diagnosis.count(Level::Fail);
    if failed == 0 {
        return Ok(());
    }
    let are = if failed == 1 { "is" } else { "are" };
    Err(Failure {
        exit: Exit::Prerequisite,
        doing: "checking this machine".to_owned(),
        found: format!(
            "{failed} of the findings above {are} in the way of {}.",
            diagnosis.machine.needs.profile.name()
        ),
        cause: String::new(),
        fix: "do what they say, then run `cargo xtask doctor` again".to_owned(),
    }
    .into())
}

fn explain(context: &Context, id: &str) -> Result<()> {
    if id.is_empty() {
        let ids: Vec<&str> = rules::all().map(|(_, rule)| rule.id).collect();
        context.report.result(json!({ "ids": ids }), &screen::list());
        return Ok(());
    }
    let Some((family, rule)) = rules::find(id) else {
        return Err(unknown(id));
    };
    let value = json!({
        "id": rule.id,
        "title": rule.title,
        "cause": rule.cause,
        "fix": rule.fix,
        "severity": rule.check.is_some().then_some(rule.severity),
        "check": rule.tell,
        "last_resort": rule.last_resort,
        "log": rule.says().next().map(|log| log.pattern),
        "logs": rule.says().map(|log| log.pattern).collect::<Vec<_>>(),
        "example": rule.says().next().map(|log| log.example),
        "section": judge::section(family),
    });
    context.report.result(value, &screen::rule(family, rule));
    Ok(())
}

/// Names that share a word with what was typed are a likely meaning.
fn unknown(id: &str) -> anyhow::Error {
    let words: Vec<&str> = id.split(['-', '_', ' ']).filter(|word| word.len() > 2).collect();
    let near =
        rules::all().map(|(_, rule)| rule.id).filter(|known| words.iter().any(|word| known.contains(word)));
    let near: Vec<&str> = near.take(6).collect();
    let fix = match near.as_slice() {
        [] => "`cargo xtask doctor --explain` lists all".to_owned(),
        near => format!("one of {}? `cargo xtask doctor --explain` lists all", near.join(", ")),
    };
    let doing = "looking for what is to be explained".to_owned();
    let found = format!("no finding is called `{id}`.");
    Failure { exit: Exit::Usage, doing, found, cause: String::new(), fix }.into()
}

fn explain_log(context: &Context, path: &Path) -> Result<()> {
    let explained = if path == Path::new("-") {
        log::explain(std::io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(log::explain)
    };
    let explanation = explained.map_err(|error| Failure {
        exit: Exit::Usage,
        doing: format!("reading the log {}", path.display()),
        found: format!("{error}."),
        cause: String::new(),
        fix: "name a file that is there, or pipe the log: … | cargo xtask doctor --log -".to_owned(),
    })?;
    let mut value = serde_json::to_value(&explanation)?;
    value["cause"] = json!(explanation.root().map(|one| one.id));
    context.report.result(value, &screen::log(&explanation));
    Ok(())
}
