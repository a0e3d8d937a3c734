//! How well one phase of a simulation thread kept time during the last second.

use std::time::{Duration, Instant};

use crate::domain::TICK_RATE_HZ;
use crate::roles::room::clock::TICK;

/// One second of ticks.
const SAMPLES: usize = TICK_RATE_HZ as usize;

/// A ring of the last second's ticks.
#[derive(Debug)]
pub struct TickAccount {
    gap_excess_us: [u32; SAMPLES],
    work_us: [u32; SAMPLES],
    at: usize,
    last_start: Option<Instant>,
}

impl Default for TickAccount {
    fn default() -> Self {
        Self { gap_excess_us: [0; SAMPLES], work_us: [0; SAMPLES], at: 0, last_start: None }
    }
}

impl TickAccount {
    /// Notes that a tick starts; returns how much longer than a tick the gap to the one before was.
    pub fn started(&mut self, now: Instant) -> Duration {
        let gap = self.last_start.map_or(TICK, |last| now.saturating_duration_since(last));
        self.last_start = Some(now);
        let excess = gap.saturating_sub(TICK);
        self.at = (self.at + 1) % SAMPLES;
        self.gap_excess_us[self.at] = micros(excess);
        self.work_us[self.at] = 0;
        excess
    }

    /// Notes how long that tick kept the thread busy.
    pub fn worked(&mut self, work: Duration) {
        self.work_us[self.at] = micros(work);
    }

    /// 99th percentile (nearest rank) of the gaps beyond 16.667 ms; with 60 samples this is the longest.
    pub fn gap_excess_p99_us(&self) -> u32 {
        self.gap_excess_us.iter().copied().max().unwrap_or(0)
    }

    /// Part of the thread's time that these ticks took, 0 to 1 and more.
    pub fn busy(&self) -> f32 {
        let busy: u64 = self.work_us.iter().map(|work| u64::from(*work)).sum();
        busy as f32 / (TICK * SAMPLES as u32).as_micros() as f32
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
