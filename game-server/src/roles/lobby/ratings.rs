//! Ratings that the ranking has told, for a while.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::domain::PlayerId;

/// Where everybody starts, and what counts for whom nothing is known: the ranking's own start.
const RATING_UNKNOWN: f64 = crate::store::rating::RATING_START;
/// A match moves a rating, so what is known gets old.
const KNOWN_FOR: Duration = Duration::from_secs(120);
/// Ratings kept: the people of a thousand full rooms.
const KNOWN_MAX: usize = 10_000;
/// After the ranking failed to answer, it is left alone for this long.
const PAUSE: Duration = Duration::from_secs(5);

/// What is known about whom.
#[derive(Default)]
pub struct Ratings {
    known: HashMap<PlayerId, Known>,
    paused_until: Option<Instant>,
}

struct Known {
    rating: f64,
    until: Instant,
}

impl Ratings {
    /// Whether the ranking should be asked about a player now.
    pub fn wants(&self, player: PlayerId, now: Instant) -> bool {
        let paused = self.paused_until.is_some_and(|until| until > now);
        !paused && self.known.get(&player).is_none_or(|known| known.until <= now)
    }

    /// The ranking answered; a player it does not know starts where everybody starts.
    pub fn note(&mut self, player: PlayerId, rating: Option<f64>, now: Instant) {
        if self.known.len() >= KNOWN_MAX {
            self.known.retain(|_, known| known.until > now);
        }
        if self.known.len() < KNOWN_MAX {
            let rating = rating.filter(|rating| rating.is_finite()).unwrap_or(RATING_UNKNOWN);
            self.known.insert(player, Known { rating, until: now + KNOWN_FOR });
        }
    }

    /// The ranking did not answer; seats are given without it.
    pub fn pause(&mut self, now: Instant) {
        self.paused_until = Some(now + PAUSE);
    }

    /// The best guess.
    pub fn of(&self, player: PlayerId) -> f64 {
        self.known.get(&player).map_or(RATING_UNKNOWN, |known| known.rating)
    }

    /// The mean of several; the start for none.
    pub fn mean(&self, players: &[PlayerId]) -> f64 {
        if players.is_empty() {
            return RATING_UNKNOWN;
        }
        players.iter().map(|player| self.of(*player)).sum::<f64>() / players.len() as f64
    }
}
