//! What the one process left behind: its log, its store, its own word whether it is ready.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::Found;
use super::bundle::Bundle;
use crate::context::Context;
use crate::diagnosis::process::{self, Known};
use crate::diagnosis::redact::Redactor;
use crate::http;
use crate::local::Folder;
use crate::local::logs::last_lines;
use crate::target::BUNDLE_FILE;

/// As much as shows what led to the end.
const LOG_LINES: usize = 1000;
/// A process that does not answer within this is hanging.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

pub async fn look(context: &Context) -> Result<Found> {
    let folder = Folder::of(context);
    let (last, running) = (folder.last(), folder.running());
    let is_ready = match &running {
        Some(process) => process.is_ready().await,
        None => false,
    };
    let mut bundle = Bundle::new(Redactor::default());
    let raw = last_lines(&folder.log(), LOG_LINES);
    let log: Vec<String> = raw.iter().map(|line| bundle.redact(line)).collect();
    let known = Known {
        was_started: last.is_some(),
        is_alive: running.is_some(),
        is_ready,
        url: last.as_ref().map(|process| process.url.clone()).unwrap_or_default(),
        log,
    };
    bundle.lines("game-server.log", &known.log);
    bundle.json("process.json", json!(last));
    bundle.json("store.json", json!(files(&folder.data())));
    if let Some(process) = &running {
        for (name, path) in [("metrics.txt", "/metrics"), ("ready.txt", "/readyz")] {
            if let Ok(answer) = http::get(&process.admin, path, ANSWER_LIMIT).await {
                bundle.text(name, &format!("{}\n{}", answer.status, answer.body));
            }
        }
    }
    let pid = running.as_ref().map(|process| format!("pid {}", process.identity.pid));
    let state = format!(
        "{}; log {}, store {}",
        pid.unwrap_or("no process".to_owned()),
        folder.log().display(),
        folder.data().display()
    );
    let path = folder.0.join(BUNDLE_FILE);
    Ok(Found { state, causes: process::check(&known).into_iter().collect(), bundle, path })
}

/// Names and sizes of what the store is made of.
fn files(folder: &Path) -> Vec<(String, u64)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(String, u64)> = entries
        .map(|entry| {
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    files.sort();
    files
}
