//! Draining and ending the process.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::context::Context;
use crate::http;
use crate::local::{ANSWER_LIMIT, DRAIN_LIMIT, Process};
use crate::metrics::Metrics;

/// Two signals closer together than this may arrive as one.
const SIGNAL_GAP: Duration = Duration::from_millis(250);
/// With its matches ended, it only has results to store.
const END_LIMIT: Duration = Duration::from_secs(10);
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Ends the process: at once with `now` (matches end with a result), else when nobody plays any more.
pub async fn end(context: &Context, process: &Process, now: bool) -> Result<()> {
    let step = context.report.step("stop", "the game server");
    let people = people(process).await.unwrap_or(0);
    if !process.identity.terminate(&context.report) {
        step.skipped(&format!("the game server, pid {}, would be ended", process.identity.pid));
        return Ok(());
    }
    if !now {
        if people > 0 {
            let text = format!("{} in a match; it ends first (`--now` ends it at once)", players(people));
            context.report.note("drain", &text);
        }
        let deadline = Instant::now() + DRAIN_LIMIT;
        while !process.identity.wait_for_end(PROGRESS_EVERY).await && Instant::now() < deadline {
            if let Some(people) = self::people(process).await {
                step.progress(&format!("waiting for {} to finish the match", players(people)));
            }
        }
    }
    if !process.identity.wait_for_end(SIGNAL_GAP).await {
        process.identity.terminate(&context.report);
    }
    if !process.identity.wait_for_end(END_LIMIT).await {
        context.report.warn("the game server did not end within 10 s of the second SIGTERM and was killed");
        process.identity.kill(&context.report);
        process.identity.wait_for_end(END_LIMIT).await;
    }
    step.done(&format!("the game server, pid {}", process.identity.pid));
    Ok(())
}

/// People in matches now; `None` when the admin port does not answer.
pub async fn people(process: &Process) -> Option<u64> {
    let answer = http::get(&process.admin, "/metrics", ANSWER_LIMIT).await.ok()?;
    Some(Metrics::parse(&answer.body).sum("game_players").unwrap_or(0.0) as u64)
}

fn players(count: u64) -> String {
    if count == 1 { "one player is".to_owned() } else { format!("{count} players are") }
}
