//! How long a player's answers take, measured here, and how old a picture that allows the player to have seen.
//!
//! A page says with each input how old the others were on its screen, and the room rewinds shots by that. What this
//! side measures bounds the claim: nobody gets more rewind than their line explains. Delaying one's own answers to
//! look slow costs real latency, and the room's own limit holds in any case.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::domain::{STATE_EVERY_TICKS, TICK_RATE_HZ, Tick};
use crate::protocol::delta::BASES_MAX;

/// What a page adds to the round trip on a good line: it draws others two states late, and its inputs are two ticks
/// early.
const PAGE_DELAY_TICKS: f64 = (2 * STATE_EVERY_TICKS + 2) as f64;
/// A claim may exceed the usual by the time between two states, since a picture is that much older just before the
/// next one.
const SLACK_TICKS: f64 = STATE_EVERY_TICKS as f64;
/// Shares of a new sample in the mean and in the deviation, and how many deviations a line may vary by: the
/// estimator of TCP's retransmission timer (RFC 6298), with half of its four deviations because nothing is resent.
const MEAN_SHARE: f64 = 1.0 / 8.0;
const DEVIATION_SHARE: f64 = 1.0 / 4.0;
const DEVIATIONS: f64 = 2.0;

/// The round trip of one player, from a State to the first input that acknowledges it.
#[derive(Debug, Default)]
pub struct Latency {
    /// States whose acknowledgement may still come, oldest first; no more than can be bases.
    sent: VecDeque<(Tick, Instant)>,
    /// Mean and deviation in ticks; nothing before the first acknowledgement.
    round_trip: Option<(f64, f64)>,
}

impl Latency {
    /// A State left.
    pub fn sent(&mut self, tick: Tick, now: Instant) {
        if self.sent.len() == BASES_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((tick, now));
    }

    /// An input came that acknowledges the State of this tick; only the first one for a tick counts.
    pub fn acked(&mut self, tick: Tick, now: Instant) {
        while let Some((of, at)) = self.sent.pop_front_if(|(of, _)| *of <= tick) {
            if of == tick {
                self.note(now.saturating_duration_since(at));
            }
        }
    }

    fn note(&mut self, sample: Duration) {
        let ticks = sample.as_secs_f64() * f64::from(TICK_RATE_HZ);
        let (mean, deviation) = self.round_trip.unwrap_or((ticks, ticks / 2.0));
        let off = (ticks - mean).abs();
        self.round_trip =
            Some((mean + (ticks - mean) * MEAN_SHARE, deviation + (off - deviation) * DEVIATION_SHARE));
    }

    /// The oldest picture that this line explains; 0 while nothing is measured.
    pub fn view_age_max(&self) -> Tick {
        self.round_trip.map_or(0, |(mean, deviation)| {
            (mean + DEVIATIONS * deviation + PAGE_DELAY_TICKS + SLACK_TICKS) as Tick
        })
    }
}

#[cfg(test)]
mod tests;
