//! The one process.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::{Feel, format_uptime, screen};
use crate::context::Context;
use crate::http;
use crate::local::{Folder, Process};
use crate::metrics::Metrics;

/// A process that does not answer within this is hanging, and status says so.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

pub async fn show(context: &Context) -> Result<()> {
    let folder = Folder::of(context);
    let Some(process) = folder.running() else {
        return stopped(context, &folder);
    };
    let (ready, answer) =
        tokio::join!(process.is_ready(), http::get(&process.admin, "/metrics", ANSWER_LIMIT));
    let feel = answer.ok().map(|answer| Feel::of(&Metrics::parse(&answer.body)));
    let memory_bytes = memory_bytes(process.identity.pid);
    let mut lines = vec![("play", process.url.clone()), ("state", state(&process, ready, memory_bytes))];
    if let Some(feel) = &feel {
        lines.push(("players", feel.players_text()));
        lines.push(("ticks", feel.ticks_text()));
        lines.extend(feel.results.text().map(|text| ("results", text)));
    }
    lines.push(("log", folder.log().display().to_string()));
    lines.push(("data", folder.data().display().to_string()));
    let value = json!({
        "target": "local",
        "state": if ready { "running" } else { "unready" },
        "url": process.url,
        "pid": process.identity.pid,
        "uptime_s": process.uptime().as_secs(),
        "memory_bytes": memory_bytes,
        "admin": process.admin,
        "log": folder.log(),
        "data": folder.data(),
        "feel": feel.map(|feel| feel.json()),
    });
    context.report.result(value, &screen(&lines));
    Ok(())
}

fn stopped(context: &Context, folder: &Folder) -> Result<()> {
    let text = match folder.last() {
        Some(_) => {
            "the game is not running (stopped, or the machine was restarted); `cargo xtask start` wakes it\n"
        }
        None => "nothing is up; `cargo xtask up` brings the game up\n",
    };
    let state = if folder.last().is_some() { "stopped" } else { "absent" };
    context.report.result(json!({"target": "local", "state": state}), text);
    Ok(())
}

fn state(process: &Process, ready: bool, memory_bytes: Option<u64>) -> String {
    let memory = memory_bytes.map_or(String::new(), |bytes| format!(", {} MB", bytes / 1_000_000));
    let uptime = format_uptime(process.uptime().as_secs());
    let state = if ready { "ready" } else { "not ready: it drains or hangs, see the log" };
    let build = if process.is_development { " of `cargo xtask dev`" } else { "" };
    format!("{state}; one process{build}, pid {}, for {uptime}{memory}", process.identity.pid)
}

/// Resident memory where the system tells it in a file.
fn memory_bytes(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}
