//! What simulation threads and sockets know of each other: which room is where, and how the threads are doing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use crate::domain::{MatchSettings, RoomId};
use crate::protocol::bus::{HostReport, RoomPlace, RoomReport};
use crate::protocol::proof::{LINKS_AND_BUS, LinkKey};
use crate::protocol::version::Versions;
use crate::roles::room::RoomOptions;
use crate::roles::room::clock::TICK;
use crate::roles::room::costs::CostHistogram;
use crate::roles::room::mailbox::{Mail, Mailbox};

/// A new room is refused when the thread it would go to has less of its time free than this. A tick that takes
/// three quarters of 16.667 ms leaves 4 ms, the lateness that players are promised not to see.
pub const HEADROOM_MIN: f32 = 0.25;

/// What a room is taken to cost while none has been measured, as a part of a thread's time: 60 µs a tick, several times
/// what the shipped game takes.
const ROOM_SHARE_UNMEASURED: f32 = 60.0 / 16_667.0;
/// Wake-ups whose lateness and work wait to be exported: more than four seconds of four phases at 60 Hz. When full, the
/// newest are left out.
pub const WAKES_MAX: usize = 1024;

/// One wake-up of a simulation thread.
#[derive(Debug, Clone, Copy)]
pub struct Wake {
    pub gap_excess: Duration,
    pub work: Duration,
}

/// What a simulation thread says about itself twice a second. It is written in place, so that a tick takes no memory.
#[derive(Debug, Clone)]
pub struct ThreadReport {
    pub rooms: Vec<RoomReport>,
    pub headroom: f32,
    pub tick_gap_excess_p99_us: u32,
    pub costs: CostHistogram,
    /// Counted up by the thread and taken by [`Board::take_counts`].
    pub counts: ThreadCounts,
}

/// What happened on a thread since the last time that anybody asked.
#[derive(Debug, Clone)]
pub struct ThreadCounts {
    pub ticks: u64,
    pub ticks_dropped: u64,
    pub late_inputs: u64,
    pub wakes: Vec<Wake>,
}

impl Default for ThreadReport {
    fn default() -> Self {
        Self {
            rooms: Vec::new(),
            headroom: 1.0,
            tick_gap_excess_p99_us: 0,
            costs: CostHistogram::default(),
            counts: ThreadCounts::default(),
        }
    }
}

impl Default for ThreadCounts {
    fn default() -> Self {
        Self { ticks: 0, ticks_dropped: 0, late_inputs: 0, wakes: Vec::with_capacity(WAKES_MAX) }
    }
}

impl ThreadReport {
    /// Part of the thread's time that one more room is expected to take: as much as the rooms take on average with all
    /// that is around them, or as much as the dearest one does alone.
    fn room_share(&self) -> f32 {
        if self.rooms.is_empty() {
            return ROOM_SHARE_UNMEASURED;
        }
        let average = (1.0 - self.headroom) / self.rooms.len() as f32;
        let dearest = self.rooms.iter().map(|room| room.cost_us).max().unwrap_or(0);
        average.max(dearest as f32 / TICK.as_micros() as f32)
    }

    /// What would be left with `rooms` rooms, those included that were opened since the report.
    fn headroom_with(&self, rooms: usize) -> f32 {
        self.headroom - self.room_share() * rooms.saturating_sub(self.rooms.len()) as f32
    }
}

/// Why a room was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenRefusal {
    #[error("this host is draining")]
    Draining,
    #[error("all {0} rooms that this host may have are open")]
    Full(u32),
    #[error(
        "with one more room, which is expected to take {room_us} µs a tick, the least busy simulation thread would keep \
         {left_percent} % of its time free, and {needed_percent} % must stay"
    )]
    Headroom { room_us: u32, left_percent: i32, needed_percent: i32 },
    #[error("the mailbox of the simulation thread is full")]
    Busy,
}

