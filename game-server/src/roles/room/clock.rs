//! When the next tick is due: absolute deadlines, so that lateness never accumulates.

use std::time::{Duration, Instant};

use crate::domain::TICK_RATE_HZ;

/// Time between two ticks, 16.667 ms.
pub const TICK: Duration = Duration::from_nanos(1_000_000_000 / TICK_RATE_HZ as u64);
/// Ticks that one wake-up may make up for: a hiccup of 67 ms is caught up, a longer one is given up, since running
/// faster for longer than that would only make the next ticks late as well.
pub const CATCH_UP_TICKS_MAX: u32 = 4;

/// What to do after waking up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Ticks to simulate now.
    pub ticks: u32,
    /// Ticks that are given up; time in the rooms stood still for that long.
    pub dropped: u32,
}

/// The deadlines of one phase of a simulation thread.
#[derive(Debug)]
pub struct TickClock {
    next: Instant,
}

impl TickClock {
    /// The first tick is due one tick from now.
    pub fn new(now: Instant) -> Self {
        Self { next: now + TICK }
    }

    /// When to wake up.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// How long to sleep.
    pub fn wait(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// Moves on to the first deadline after `now`; call it at or after the current one.
    pub fn advance(&mut self, now: Instant) -> Due {
        let late = now.saturating_duration_since(self.next);
        let passed = 1 + u32::try_from(late.as_nanos() / TICK.as_nanos()).unwrap_or(u32::MAX - 1);
        self.next += TICK * passed;
        let ticks = passed.min(CATCH_UP_TICKS_MAX);
        Due { ticks, dropped: passed - ticks }
    }
}

#[cfg(test)]
mod tests;
