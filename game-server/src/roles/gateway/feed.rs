//! The newest state of one room, filled by a link and read by the sessions of its players.
//!
//! Nothing is queued for anybody: a player whose socket is slow takes whatever is newest when it can, so it skips
//! frames and never falls behind.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::domain::{InputAck, RoomFrame, TICK_RATE_HZ, Tick};
use crate::protocol::history::History;
use crate::protocol::view::{State, View};

/// Shared by the link that fills it and the sessions that read it.
pub struct Feed {
    room: Mutex<Room>,
    newest: watch::Sender<Tick>,
}

struct Room {
    history: History,
    arrived: Instant,
    tick_gap_excess_p99_us: u32,
}

impl Feed {
    /// A room that has sent nothing yet.
    pub fn new(now: Instant) -> Self {
        let room = Room { history: History::default(), arrived: now, tick_gap_excess_p99_us: 0 };
        Self { room: Mutex::new(room), newest: watch::Sender::new(0) }
    }

    /// Tells the tick of each new frame; several at once count as one.
    pub fn subscribe(&self) -> watch::Receiver<Tick> {
        self.newest.subscribe()
    }

    /// Takes the room's newest frame and wakes the players.
    pub fn push(&self, frame: RoomFrame, acks: Vec<InputAck>, tick_gap_excess_p99_us: u32, now: Instant) {
        let tick = frame.tick;
        let mut room = self.room();
        room.history.push(frame, acks);
        room.arrived = now;
        room.tick_gap_excess_p99_us = tick_gap_excess_p99_us;
        drop(room);
        self.newest.send_replace(tick);
    }

    /// For tests that are a client without a view.
    #[cfg(test)]
    pub fn with_history<T>(&self, read: impl FnOnce(&mut History) -> T) -> T {
        read(&mut self.room().history)
    }

    /// What the newest frame means for one player, if anything.
    pub fn state(&self, view: &mut View) -> Option<State> {
        view.next(&mut self.room().history)
    }

    /// The tick that the room is at by now, and how punctual its host is.
    pub fn clock(&self, now: Instant) -> (Tick, u32) {
        let room = self.room();
        let newest = room.history.newest().map_or(0, |frame| frame.tick);
        let since = now.saturating_duration_since(room.arrived).as_secs_f64() * f64::from(TICK_RATE_HZ);
        (newest.saturating_add(since as Tick), room.tick_gap_excess_p99_us)
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
