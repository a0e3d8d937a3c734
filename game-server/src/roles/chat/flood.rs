//! How much one player may say: a window over accepted lines, whichever process accepted them.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::domain::PlayerId;

/// Lines of one player within [`WINDOW`]: fast talk passes, pasting and scripts do not.
const LINES_MAX: usize = 5;
/// How far back it counts.
const WINDOW: Duration = Duration::from_secs(8);
/// Players kept in mind: everybody who can have spoken within the window.
const PLAYERS_MAX: usize = 10_000;

/// When whom was heard.
#[derive(Default)]
pub struct Flood {
    heard: HashMap<PlayerId, VecDeque<Instant>>,
}

impl Flood {
    /// Whether one more line is fine.
    pub fn allows(&self, player: PlayerId, now: Instant) -> bool {
        let recent =
            |heard: &VecDeque<Instant>| heard.iter().filter(|at| now.duration_since(**at) < WINDOW).count();
        self.heard.get(&player).map_or(0, recent) < LINES_MAX
    }

    /// A line was accepted, here or elsewhere.
    pub fn note(&mut self, player: PlayerId, now: Instant) {
        if self.heard.len() >= PLAYERS_MAX {
            self.heard.retain(|_, heard| heard.back().is_some_and(|at| now.duration_since(*at) < WINDOW));
        }
        if self.heard.len() >= PLAYERS_MAX && !self.heard.contains_key(&player) {
            return;
        }
        let heard = self.heard.entry(player).or_default();
        heard.push_back(now);
        while heard.len() > LINES_MAX {
            heard.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
