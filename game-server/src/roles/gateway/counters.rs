//! Metrics of the hot path, looked up once.

use metrics::Counter;

use crate::domain::{STATE_EVERY_TICKS, Tick};
use crate::telemetry;

/// Handles that cost an addition each.
pub struct Counters {
    pub room_bytes: Counter,
    states_sent: Counter,
    states_skipped: Counter,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            room_bytes: metrics::counter!(telemetry::ROOM_BYTES_SENT),
            states_sent: metrics::counter!(telemetry::STATES_SENT),
            states_skipped: metrics::counter!(telemetry::STATES_SKIPPED),
        }
    }
}

impl Counters {
    /// Counts a state and those between it and the one before, which the player never gets.
    pub fn count_state(&self, before: Tick, tick: Tick) {
        self.states_sent.increment(1);
        if before > 0 {
            let skipped = (tick.saturating_sub(before) / STATE_EVERY_TICKS).saturating_sub(1);
            self.states_skipped.increment(u64::from(skipped));
        }
    }
}
