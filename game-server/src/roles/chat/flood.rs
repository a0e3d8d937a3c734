//! How much may be said: windows over accepted lines of one player, of one channel and of all, whichever process
//! accepted them.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::domain::PlayerId;
use crate::roles::chat::channel::Channel;
use crate::roles::chat::refusal::Refusal;

/// How far back it counts.
pub const WINDOW: Duration = Duration::from_secs(8);
/// Lines of one player within [`WINDOW`]: fast talk passes, pasting and scripts do not.
pub const PLAYER_LINES_MAX: usize = 5;
/// Lines on one channel within [`WINDOW`]: ten people of a room who all talk as fast as they may. On `global` it is more
/// than anybody can read, however many people there are and however many of them are one.
pub const CHANNEL_LINES_MAX: usize = 50;
/// Lines of all channels within [`WINDOW`], 250 a second: four thousand players in 400 rooms, each of whom says something
/// every 16 s. Every gateway hears all of them.
pub const LINES_MAX: usize = 2_000;
/// Players and channels kept in mind: five times as many as can have spoken within the window.
const HEARD_MAX: usize = 10_000;

/// When whom was heard where.
pub struct Flood {
    players: Windows<PlayerId>,
    channels: Windows<Channel>,
    all: Windows<()>,
}

impl Default for Flood {
    fn default() -> Self {
        Self {
            players: Windows::new(PLAYER_LINES_MAX),
            channels: Windows::new(CHANNEL_LINES_MAX),
            all: Windows::new(LINES_MAX),
        }
    }
}

impl Flood {
    /// Whether one more line is fine.
    pub fn check(&self, player: PlayerId, channel: Channel, now: Instant) -> Result<(), Refusal> {
        if !self.players.has_room(&player, now) {
            return Err(Refusal::Flood);
        }
        if !self.channels.has_room(&channel, now) || !self.all.has_room(&(), now) {
            return Err(Refusal::Busy);
        }
        Ok(())
    }

    /// A line was accepted, here or elsewhere.
    pub fn note(&mut self, player: PlayerId, channel: Channel, now: Instant) {
        self.players.note(player, now);
        self.channels.note(channel, now);
        self.all.note((), now);
    }
}

/// The newest lines of each of many.
struct Windows<K> {
    lines_max: usize,
    heard: HashMap<K, VecDeque<Instant>>,
}

impl<K: Eq + Hash> Windows<K> {
    fn new(lines_max: usize) -> Self {
        Self { lines_max, heard: HashMap::new() }
    }

    /// The oldest of as many as may be said must be out of the window.
    fn has_room(&self, of: &K, now: Instant) -> bool {
        self.heard.get(of).is_none_or(|heard| {
            heard.len() < self.lines_max || heard.front().is_none_or(|at| now.duration_since(*at) >= WINDOW)
        })
    }

    fn note(&mut self, of: K, now: Instant) {
        if self.heard.len() >= HEARD_MAX {
            self.heard.retain(|_, heard| heard.back().is_some_and(|at| now.duration_since(*at) < WINDOW));
        }
        if self.heard.len() >= HEARD_MAX && !self.heard.contains_key(&of) {
            return;
        }
        let heard = self.heard.entry(of).or_default();
        heard.push_back(now);
        while heard.len() > self.lines_max {
            heard.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
