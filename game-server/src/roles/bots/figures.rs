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
    /// Time in matches, from the first state of each on, however many came after it.
    pub played: Duration,
    pub inputs_sent: u64,
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
    /// Nothing is counted before that, joins and errors aside.
    counts_from: Option<Instant>,
    first_state: Option<Instant>,
    last_state: Option<Instant>,
    last_position: Option<Body>,
}

impl Figures {
    /// Counts from then on; what comes before is warming up.
    pub fn counting_from(start: Instant) -> Figures {
        Figures { counts_from: Some(start), ..Figures::default() }
    }

    /// Whether things that happen now are counted.
    pub fn counts(&self, now: Instant) -> bool {
        self.counts_from.is_none_or(|start| now >= start)
    }

    /// Forgets where the last match was.
    pub fn start_match(&mut self) {
        self.matches += 1;
        self.first_state = None;
        self.last_state = None;
        self.last_position = None;
    }

    /// Adds the time that was played in the match that ends now.
    pub fn end_match(&mut self, now: Instant) {
        let start = self.first_state.max(self.counts_from.filter(|_| self.first_state.is_some()));
        self.played += start.map_or(Duration::ZERO, |start| now.saturating_duration_since(start));
    }

    pub fn count_state(&mut self, own: Option<OwnState>, now: Instant) {
        self.first_state.get_or_insert(now);
        if !self.counts(now) {
            return;
        }
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

    pub fn count_bytes(&mut self, bytes: usize, now: Instant) {
        if self.counts(now) {
            self.bytes += bytes as u64;
        }
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
