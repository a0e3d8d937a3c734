//! Metrics of the hot path, looked up once.

use metrics::Counter;

use crate::protocol::view::State;
use crate::telemetry;

/// Handles that cost an addition each.
pub struct Counters {
    room_bytes: Counter,
    room_messages: Counter,
    states_sent: Counter,
    states_partial: Counter,
    states_skipped: Counter,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            room_messages: metrics::counter!(telemetry::ROOM_MESSAGES_SENT),
            room_bytes: metrics::counter!(telemetry::ROOM_BYTES_SENT),
            states_sent: metrics::counter!(telemetry::STATES_SENT),
            states_partial: metrics::counter!(telemetry::STATES_PARTIAL),
            states_skipped: metrics::counter!(telemetry::STATES_SKIPPED),
        }
    }
}

impl Counters {
    /// Counts a message on `/room`.
    pub fn count_message(&self, bytes: usize) {
        self.room_messages.increment(1);
        self.room_bytes.increment(bytes as u64);
    }

    /// Counts a state and those between it and the one before, which the player never gets.
    pub fn count_state(&self, state: &State) {
        self.states_sent.increment(1);
        self.states_partial.increment(u64::from(state.partial));
        self.states_skipped.increment(state.skipped as u64);
    }
}
