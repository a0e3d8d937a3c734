//! What rooms cost: a histogram of ticks whose recording takes no memory and no lock.

use std::time::Duration;

/// Buckets a quarter of an octave wide, from 1 µs to 65 ms: a percentile is at most 19 % too high.
const BUCKETS: usize = 64;
const BUCKETS_PER_OCTAVE: f32 = 4.0;
/// A room's mean forgets half of what was in about three quarters of a second.
const MEAN_WEIGHT: f32 = 1.0 / 64.0;

/// Ticks of rooms by what they took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostHistogram {
    counts: [u32; BUCKETS],
}

impl Default for CostHistogram {
    fn default() -> Self {
        Self { counts: [0; BUCKETS] }
    }
}

impl CostHistogram {
    /// Counts one tick of one room.
    pub fn record(&mut self, cost: Duration) {
        let micros = cost.as_secs_f32() * 1e6;
        let bucket = (micros.max(1.0).log2() * BUCKETS_PER_OCTAVE).ceil() as usize;
        self.counts[bucket.min(BUCKETS - 1)] += 1;
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &CostHistogram) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
    }

    /// The value in µs that a share of the ticks did not exceed; 0 when there were none.
    pub fn percentile_us(&self, share: f32) -> u32 {
        let total: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let wanted = (total as f32 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if total > 0 && seen >= wanted {
                return (bucket as f32 / BUCKETS_PER_OCTAVE).exp2().round() as u32;
            }
        }
        0
    }

    pub fn clear(&mut self) {
        self.counts = [0; BUCKETS];
    }
}

/// What one room takes per tick, as a moving mean in µs.
#[derive(Debug, Clone, Copy, Default)]
pub struct MeanCost {
    micros: Option<f32>,
}

impl MeanCost {
    pub fn record(&mut self, cost: Duration) {
        let now = cost.as_secs_f32() * 1e6;
        let before = self.micros.unwrap_or(now);
        self.micros = Some(before + (now - before) * MEAN_WEIGHT);
    }

    pub fn micros(self) -> u32 {
        self.micros.unwrap_or(0.0).round() as u32
    }
}

#[cfg(test)]
mod tests;
