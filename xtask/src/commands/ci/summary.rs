//! The closing list, for people and for hosted runners.

use std::fmt::Write as _;

use serde_json::json;

use super::{Outcome, StageName, StageResult, is_failure};
use crate::context::Context;
use crate::report::format_seconds;
use crate::report::github;

pub fn stage_opened(context: &Context, name: StageName) {
    context.report.open_group(name.text());
    context.report.note("ci", &format!("{} …", name.text()));
}

pub fn stage_closed(context: &Context, result: &StageResult) {
    context.report.close_group();
    if let Outcome::Failed(text) = &result.outcome {
        context.report.blame(result.name.text(), text, &context.root);
    }
}

/// One line a stage, then the counts alone on the last line.
pub fn print(context: &Context, results: &[StageResult]) {
    let mut text: String = results.iter().map(|result| format!("{}\n", line(result))).collect();
    let _ = writeln!(text, "{}", counts(results));
    let rows: Vec<_> = results.iter().map(as_json).collect();
    context.report.result(json!({"stages": rows, "counts": counts(results)}), &text);
    github::summarise(&table(results));
}

pub fn line(result: &StageResult) -> String {
    let (name, time) = (result.name.text(), format_seconds(result.elapsed));
    match &result.outcome {
        Outcome::Passed => format!("PASSED  {name:<10} {time}"),
        Outcome::Failed(text) => {
            format!("FAILED  {name:<10} {time}: {}", text.lines().last().unwrap_or_default())
        }
        Outcome::Skipped(reason) => format!("SKIPPED {name}: {reason}"),
    }
}

pub fn counts(results: &[StageResult]) -> String {
    let passed = results.iter().filter(|result| result.outcome == Outcome::Passed).count();
    let failed = results.iter().filter(|result| is_failure(result)).count();
    format!("{passed} passed, {failed} failed, {} skipped", results.len() - passed - failed)
}

fn table(results: &[StageResult]) -> String {
    let mut text = "| stage | outcome | time |\n|---|---|---|\n".to_owned();
    for result in results {
        let outcome = match &result.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Failed(_) => "**failed**".to_owned(),
            Outcome::Skipped(reason) => format!("skipped: {reason}"),
        };
        let _ = writeln!(text, "| {} | {outcome} | {} |", result.name.text(), format_seconds(result.elapsed));
    }
    text
}

fn as_json(result: &StageResult) -> serde_json::Value {
    let (outcome, text) = match &result.outcome {
        Outcome::Passed => ("passed", ""),
        Outcome::Failed(text) => ("failed", text.as_str()),
        Outcome::Skipped(reason) => ("skipped", reason.as_str()),
    };
    json!({"stage": result.name.text(), "outcome": outcome, "text": text, "seconds": result.elapsed.as_secs_f64()})
}
