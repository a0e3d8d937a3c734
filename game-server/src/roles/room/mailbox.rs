//! The only way into a simulation thread: bounded, and emptied once per tick.

use std::sync::{Mutex, PoisonError};

use crate::domain::{MatchSettings, PlayerId, PlayerInput, Pool, RoomId, Tick};
use crate::net::link::FrameSender;
use crate::protocol::bus::Seating;
use crate::protocol::link::SessionId;

/// Inputs that wait for one tick: 400 rooms × 10 players × 30 messages/s are 2000 per tick, so this is 270 ms of
/// them. When full, inputs are dropped and counted; the players' last inputs go on.
pub const INPUTS_MAX: usize = 32_768;
/// Joins, leaves and openings that fit on top; when even these do not fit, the sender's link is closed.
pub const CONTROLS_RESERVED: usize = 8_192;

/// One gateway connection of this process's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// A player's connection, unique on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seat {
    pub link: LinkId,
    pub session: SessionId,
}

/// Who wants to come in.
#[derive(Debug)]
pub struct Join {
    pub seat: Seat,
    /// Where answers and frames go.
    pub reply: FrameSender,
    pub room: RoomId,
    pub player: PlayerId,
    pub name: String,
    pub pool: Pool,
}

/// What a simulation thread is told.
#[derive(Debug)]
pub enum Mail {
    Open(MatchSettings),
    Join(Join),
    Leave {
        seat: Seat,
        on_purpose: bool,
    },
    Input {
        seat: Seat,
        first_tick: Tick,
        inputs: Vec<PlayerInput>,
    },
    /// Who comes with whom.
    Seating(Seating),
    /// Close rooms without people at once; nobody is waiting for them.
    Drain,
    /// End every match with the result it has now.
    EndAll,
    /// The last message: the thread returns.
    Stop,
}

/// Filled by sockets, emptied by the tick.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: Mutex<Vec<Mail>>,
}

impl Mailbox {
    /// Takes the message unless it is full; see [`INPUTS_MAX`] and [`CONTROLS_RESERVED`].
    pub fn put(&self, mail: Mail) -> bool {
        let max = match mail {
            Mail::Input { .. } => INPUTS_MAX,
            _ => INPUTS_MAX + CONTROLS_RESERVED,
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = waiting.len() < max;
        if fits {
            waiting.push(mail);
        }
        fits
    }

    /// Swaps what waits with the empty `into`, so that the lock is held for a moment only.
    pub fn take(&self, into: &mut Vec<Mail>) {
        debug_assert!(into.is_empty());
        std::mem::swap(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner), into);
    }
}

#[cfg(test)]
mod tests;
