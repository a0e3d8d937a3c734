//! Deadlines that count only time in which this process ran.
//!
//! A process that was stopped (SIGSTOP, a debugger, a node that blinks, a closed lid) wakes with all its deadlines
//! passed, and what its peers said meanwhile unread. Its own sleep says nothing about them.

use std::time::Duration;
use tokio::time::Instant;

/// A limit passes in this many parts.
const PARTS: u32 = 5;
/// A part that took this many times as long was slept through, at least for most of it.
const OVERSLEPT: u32 = 2;

/// Too much time has passed in which this process ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it took too long")]
pub struct Elapsed;

/// As [`tokio::time::timeout`], but parts of the limit that this process slept through do not count.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = std::pin::pin!(future);
    let part = limit / PARTS;
    let mut passed = 0;
    while passed < PARTS {
        let began = Instant::now();
        if let Ok(output) = tokio::time::timeout(part, future.as_mut()).await {
            return Ok(output);
        }
        passed += u32::from(began.elapsed() < part * OVERSLEPT);
    }
    Err(Elapsed)
}

#[cfg(test)]
mod tests;
