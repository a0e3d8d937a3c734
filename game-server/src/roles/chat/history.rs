//! The newest lines of every channel, bounded in both directions.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use crate::protocol::bus::ChatLine;

/// Lines kept per channel: what somebody who joins reads before the first answer.
pub const LINES_MAX: usize = 50;
/// Channels kept, the longest silent one goes first: 4 096 × 50 lines are about 60 MB at worst, 2 MB in practice.
const CHANNELS_MAX: usize = 4_096;

/// What was said.
#[derive(Default)]
pub struct History {
    channels: HashMap<String, Channel>,
}

struct Channel {
    lines: VecDeque<ChatLine>,
    heard_at: Instant,
}

impl History {
    /// Keeps a line; one that is there already changes nothing.
    pub fn note(&mut self, line: ChatLine, now: Instant) {
        if !self.channels.contains_key(&line.channel) && self.channels.len() >= CHANNELS_MAX {
            self.forget_the_longest_silent();
        }
        let fresh = || Channel { lines: VecDeque::new(), heard_at: now };
        let channel = self.channels.entry(line.channel.clone()).or_insert_with(fresh);
        if channel.lines.iter().any(|known| known.id == line.id) {
            return;
        }
        channel.heard_at = now;
        channel.lines.push_back(line);
        if channel.lines.len() > LINES_MAX {
            channel.lines.pop_front();
        }
    }

    /// Newest last.
    pub fn of(&self, channel: &str) -> Vec<ChatLine> {
        self.channels.get(channel).map(|channel| channel.lines.iter().cloned().collect()).unwrap_or_default()
    }

    fn forget_the_longest_silent(&mut self) {
        let silent = self.channels.iter().min_by_key(|(_, channel)| channel.heard_at);
        if let Some(name) = silent.map(|(name, _)| name.clone()) {
            self.channels.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests;
