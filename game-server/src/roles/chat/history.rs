//! The newest lines of every channel, bounded in lines, channels and bytes.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use crate::domain::PlayerId;
use crate::domain::text::names::Looks;
use crate::protocol::bus::ChatLine;
use crate::roles::chat::channel::Channel;

/// Lines kept per channel: what somebody who joins reads before the first answer.
pub const LINES_MAX: usize = 50;
/// Channels kept, the longest silent one goes first: ten times the rooms of the largest cluster.
const CHANNELS_MAX: usize = 4_096;
/// What all of it may take: half of the 16 MiB that a replica may grow by, since the other half is for the queues of the
/// bus, for floods, and for what the allocator cannot give back. These are 8,000 full lines, or 400 rooms with 50 lines
/// of common length.
pub const BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a line takes besides its two texts: its place in a queue that has grown to twice its size, and what the
/// allocator adds to each of them.
const LINE_BYTES: usize = 2 * size_of::<Kept>() + 2 * ALLOCATION_BYTES;
/// The same for a channel in a table that is half empty, and the smallest queue.
const CHANNEL_BYTES: usize =
    2 * (size_of::<(Channel, Spoken)>() + 1) + 4 * size_of::<Kept>() + ALLOCATION_BYTES;
/// Header and rounding of one allocation.
const ALLOCATION_BYTES: usize = 32;

/// What was said.
#[derive(Default)]
pub struct History {
    channels: HashMap<Channel, Spoken>,
    /// What all lines and channels count.
    bytes: usize,
}

struct Spoken {
    lines: VecDeque<Kept>,
    heard_at: Instant,
}

/// A line without the name of its channel.
struct Kept {
    id: u64,
    player: PlayerId,
    looks: Looks,
    name: Box<str>,
    text: Box<str>,
    at_ms: u64,
}

impl Kept {
    fn bytes(&self) -> usize {
        LINE_BYTES + self.name.len() + self.text.len()
    }
}

impl History {
    /// Keeps a line; one that is there already changes nothing. Whispers are nobody else's business and are not kept.
    pub fn note(&mut self, line: ChatLine, channel: Channel, now: Instant) {
        if matches!(channel, Channel::Whisper(_)) {
            return;
        }
        let kept = Kept {
            id: line.id,
            player: line.player,
            looks: Looks::of(&line.name),
            name: line.name.into(),
            text: line.text.into(),
            at_ms: line.at_ms,
        };
        let added = self.channels.entry(channel).or_insert_with(|| {
            self.bytes += CHANNEL_BYTES;
            Spoken { lines: VecDeque::new(), heard_at: now }
        });
        if added.lines.iter().any(|known| known.id == kept.id) {
            return;
        }
        added.heard_at = now;
        self.bytes += kept.bytes();
        added.lines.push_back(kept);
        if added.lines.len() > LINES_MAX {
            self.bytes -= added.lines.pop_front().map_or(0, |oldest| oldest.bytes());
        }
        while self.bytes > BYTES_MAX || self.channels.len() > CHANNELS_MAX {
            if !self.forget_the_longest_silent() {
                return;
            }
        }
    }

    /// Newest last.
    pub fn of(&self, channel: Channel) -> Vec<ChatLine> {
        let to_line = |kept: &Kept| ChatLine {
            id: kept.id,
            channel: channel.to_string(),
            player: kept.player,
            name: kept.name.to_string(),
            text: kept.text.to_string(),
            at_ms: kept.at_ms,
        };
        self.channels.get(&channel).map(|of| of.lines.iter().map(to_line).collect()).unwrap_or_default()
    }

    /// How the others are called who spoke lately; whispers are read beside what everybody hears.
    pub fn looks_of_others(&self, channel: Channel, player: PlayerId) -> Vec<Looks> {
        let channel = if matches!(channel, Channel::Whisper(_)) { Channel::Global } else { channel };
        let lines = self.channels.get(&channel).into_iter().flat_map(|of| &of.lines);
        lines.filter(|line| line.player != player).map(|line| line.looks).collect()
    }

    /// What everybody hears stays, however silent it is; false when there is nothing else.
    fn forget_the_longest_silent(&mut self) -> bool {
        let others = self.channels.iter().filter(|(channel, _)| **channel != Channel::Global);
        let silent = others.min_by_key(|(_, of)| of.heard_at).map(|(channel, _)| *channel);
        let Some(forgotten) = silent.and_then(|channel| self.channels.remove(&channel)) else {
            return false;
        };
        self.bytes -= CHANNEL_BYTES + forgotten.lines.iter().map(Kept::bytes).sum::<usize>();
        true
    }
}

#[cfg(test)]
mod tests;
