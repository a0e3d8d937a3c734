//! Writes down what goes into one room and what comes of it, page by page.

use crate::domain::{PlayerId, PlayerInput, RoomId, Slot, TICK_RATE_HZ, Tick};
use crate::protocol::replay::{Ending, LogEncoder};
use crate::roles::room::archive::{Archive, PAGE_BYTES};
use crate::sim::Room;
use crate::telemetry;

/// Full hashes confirm the checks of each tick once a second.
const HASHES_EVERY_TICKS: Tick = TICK_RATE_HZ;
/// A page leaves at least this often, so that a host that is killed loses ten seconds of a log.
const PAGE_EVERY_TICKS: Tick = 10 * TICK_RATE_HZ;
/// An hour of ten fighting people; a log that gets there ends.
const LOG_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The log of one room.
pub struct Recorder {
    archive: Archive,
    room: RoomId,
    log: LogEncoder,
    bytes: usize,
    ended: bool,
}

impl Recorder {
    /// Begins a log; `None` when the disk does not keep up.
    pub fn start(archive: &Archive, room: &Room) -> Option<Recorder> {
        let settings = room.settings();
        if !archive.open(settings) {
            count_cut("queue");
            return None;
        }
        let mut log = LogEncoder::default();
        log.take(archive.page());
        Some(Recorder { archive: archive.clone(), room: settings.room, log, bytes: 0, ended: false })
    }

    pub fn join(&mut self, player: PlayerId, name: &str) {
        self.log.join(player, name);
    }

    pub fn leave(&mut self, slot: Slot, on_purpose: bool) {
        self.log.leave(slot, on_purpose);
    }

    pub fn input(&mut self, slot: Slot, first_tick: Tick, inputs: &[PlayerInput]) {
        if self.ended {
            return;
        }
        self.log.input(slot, first_tick, inputs);
        if self.log.len() >= PAGE_BYTES {
            self.hand_over(false);
        }
    }

    pub fn end_now(&mut self) {
        self.log.end_now();
    }

    /// After each tick of the room.
    pub fn step(&mut self, room: &Room) {
        if self.ended {
            return;
        }
        let hashes = room.hash_parts();
        self.log.step(&hashes);
        if room.tick().is_multiple_of(HASHES_EVERY_TICKS) {
            self.log.hashes(&hashes);
        }
        if self.log.len() >= PAGE_BYTES || room.tick().is_multiple_of(PAGE_EVERY_TICKS) {
            self.hand_over(false);
        }
    }

    /// Nothing more will come.
    pub fn end(&mut self, ending: Ending) {
        if !self.ended {
            self.ended = true;
            self.log.end(ending);
            self.hand_over(true);
        }
    }

    fn hand_over(&mut self, last: bool) {
        let page = self.log.take(self.archive.page());
        self.bytes += page.len();
        if !self.archive.put(self.room, page, last) {
            count_cut("queue");
            if !last {
                self.end(Ending::Dropped);
            }
        } else if !last && self.bytes > LOG_BYTES_MAX {
            count_cut("size");
            self.end(Ending::Full);
        }
    }
}

fn count_cut(reason: &'static str) {
    metrics::counter!(telemetry::REPLAYS_CUT, "reason" => reason).increment(1);
}
