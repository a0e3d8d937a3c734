//! Plays through the public port: `verify` and `load`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::context::Context;
use crate::processes::job::{Finished, Job};
use crate::report::{Exit, Failure, Step};

#[cfg(test)]
mod tests;

/// Long enough to meet, move, shoot and talk.
const VERIFY_SECONDS: &str = "6";
/// Below the server's five seconds the visitor only joins, looks and leaves.
const JOIN_SECONDS: &str = "1";
/// A match of a bot takes ten seconds; the rest is for a machine that is busy.
const VERIFY_LIMIT: Duration = Duration::from_secs(90);
/// What a load run may take beyond the time it plays: joining, and leaving in order.
const LOAD_EXTRA: Duration = Duration::from_secs(60);

/// How often it is said that it goes on.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// How many bots play for how long, and what must hold; a budget that is not given is not checked.
#[derive(Debug, Clone, Default)]
pub struct Load {
    pub players: u32,
    pub seconds: u32,
    /// More flags of `game-server bots`, each with its value.
    pub flags: Vec<String>,
}

/// Joins as a player, moves, is answered, leaves; gives what was seen, which is null in a dry run.
pub async fn verify(context: &Context, program: &Path, url: &str) -> Result<Value> {
    let step = context.report.step("verify", "playing a match as a player");
    let job = bots(context, program, url).args(["--verify", "--seconds", VERIFY_SECONDS]).limit(VERIFY_LIMIT);
    let Some(seen) = seen(context, &step, job, url).await? else {
        step.skipped("a player would play a match");
        return Ok(Value::Null);
    };
    step.done(&format!("played as a player: {}", summary(&seen)));
    Ok(seen)
}

/// The short proof that a game which was verified before still takes players.
pub async fn join_and_leave(context: &Context, program: &Path, url: &str) -> Result<Value> {
    let step = context.report.step("verify", "joining and leaving");
    let job = bots(context, program, url).args(["--verify", "--seconds", JOIN_SECONDS]).limit(VERIFY_LIMIT);
    let Some(seen) = seen(context, &step, job, url).await? else {
        step.skipped("a player would join and leave");
        return Ok(Value::Null);
    };
    step.skipped(&format!("joined and left: {}", summary(&seen)));
    Ok(seen)
}

/// Lets bots play and holds the budgets; the figures are the result, also when a budget is missed.
pub async fn load(context: &Context, program: &Path, url: &str, load: &Load) -> Result<Value> {
    let (players, seconds) = (load.players.to_string(), load.seconds.to_string());
    let step = context.report.step("load", &format!("{players} bots play for {seconds} s"));
    let job =
        bots(context, program, url).args(["--players", &players, "--seconds", &seconds]).args(&load.flags);
    let job = job.limit(Duration::from_secs(u64::from(load.seconds)) + LOAD_EXTRA);
    let Some(seen) = seen(context, &step, job, url).await? else {
        step.skipped(&format!("{players} bots would play for {seconds} s"));
        return Ok(Value::Null);
    };
    step.done(&format!("{players} bots for {seconds} s: {}", summary(&seen)));
    Ok(seen)
}

fn bots(context: &Context, program: &Path, url: &str) -> Job {
    Job::new(program, &context.root).args(["bots", "--url", url, "--json"])
}

/// Lets it play; nothing is seen in a dry run.
async fn seen(context: &Context, step: &Step, job: Job, url: &str) -> Result<Option<Value>> {
    let mut tick = tokio::time::interval(PROGRESS_EVERY);
    let mut running = std::pin::pin!(job.run(&context.report));
    let finished = loop {
        tokio::select! {
            finished = &mut running => break finished?,
            _ = tick.tick(), if !context.dry_run => step.progress(&format!("playing at {url}")),
        }
    };
    if context.dry_run { Ok(None) } else { finish(finished, url).map(Some) }
}

fn finish(finished: Finished, url: &str) -> Result<Value> {
    let seen = report(&finished.stdout);
    if let (true, Some(seen)) = (finished.success(), &seen) {
        return Ok(seen.clone());
    }
    let found = match &seen {
        Some(seen) => format!("{}\n{}", missed(seen), observations(seen).trim_end()),
        None => format!("the player ended with {}.\n{}", finished.ending(), finished.tail),
    };
    Err(Failure {
        exit: Exit::Verify,
        doing: format!("playing at {url}"),
        found,
        cause: String::new(),
        fix: "see whether the game is up there: `cargo xtask status`, `cargo xtask logs`".to_owned(),
    }
    .into())
}

/// The report is the last line of standard output that is a JSON object.
fn report(stdout: &str) -> Option<Value> {
    let object = |line| serde_json::from_str::<Value>(line).ok().filter(Value::is_object);
    stdout.lines().rev().find_map(object).or_else(|| object(stdout))
}

/// Why the run does not count as good, in one sentence.
fn missed(seen: &Value) -> String {
    let list = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
    };
    let reasons: Vec<String> =
        ["missed", "failures", "errors"].iter().flat_map(|key| list(&seen[*key])).collect();
    if reasons.is_empty() {
        "it did not go as it must.".to_owned()
    } else {
        format!("{}.", reasons.join("; "))
    }
}

/// The figures that people look at first, in one line.
fn summary(seen: &Value) -> String {
    let number = |key: &str| seen[key].as_f64();
    let mut parts = Vec::new();
    if let Some(ms) = number("join_p99_ms").or(number("join_ms")) {
        parts.push(format!("joined in {ms:.0} ms"));
    }
    if let Some(hz) = number("state_hz") {
        parts.push(format!("{hz:.1} states/s"));
    }
    if let Some(ms) = number("round_trip_p50_ms").or(number("round_trip_ms")) {
        parts.push(format!("round trip {ms:.1} ms"));
    }
    if let Some(bytes) = number("bytes_per_second") {
        parts.push(format!("{bytes:.0} B/s"));
    }
    if let Some(count) = number("disconnects") {
        parts.push(format!("{count:.0} disconnects"));
    }
    if parts.is_empty() { "all went well".to_owned() } else { parts.join(", ") }
}

/// What was tried, in order, and how it went; the figures where nothing was tried one by one.
pub fn observations(seen: &Value) -> String {
    let Some(list) = seen["observations"].as_array() else {
        return figures(seen);
    };
    let line = |one: &Value| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        let mark = if one["ok"] == true { "ok" } else { "FAIL" };
        format!("  {mark:<4}  {:<9}  {}\n", text("what"), text("detail"))
    };
    list.iter().map(line).collect()
}

/// Every figure on a line of its own, nested ones with their path.
pub fn figures(seen: &Value) -> String {
    let mut lines = Vec::new();
    collect(seen, "", &mut lines);
    let width = lines.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    lines.iter().map(|(key, value)| format!("  {key:<width$}  {value}\n")).collect()
}

fn collect(value: &Value, path: &str, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                collect(field, &path, lines);
            }
        }
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::String(text) => lines.push((path.to_owned(), text.clone())),
        other => lines.push((path.to_owned(), other.to_string())),
    }
}
