//! What simulation threads and sockets know of each other: which room is where, and how the threads are doing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{MatchSettings, RoomId};
use crate::protocol::bus::{HostReport, RoomReport};
use crate::protocol::version::Versions;
use crate::roles::room::RoomOptions;
use crate::roles::room::mailbox::{Mail, Mailbox};

/// A new room is refused when the thread it would go to has less of its time free than this. A tick that takes
/// three quarters of 16.667 ms leaves 4 ms, the lateness that players are promised not to see.
pub const HEADROOM_MIN: f32 = 0.25;

/// What a simulation thread says about itself twice a second.
#[derive(Debug, Clone)]
pub struct ThreadReport {
    pub rooms: Vec<RoomReport>,
    pub headroom: f32,
    pub tick_gap_excess_p99_us: u32,
}

impl Default for ThreadReport {
    fn default() -> Self {
        Self { rooms: Vec::new(), headroom: 1.0, tick_gap_excess_p99_us: 0 }
    }
}

/// Why a room was not opened; the text is for logs and the label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenRefusal {
    #[error("draining")]
    Draining,
    #[error("full")]
    Full,
    #[error("headroom")]
    Headroom,
    #[error("busy")]
    Busy,
}

/// Shared by everything on one room host.
#[derive(Debug)]
pub struct Board {
    options: RoomOptions,
    rooms: Mutex<HashMap<RoomId, usize>>,
    threads: Vec<(Mailbox, Mutex<ThreadReport>)>,
    draining: AtomicBool,
}

impl Board {
    /// A host without rooms.
    pub fn new(options: RoomOptions) -> Self {
        let threads = (0..options.threads.max(1)).map(|_| Default::default()).collect();
        Self { options, rooms: Mutex::default(), threads, draining: AtomicBool::new(false) }
    }

    /// This host's name.
    pub fn host(&self) -> &str {
        &self.options.host
    }

    /// What this host speaks on links.
    pub fn link_versions(&self) -> Versions {
        self.options.protocols.link
    }

    /// How many simulation threads there are.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Where a thread gets its messages.
    pub fn mailbox(&self, thread: usize) -> &Mailbox {
        &self.threads[thread].0
    }

    /// Tells every thread the same.
    pub fn tell_all(&self, mail: impl Fn() -> Mail) {
        for (mailbox, _) in &self.threads {
            mailbox.put(mail());
        }
    }

    /// The thread that runs a room.
    pub fn thread_of(&self, room: RoomId) -> Option<usize> {
        self.rooms().get(&room).copied()
    }

    /// Rooms that are open.
    pub fn rooms_open(&self) -> usize {
        self.rooms().len()
    }

    /// Opens a room on the thread with the fewest, or says why not; asking twice opens it once.
    pub fn open(&self, settings: MatchSettings) -> Result<(), OpenRefusal> {
        let mut rooms = self.rooms();
        if rooms.contains_key(&settings.room) {
            return Ok(());
        }
        if self.draining.load(Ordering::Acquire) {
            return Err(OpenRefusal::Draining);
        }
        if rooms.len() >= self.options.rooms_max as usize {
            return Err(OpenRefusal::Full);
        }
        let mut load = vec![0_usize; self.threads.len()];
        rooms.values().for_each(|thread| load[*thread] += 1);
        let thread = (0..load.len()).min_by_key(|thread| load[*thread]).unwrap_or(0);
        if self.report_of(thread).headroom < HEADROOM_MIN {
            return Err(OpenRefusal::Headroom);
        }
        let room = settings.room;
        if !self.mailbox(thread).put(Mail::Open(settings)) {
            return Err(OpenRefusal::Busy);
        }
        rooms.insert(room, thread);
        Ok(())
    }

    /// Forgets a room that its thread has closed.
    pub fn closed(&self, room: RoomId) {
        self.rooms().remove(&room);
    }

    /// From now on no room is opened, and the lobby hears so.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Takes a thread's newest report.
    pub fn note(&self, thread: usize, report: ThreadReport) {
        *self.report_of(thread) = report;
    }

    /// The heartbeat of this host.
    pub fn report(&self) -> HostReport {
        let mut report = HostReport {
            host: self.options.host.clone(),
            node: self.options.node.clone(),
            link_address: self.options.link_address.clone(),
            rooms_max: self.options.rooms_max,
            draining: self.draining.load(Ordering::Acquire),
            tick_headroom: 1.0,
            tick_gap_excess_p99_us: 0,
            rooms: Vec::new(),
        };
        for thread in 0..self.threads.len() {
            let part = self.report_of(thread);
            report.tick_headroom = report.tick_headroom.min(part.headroom);
            report.tick_gap_excess_p99_us = report.tick_gap_excess_p99_us.max(part.tick_gap_excess_p99_us);
            report.rooms.extend(part.rooms.iter().cloned());
        }
        report
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, usize>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report_of(&self, thread: usize) -> MutexGuard<'_, ThreadReport> {
        self.threads[thread].1.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
