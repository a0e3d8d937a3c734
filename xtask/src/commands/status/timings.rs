//! How long every step took before.

use std::time::Duration;

use serde_json::json;

use crate::context::Context;
use crate::report::format_seconds;
use crate::timings::{History, Summary};

pub fn show(context: &Context) {
    let summaries = History::load(&context.state).summaries();
    context.report.result(json!({ "timings": summaries }), &table(&summaries));
}

fn table(summaries: &[Summary]) -> String {
    if summaries.is_empty() {
        return "no command has run here yet\n".to_owned();
    }
    let mut text =
        format!("  {:<8} {:<11} {:<9} {:>5} {:>12} {:>12}\n", "target", "step", "", "runs", "p50", "last");
    for Summary { key, count, p50_seconds, last_seconds, slower } in summaries {
        let time = |seconds: f64| format_seconds(Duration::from_secs_f64(seconds));
        let flag = if *slower { "  slower: the last three runs all took longer than before" } else { "" };
        text.push_str(&format!(
            "  {:<8} {:<11} {:<9} {count:>5} {:>12} {:>12}{flag}\n",
            key.target,
            key.step,
            key.state,
            time(*p50_seconds),
            time(*last_seconds)
        ));
    }
    text
}

#[cfg(test)]
mod tests;