impl OpenRefusal {
    /// A word for metrics; never changes.
    pub fn label(self) -> &'static str {
        match self {
            OpenRefusal::Draining => "draining",
            OpenRefusal::Full(_) => "full",
            OpenRefusal::Headroom { .. } => "headroom",
            OpenRefusal::Busy => "busy",
        }
    }
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

    /// Where gateways find a room of this host.
    pub fn place(&self, settings: &MatchSettings) -> RoomPlace {
        let (host, link_address) = (self.options.host.clone(), self.options.link_address.clone());
        RoomPlace { room: settings.room, pool: settings.pool, host, link_address }
    }

    /// What gateways prove themselves with, and whether they must.
    pub fn link_trust(&self) -> (&LinkKey, bool) {
        (&self.options.link_key, self.options.requirement.includes(LINKS_AND_BUS))
    }

    /// What this host speaks on links.
    pub fn link_versions(&self) -> Versions {
        self.options.protocols.link
    }

    /// Copies of every room that play along.
    pub fn understudies(&self) -> u16 {
        self.options.understudies
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

    /// Opens a room on the thread that has most time left, or says why not; asking twice opens it once.
    pub fn open(&self, settings: MatchSettings) -> Result<(), OpenRefusal> {
        let mut rooms = self.rooms();
        if rooms.contains_key(&settings.room) {
            return Ok(());
        }
        if self.draining.load(Ordering::Acquire) {
            return Err(OpenRefusal::Draining);
        }
        if rooms.len() >= self.options.rooms_max as usize {
            return Err(OpenRefusal::Full(self.options.rooms_max));
        }
        let thread = self.thread_for_one_more(&rooms)?;
        let room = settings.room;
        if !self.mailbox(thread).put(Mail::Open(settings)) {
            return Err(OpenRefusal::Busy);
        }
        rooms.insert(room, thread);
        Ok(())
    }

    /// The thread that has most of its time left with one more room, if that is enough.
    fn thread_for_one_more(&self, rooms: &HashMap<RoomId, usize>) -> Result<usize, OpenRefusal> {
        let mut counts = vec![1_usize; self.threads.len()];
        rooms.values().for_each(|thread| counts[*thread] += 1);
        let left = |thread: usize| self.report_of(thread).headroom_with(counts[thread]);
        let best = (0..counts.len()).map(|thread| (thread, left(thread)));
        let (thread, headroom) = best.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        if headroom >= HEADROOM_MIN {
            return Ok(thread);
        }
        let room_us = self.report_of(thread).room_share() * TICK.as_micros() as f32;
        Err(OpenRefusal::Headroom {
            room_us: room_us.round() as u32,
            left_percent: (headroom * 100.0).round() as i32,
            needed_percent: (HEADROOM_MIN * 100.0).round() as i32,
        })
    }

    /// Forgets a room that its thread has closed.
    pub fn closed(&self, room: RoomId) {
        self.rooms().remove(&room);
    }

    /// From now on no room is opened, and the lobby hears so.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Lets a thread write its newest report without waiting; false when somebody is reading it just now.
    pub fn note(&self, thread: usize, write: impl FnOnce(&mut ThreadReport)) -> bool {
        match self.threads[thread].1.try_lock() {
            Ok(mut report) => write(&mut report),
            Err(TryLockError::Poisoned(poisoned)) => write(&mut poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => return false,
        }
        true
    }

    /// What happened on a thread since the last call; `into` must be empty.
    pub fn take_counts(&self, thread: usize, into: &mut ThreadCounts) {
        std::mem::swap(&mut self.report_of(thread).counts, into);
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
            room_cost_p50_us: 0,
            room_cost_p99_us: 0,
            rooms: Vec::new(),
        };
        let mut costs = CostHistogram::default();
        for thread in 0..self.threads.len() {
            let part = self.report_of(thread);
            report.tick_headroom = report.tick_headroom.min(part.headroom);
            report.tick_gap_excess_p99_us = report.tick_gap_excess_p99_us.max(part.tick_gap_excess_p99_us);
            report.rooms.extend(part.rooms.iter().cloned());
            costs.add(&part.costs);
        }
        report.room_cost_p50_us = costs.percentile_us(0.5);
        report.room_cost_p99_us = costs.percentile_us(0.99);
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
