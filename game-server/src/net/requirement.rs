//! Which proofs peers must bring: a number in a file, read again and again, so that a deploy raises it in pods that run.
//!
//! A rollout mixes builds that know a proof with builds that do not. The new ones accept both until every pod is new;
//! then the number goes up. Without a file, and before one could be read, everything is required.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::telemetry;

#[cfg(test)]
mod tests;

/// The file is a few bytes in memory, and the kubelet takes seconds to change it.
const READ_EVERY: Duration = Duration::from_secs(1);

/// Proofs up to this number are required; clones share it.
#[derive(Debug, Clone)]
pub struct Requirement {
    level: Arc<AtomicU32>,
}

impl Default for Requirement {
    fn default() -> Self {
        Self::up_to(u32::MAX)
    }
}

impl Requirement {
    /// Proofs up to this number, until told otherwise.
    pub fn up_to(level: u32) -> Self {
        Self { level: Arc::new(AtomicU32::new(level)) }
    }

    /// Whether a peer without the proof of this number is turned away.
    pub fn includes(&self, proof: u32) -> bool {
        self.level.load(Ordering::Acquire) >= proof
    }

    /// Says it in the metrics, and what the file says from now on for as long as the process lives.
    pub fn start(self, file: Option<PathBuf>) {
        self.show();
        let Some(file) = file else { return };
        // Before anybody is met.
        self.take(&std::fs::read_to_string(&file).unwrap_or_default());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(READ_EVERY).await;
                // A file that is away for a moment says nothing new.
                if let Ok(text) = tokio::fs::read_to_string(&file).await {
                    self.take(&text);
                }
            }
        });
    }

    fn take(&self, text: &str) {
        let Ok(level) = text.trim().parse::<u32>() else { return };
        if self.level.swap(level, Ordering::AcqRel) != level {
            tracing::info!(level, "proofs up to this number are required from now on");
            self.show();
        }
    }

    fn show(&self) {
        metrics::gauge!(telemetry::PROOFS_REQUIRED).set(f64::from(self.level.load(Ordering::Acquire)));
    }
}
