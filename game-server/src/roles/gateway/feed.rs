//! The newest state and roster of one room, filled by a link and read by the sessions of its players.
//!
//! Nothing is queued for anybody: a player whose socket is slow takes whatever is newest when it can, so it skips
//! frames and never falls behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::domain::{InputAck, RoomFrame, RosterEntry, TICK_RATE_HZ, Tick};
use crate::protocol::history::History;
use crate::protocol::roster::RosterView;
use crate::protocol::view::{State, View};

/// Shared by the link that fills it and the sessions that read it.
pub struct Feed {
    room: Mutex<Room>,
    newest: watch::Sender<Tick>,
}

struct Room {
    history: History,
    /// By slot.
    roster: Arc<[RosterEntry]>,
    arrived: Instant,
    tick_gap_excess_p99_us: u32,
}

impl Feed {
    /// A room that has sent nothing yet.
    pub fn new(now: Instant) -> Self {
        let (history, roster) = (History::default(), Arc::default());
        let room = Room { history, roster, arrived: now, tick_gap_excess_p99_us: 0 };
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

    /// Takes the room's newest roster, which players are told with their next state.
    pub fn set_roster(&self, mut entries: Vec<RosterEntry>) {
        entries.sort_by_key(|entry| entry.slot);
        self.room().roster = entries.into();
    }

    /// What the newest roster means for one player, if anything, at the tick of the newest frame.
    pub fn roster(&self, view: &mut RosterView) -> Option<Vec<u8>> {
        let room = self.room();
        view.next(&room.roster, room.history.newest()?.tick)
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
