//! Who sits where, as one client has been told it: each roster message says what changed since the one before.
//!
//! Names are long and come in crowds, so they have an allowance of their own: whoever comes and goes all the time costs
//! the others neither states nor more than this.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::domain::{PLAYERS_PER_ROOM_MAX, RosterEntry, Slot, TICK_RATE_HZ, Tick};
use crate::protocol::budget::{Allowance, Budget};
use crate::protocol::client::{CLIENT_VERSION_OF_ROSTER_CHANGES, ServerMessage, encode_server};

/// Rosters that one client gets in a second at most: nobody reads names faster.
const ROSTERS_PER_SECOND: Tick = 2;
const ROSTER_EVERY_TICKS: Tick = TICK_RATE_HZ / ROSTERS_PER_SECOND;
/// What an entry takes with the longest name: slot, flags, player, length, 16 characters of 4 bytes.
const ENTRY_BYTES_MAX: u32 = 1 + 1 + 8 + 1 + 64;
/// Two such entries in each message go on for ever, more than ten players who come and go as fast as they are let
/// make; a whole room of them may come at once.
pub const ROSTER_ALLOWANCE: Allowance = Allowance {
    bytes_per_second: ROSTERS_PER_SECOND * (4 + 2 * ENTRY_BYTES_MAX),
    burst_bytes: 4 + PLAYERS_PER_ROOM_MAX as u32 * ENTRY_BYTES_MAX,
};

/// From one roster to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RosterChange {
    /// Bit n: nobody sits on slot n any more.
    pub gone: u16,
    /// Who sits down or changes, by slot.
    pub entries: Vec<RosterEntry>,
}

impl RosterChange {
    /// What leads from one roster to the other; both by slot.
    pub fn between(before: &[RosterEntry], now: &[RosterEntry]) -> RosterChange {
        let is_gone = |entry: &&RosterEntry| !now.iter().any(|other| other.slot == entry.slot);
        let gone = before.iter().filter(is_gone).fold(0, |gone, entry| gone | bit(entry.slot));
        let entries = now.iter().filter(|entry| !before.contains(entry)).cloned().collect();
        RosterChange { gone, entries }
    }

    pub fn is_empty(&self) -> bool {
        self.gone == 0 && self.entries.is_empty()
    }

    /// The client's side.
    pub fn apply(self, roster: &mut Vec<RosterEntry>) {
        let is_new = |slot: Slot| self.entries.iter().any(|entry| entry.slot == slot);
        roster.retain(|entry| self.gone & bit(entry.slot) == 0 && !is_new(entry.slot));
        roster.extend(self.entries);
        roster.sort_by_key(|entry| entry.slot);
    }
}

/// A slot that no room has is no bit.
fn bit(slot: Slot) -> u16 {
    1_u16.checked_shl(slot.0.into()).unwrap_or(0)
}

/// One client's knowledge of the roster.
#[derive(Debug)]
pub struct RosterView {
    /// What the client speaks.
    version: u8,
    /// What it has; nothing before the first.
    known: Option<Arc<[RosterEntry]>>,
    told_tick: Tick,
    budget: Budget,
}

impl RosterView {
    /// A client that knows nothing yet.
    pub fn new(version: u8) -> RosterView {
        RosterView { version, known: None, told_tick: 0, budget: Budget::full(ROSTER_ALLOWANCE) }
    }

    /// The next message, if something has changed and it is time.
    pub fn next(&mut self, newest: &Arc<[RosterEntry]>, tick: Tick) -> Option<Vec<u8>> {
        if self.known.as_ref().is_some_and(|known| Arc::ptr_eq(known, newest)) {
            return None;
        }
        self.budget.fill(tick);
        let waits = tick < self.told_tick.saturating_add(ROSTER_EVERY_TICKS) || self.budget.bytes() == 0;
        if self.known.is_some() && waits {
            return None;
        }
        let change = RosterChange::between(self.known.as_deref().unwrap_or_default(), newest);
        self.known = Some(newest.clone());
        if change.is_empty() {
            return None;
        }
        let bytes = encode_server(&if self.version >= CLIENT_VERSION_OF_ROSTER_CHANGES {
            ServerMessage::RosterChange(change)
        } else {
            ServerMessage::Roster(newest.to_vec())
        });
        self.told_tick = tick;
        self.budget.spend(bytes.len());
        Some(bytes)
    }
}
