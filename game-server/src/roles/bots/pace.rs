//! Which ticks the next inputs are for: early enough to be there in time, late enough to be fresh.

use std::time::{Duration, Instant};

use crate::domain::{TICK_RATE_HZ, Tick};
use crate::protocol::client::INPUTS_PER_MESSAGE_MAX;

/// Lead before the server has said anything about it: a round trip of 50 ms and a packet of two ticks.
const LEAD_TICKS_START: i32 = 6;
const LEAD_TICKS_MIN: i32 = 2;
/// What the server buffers, less one packet.
const LEAD_TICKS_MAX: i32 = 56;
/// Inputs should come this many ticks early: less risks being late, more is delay that a player feels.
const MARGIN_TICKS_MIN: i8 = 1;
const MARGIN_TICKS_MAX: i8 = 5;
/// A change of the lead needs about this long until its effect is told.
const SETTLE: Duration = Duration::from_millis(250);

/// An estimate of the server's tick and how far ahead of it inputs must be sent.
#[derive(Debug)]
pub struct Pace {
    /// The newest state and when it came.
    heard: Option<(Tick, Instant)>,
    lead_ticks: i32,
    changed: Instant,
    next_tick: Tick,
}

impl Pace {
    pub fn new(now: Instant) -> Pace {
        Pace { heard: None, lead_ticks: LEAD_TICKS_START, changed: now, next_tick: 0 }
    }

    /// Learns from a state; `margin_ticks` is how early the newest input came.
    pub fn hear(&mut self, tick: Tick, margin_ticks: i8, now: Instant) {
        // A state that was held up on its way must not turn the clock back.
        let overdue = self.heard.is_some_and(|_| self.server_tick(now) > tick + TICK_RATE_HZ / 10);
        if self.heard.is_none() || self.server_tick(now) <= tick || overdue {
            self.heard = Some((tick, now));
        }
        if now < self.changed + SETTLE || self.next_tick == 0 {
            return;
        }
        let step = if margin_ticks < MARGIN_TICKS_MIN {
            i32::from(MARGIN_TICKS_MIN - margin_ticks.max(-10))
        } else if margin_ticks > MARGIN_TICKS_MAX {
            -1
        } else {
            return;
        };
        self.lead_ticks = (self.lead_ticks + step).clamp(LEAD_TICKS_MIN, LEAD_TICKS_MAX);
        self.changed = now;
    }

    fn server_tick(&self, now: Instant) -> Tick {
        let Some((tick, at)) = self.heard else { return 0 };
        let ticks = now.saturating_duration_since(at).as_secs_f64() * f64::from(TICK_RATE_HZ);
        tick.saturating_add(ticks as Tick)
    }

    /// The ticks to send inputs for now, first and count; none before the first state or while far enough ahead.
    pub fn due(&mut self, now: Instant) -> Option<(Tick, usize)> {
        self.heard?;
        let target = self.server_tick(now).saturating_add_signed(self.lead_ticks);
        let oldest = target.saturating_sub(INPUTS_PER_MESSAGE_MAX as Tick - 1);
        let first = self.next_tick.max(oldest);
        let count = (target + 1).checked_sub(first).filter(|count| *count > 0)?;
        self.next_tick = target + 1;
        Some((first, count as usize))
    }
}

#[cfg(test)]
mod tests;
