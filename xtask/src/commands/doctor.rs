//! `cargo xtask doctor`: everything that is in the way, at once, each with its fix.

use anyhow::Result;
use console::{Style, style};
use serde_json::json;

use crate::cli::TargetName;
use crate::context::{Context, target};
use crate::doctor::{Diagnosis, Finding, Level, diagnose, repair};
use crate::report::{Exit, Failure, format_seconds};

/// Check this machine: every prerequisite and known trap, each with its fix
///
/// Use it before the first `up`, or when something does not work and you do not know why. It changes nothing,
/// starts no program, and shows all findings at once. Each has a stable name, what was found, why it matters and
/// what to type. Exit code 3 when the target cannot come up like this.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask doctor\n\
\x20\x20cargo xtask doctor --target k3d     (what a cluster would need)\n\
\x20\x20cargo xtask doctor --fix")]
pub struct Args {
    /// Repair what can be repaired safely, then check again
    #[arg(long)]
    fix: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    let target = target::for_up(context)?;
    let mut diagnosis = diagnose(context, target).await?;
    if args.fix && repair::repair(context, &diagnosis).await? > 0 {
        diagnosis = diagnose(context, target).await?;
    }
    let failed = diagnosis.count(Level::Fail);
    let value = json!({
        "target": name(target),
        "ready": failed == 0,
        "seconds": diagnosis.seconds,
        "findings": diagnosis.findings,
    });
    context.report.result(value, &screen(&diagnosis));
    if failed == 0 {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Prerequisite,
        doing: "checking this machine".to_owned(),
        found: format!(
            "{failed} of the findings above {} in the way of target {}.",
            if failed == 1 { "is" } else { "are" },
            name(target)
        ),
        cause: String::new(),
        fix: "do what they say, then run `cargo xtask doctor` again".to_owned(),
    }
    .into())
}

fn screen(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for level in [Level::Ok, Level::Info, Level::Warn, Level::Fail] {
        for finding in diagnosis.of_level(level) {
            text.push_str(&paragraph(finding));
        }
    }
    let count = |level, one: &str, many: &str| match diagnosis.count(level) {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let time = format_seconds(std::time::Duration::from_secs_f64(diagnosis.seconds));
    text.push_str(&format!(
        "\n  target {}: {}, {}, {} in {time}\n",
        name(diagnosis.needs.target),
        count(Level::Fail, "thing in the way", "things in the way"),
        count(Level::Warn, "warning", "warnings"),
        count(Level::Info, "note", "notes"),
    ));
    text
}

/// A line for what is fine; a block of evidence, reason and fix for everything else.
fn paragraph(finding: &Finding) -> String {
    let mark = match finding.level {
        Level::Ok => style("ok").green(),
        Level::Info => style("note").cyan(),
        Level::Warn => style("warn").yellow().bold(),
        Level::Fail => style("FAIL").red().bold(),
    };
    let dim = Style::new().dim();
    if finding.level == Level::Ok {
        return format!("  {mark:<4}  {:<10}  {}\n", finding.id, finding.evidence);
    }
    let mut text =
        format!("  {mark:<4}  {}  {}\n", finding.evidence, dim.apply_to(format!("[{}]", finding.id)));
    for (word, lines) in [("why", &finding.cause), ("fix", &finding.fix)] {
        for (index, line) in wrap(lines, 90).iter().enumerate() {
            let word = if index == 0 { word } else { "" };
            text.push_str(&format!("        {}  {line}\n", dim.apply_to(format!("{word:<3}"))));
        }
    }
    text
}

/// Breaks at blanks so that paragraphs keep their indentation on a narrow terminal.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn name(target: TargetName) -> &'static str {
    match target {
        TargetName::Local => "local",
        TargetName::K3d => "k3d",
    }
}
