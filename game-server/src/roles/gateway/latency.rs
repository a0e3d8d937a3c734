//! How long a player's answers take, measured here, and how old a picture that allows the player to have seen.
//!
//! A page says with each input how old the others were on its screen, and the room rewinds shots by that. What this
//! side measures bounds the claim: nobody gets more rewind than their line explains, whatever they say.
//!
//! Two kinds of answers are measured, and the faster one counts. What is made by the page, the acknowledgements of
//! states, can be held back to look slow while one plays on with what has come. Pongs of the WebSocket are made by the
//! browser, where no script can hold them back, so that delayed acknowledgements gain nothing. A client that is no browser
//! can delay both: it gains the ticks between its own bound and the room's, `REWIND_TICKS_MAX`, at most four.

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
/// Pings for the round trip: an estimate of eight follows a line that changes within seconds, for four bytes a second.
const PING_EVERY: Duration = Duration::from_secs(1);
/// Pings whose pongs may still come; who takes longer than this is cut off by the socket.
const PINGS_MAX: usize = 16;

/// One player's round trip, in two ways.
#[derive(Debug, Default)]
pub struct Latency {
    /// States whose acknowledgement may still come, oldest first; no more than can be bases.
    states: VecDeque<(Tick, Instant)>,
    pings: VecDeque<(u8, Instant)>,
    next_ping: u8,
    pinged: Option<Instant>,
    /// From a State to the first input that acknowledges it.
    of_page: RoundTrip,
    /// From a ping to its pong.
    of_line: RoundTrip,
}

/// Mean and deviation in ticks; nothing before the first answer.
#[derive(Debug, Default, Clone, Copy)]
struct RoundTrip(Option<(f64, f64)>);

impl RoundTrip {
    fn note(&mut self, sample: Duration) {
        let ticks = sample.as_secs_f64() * f64::from(TICK_RATE_HZ);
        let (mean, deviation) = self.0.unwrap_or((ticks, ticks / 2.0));
        let off = (ticks - mean).abs();
        self.0 = Some((mean + (ticks - mean) * MEAN_SHARE, deviation + (off - deviation) * DEVIATION_SHARE));
    }

    /// The longest that it usually takes.
    fn ticks(self) -> Option<f64> {
        self.0.map(|(mean, deviation)| mean + DEVIATIONS * deviation)
    }
}

impl Latency {
    /// A State left.
    pub fn sent(&mut self, tick: Tick, now: Instant) {
        if self.states.len() == BASES_MAX {
            self.states.pop_front();
        }
        self.states.push_back((tick, now));
    }

    /// An input came that acknowledges the State of this tick; only the first one for a tick counts.
    pub fn acked(&mut self, tick: Tick, now: Instant) {
        while let Some((of, at)) = self.states.pop_front_if(|(of, _)| *of <= tick) {
            if of == tick {
                self.of_page.note(now.saturating_duration_since(at));
            }
        }
    }

    /// What to ping with now, if it is time for a ping.
    pub fn ping(&mut self, now: Instant) -> Option<u8> {
        if self.pinged.is_some_and(|at| now.saturating_duration_since(at) < PING_EVERY) {
            return None;
        }
        if self.pings.len() == PINGS_MAX {
            self.pings.pop_front();
        }
        let number = self.next_ping;
        self.next_ping = number.wrapping_add(1);
        self.pinged = Some(now);
        self.pings.push_back((number, now));
        Some(number)
    }

    /// A pong came that carries this; only the first one for a ping counts, and none that nobody asked for.
    pub fn ponged(&mut self, payload: &[u8], now: Instant) {
        let place = self.pings.iter().position(|(number, _)| payload == [*number]);
        if let Some((_, at)) = place.and_then(|place| self.pings.drain(..=place).next_back()) {
            self.of_line.note(now.saturating_duration_since(at));
        }
    }

    /// The oldest picture that this line explains; 0 while either way is not measured.
    pub fn view_age_max(&self) -> Tick {
        let (Some(page), Some(line)) = (self.of_page.ticks(), self.of_line.ticks()) else { return 0 };
        (page.min(line) + PAGE_DELAY_TICKS + SLACK_TICKS) as Tick
    }
}

#[cfg(test)]
mod tests;
