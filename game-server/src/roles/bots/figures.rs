//! What one player counts while it plays.

use std::time::{Duration, Instant};

use crate::domain::{GameEvent, Slot};
use crate::protocol::delta::decode::OwnState;
use crate::sim::movement::Body;

/// A respawn moves a player farther than feet do in the 50 ms between two states.
const STRIDE_MAX: f32 = 40.0;

/// Counts of one player over all matches that it plays.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub join_ms: Vec<f64>,
    pub round_trip_ms: Vec<f64>,
    pub tick_gap_excess_us: Vec<u32>,
    pub matches: u32,
    pub states: u64,
    /// States that followed another, and the time between the first and the last of each match.
    pub intervals: u64,
    pub in_match: Duration,
    /// WebSocket payload received in matches.
    pub bytes: u64,
    pub unreadable: u64,
    pub hits: u64,
    pub kills: u64,
    pub distance: f64,
    /// Why connections ended before their time.
    pub disconnects: Vec<String>,
    /// Why a match could not be entered.
    pub join_failures: Vec<String>,
    last_state: Option<Instant>,
    last_position: Option<Body>,
}

impl Figures {
    /// Forgets where the last match was.
    pub fn start_match(&mut self) {
        self.matches += 1;
        self.last_state = None;
        self.last_position = None;
    }

    pub fn count_state(&mut self, own: Option<OwnState>, now: Instant) {
        self.states += 1;
        if let Some(before) = self.last_state.replace(now) {
            self.intervals += 1;
            self.in_match += now.saturating_duration_since(before);
        }
        let body = own.map(|own| Body::from_quanta(own.x, own.y, own.velocity_x, own.velocity_y));
        if let (Some(before), Some(body)) = (self.last_position, body) {
            let stride = body.position.minus(before.position).length();
            self.distance += if stride < STRIDE_MAX { f64::from(stride) } else { 0.0 };
        }
        self.last_position = body;
    }

    pub fn count_events(&mut self, own: Slot, events: &[GameEvent]) {
        for event in events {
            match event {
                GameEvent::Hit { shooter, .. } if *shooter == own => self.hits += 1,
                GameEvent::Kill { killer, .. } if *killer == own => self.kills += 1,
                _ => {}
            }
        }
    }

    /// States per second of play; nothing before there was enough of it.
    pub fn state_hz(&self) -> Option<f64> {
        self.per_second(self.intervals as f64)
    }

    pub fn bytes_per_second(&self) -> Option<f64> {
        self.per_second(self.bytes as f64)
    }

    fn per_second(&self, count: f64) -> Option<f64> {
        let seconds = self.in_match.as_secs_f64();
        (seconds >= 0.5).then_some(count / seconds)
    }
}
