//! Match results on their way to the ranking, each repeated until acknowledged, none in the way of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

use crate::domain::MatchResult;
use crate::net::bus::Bus;
use crate::protocol::bus::{ResultAck, SUBJECT_RESULT};
use crate::telemetry;

/// Results that wait while the ranking is away: 400 rooms of five minutes end 80 times a minute, so this is ten
/// minutes of them. When full, new results are dropped and counted.
const PENDING_MAX: usize = 800;
/// Results that are on the bus at the same time: what the ranking puts into one commit.
const HANDED_IN_AT_ONCE: usize = 64;
/// Storing takes milliseconds; a ranking that needs longer than this is on its way out.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Pause after the first failure of a result; doubled up to [`BACK_OFF_MAX`].
const BACK_OFF_MIN: Duration = Duration::from_millis(250);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// How often `finish` looks; a drain without matches must not feel slow.
const FINISH_POLL: Duration = Duration::from_millis(10);

/// Takes results from simulation threads; clones share the queue.
#[derive(Clone)]
pub struct Results {
    queue: mpsc::Sender<MatchResult>,
    pending: Arc<AtomicUsize>,
}

impl Results {
    /// Starts delivering.
    pub fn start(bus: Bus) -> Self {
        let (queue, queued) = mpsc::channel(PENDING_MAX);
        let pending = Arc::new(AtomicUsize::new(0));
        tokio::spawn(deliver_all(bus, queued, pending.clone()));
        Self { queue, pending }
    }

    /// Queues a result without waiting.
    pub fn offer(&self, result: MatchResult) {
        let waiting = self.pending.fetch_add(1, Ordering::AcqRel);
        if waiting >= PENDING_MAX || self.queue.try_send(result).is_err() {
            self.pending.fetch_sub(1, Ordering::AcqRel);
            metrics::counter!(telemetry::RESULTS_DROPPED).increment(1);
            tracing::error!(max = PENDING_MAX, "a match result is lost: too many wait for the ranking");
        }
    }

    /// Waits until everything is acknowledged, at most `limit`; returns how many are not.
    pub async fn finish(&self, limit: Duration) -> usize {
        let all = async {
            while self.pending.load(Ordering::Acquire) > 0 {
                sleep(FINISH_POLL).await;
            }
        };
        // Running out of time is no error here; the count says what it cost.
        let _ = timeout(limit, all).await;
        self.pending.load(Ordering::Acquire)
    }
}

/// A task for each of them, at most [`PENDING_MAX`].
async fn deliver_all(bus: Bus, mut queued: mpsc::Receiver<MatchResult>, pending: Arc<AtomicUsize>) {
    let handing_in = Arc::new(Semaphore::new(HANDED_IN_AT_ONCE));
    while let Some(result) = queued.recv().await {
        metrics::gauge!(telemetry::RESULTS_PENDING).set(pending.load(Ordering::Acquire) as f64);
        let (bus, pending, handing_in) = (bus.clone(), pending.clone(), handing_in.clone());
        tokio::spawn(async move {
            deliver(&bus, &result, &handing_in).await;
            let left = pending.fetch_sub(1, Ordering::AcqRel) - 1;
            metrics::gauge!(telemetry::RESULTS_PENDING).set(left as f64);
        });
    }
}

/// Each attempt waits for its turn, so one that is never acknowledged holds no place while it pauses.
async fn deliver(bus: &Bus, result: &MatchResult, handing_in: &Semaphore) {
    let mut back_off = BACK_OFF_MIN;
    loop {
        let turn = handing_in.acquire().await;
        match bus.request::<_, ResultAck>(SUBJECT_RESULT, result, ANSWER_MAX).await {
            // Stored, a duplicate, set aside, or not of a kind that is kept: in each case the ranking has decided.
            Ok(_) => return,
            Err(error) => tracing::warn!(room = result.room.0, %error, "no word from the ranking; repeating"),
        }
        drop(turn);
        sleep(back_off).await;
        back_off = (back_off * 2).min(BACK_OFF_MAX);
    }
}

#[cfg(test)]
mod tests;
