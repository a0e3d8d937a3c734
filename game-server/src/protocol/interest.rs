//! What one client hears of when not everything fits: what is near first, then whoever has waited most.
//!
//! Three classes, in this order: a few things that have waited too long wherever they are, what is near, the rest.
//! Within a class the higher priority goes first: it gathers with every tick that a thing waits, faster the nearer it
//! is. The first in order is always told, so a message that cannot hold it is not worth sending yet.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use crate::domain::{MAP_SIZE, Slot, Tick};

/// Half of the 560 units that the smallest screen shows, and what a shot flies in half a second: what is nearer can be
/// seen and can hurt before it could be told again.
pub const NEAR_UNITS: u32 = 320;
/// What has waited this long goes before everything else: a second is when a far player's absence starts to show.
pub const OVERDUE_TICKS: Tick = 60;
/// So many of those in one message, so that they cannot crowd out what is near.
pub const OVERDUE_PER_MESSAGE: usize = 2;
/// A thing beside the player gathers priority this many times as fast as one across the map.
const WEIGHT_MAX: u32 = 8;

/// Something that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    Player(Slot),
    /// By the id that the room gave it.
    Shot(u16),
}

/// Something that could be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub thing: Thing,
    /// What telling it takes.
    pub bits: u32,
    /// From the own player, in world units.
    pub distance: u32,
    /// Since when the client has not known the truth.
    pub waited: Tick,
    /// What it has gathered; see [`weight`].
    pub priority: u32,
}

/// Priority that a thing at this distance gathers in a tick.
pub fn weight(distance: u32) -> u32 {
    let across = u32::from(MAP_SIZE);
    1 + (WEIGHT_MAX - 1) * across.saturating_sub(distance) / across
}

/// Which of the candidates to tell in `budget_bits`; nothing when not even the first one fits.
pub fn choose(mut candidates: Vec<Candidate>, budget_bits: u32) -> Option<Vec<Thing>> {
    candidates.sort_by_key(|candidate| Reverse(candidate.waited));
    let overdue = candidates.iter().take_while(|candidate| candidate.waited >= OVERDUE_TICKS).count();
    let first = overdue.min(OVERDUE_PER_MESSAGE);
    candidates[first..].sort_by_key(|candidate| {
        (candidate.distance > NEAR_UNITS, Reverse(candidate.priority), Reverse(candidate.waited))
    });
    if candidates.first().is_some_and(|first| first.bits > budget_bits) {
        return None;
    }
    let mut left = budget_bits;
    let mut told = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        if candidate.bits <= left {
            left -= candidate.bits;
            told.push(candidate.thing);
        }
    }
    Some(told)
}
