//! What operators see of the ranking: results that were set aside, and why none can be stored.

use std::sync::Mutex;

use crate::net::admin::Readiness;
use crate::store::Store;
use crate::store::results::{NotStored, Recorded};
use crate::telemetry;

/// Told on `/readyz` and in two gauges. Neither makes the role unready: leaderboards are still read.
pub struct Health {
    ready: Readiness,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    dead_letters: u64,
    failing: Option<String>,
}

impl Health {
    /// Hands dead letters of earlier runs in again.
    pub async fn new(store: &Store, ready: Readiness) -> Health {
        let dead_letters = store.retry_dead_letters().await.unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "dead letters could not be read");
            0
        });
        let health = Health { ready, known: Mutex::new(Known { dead_letters, failing: None }) };
        health.note(&[]);
        health
    }

    /// What became of some results.
    pub fn note(&self, answers: &[Result<Recorded, NotStored>]) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let buried = answers.iter().filter(|answer| matches!(answer, Ok(Recorded::DeadLetter))).count();
        known.dead_letters += buried as u64;
        if let Some(last) = answers.last() {
            let failing = last.as_ref().err().map(ToString::to_string);
            match (&known.failing, &failing) {
                (None, Some(error)) => {
                    tracing::error!(error, "results cannot be stored; hosts keep them and repeat")
                }
                (Some(_), None) => tracing::info!("results are stored again"),
                _ => {}
            }
            known.failing = failing;
        }
        metrics::gauge!(telemetry::DEAD_LETTERS).set(known.dead_letters as f64);
        metrics::gauge!(telemetry::STORE_FAILING).set(if known.failing.is_some() { 1.0 } else { 0.0 });
        self.ready.remark(known.remark());
    }
}

impl Known {
    fn remark(&self) -> Option<String> {
        let letters = match self.dead_letters {
            0 => None,
            count => Some(format!(
                "dead letters: {count} results cannot be stored and are set aside (table dead_letters; they are tried \
                 again at every start)"
            )),
        };
        let failing = self.failing.as_ref().map(|error| format!("results cannot be stored now: {error}"));
        let lines: Vec<String> = failing.into_iter().chain(letters).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}
