//! Writes down what goes into one room and what comes of it, page by page.

use crate::domain::{MatchSettings, PlayerId, PlayerInput, Slot, TICK_RATE_HZ, Tick};
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

/// The log of one room, kept in memory until a person joins: a room that was only promised to people leaves none.
pub struct Recorder {
    archive: Archive,
    settings: MatchSettings,
    log: LogEncoder,
    bytes: usize,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has joined yet. An empty room closes after ten seconds, so what is kept stays below a page.
    Waiting,
    Written,
    Ended,
}

impl Recorder {
    /// Listens from the first tick on.
    pub fn start(archive: &Archive, room: &Room) -> Recorder {
        let mut log = LogEncoder::default();
        log.take(archive.page());
        let settings = room.settings().clone();
        Recorder { archive: archive.clone(), settings, log, bytes: 0, stage: Stage::Waiting }
    }

    pub fn join(&mut self, player: PlayerId, name: &str) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::Written;
            if !self.archive.open(&self.settings) {
                count_cut("queue");
                self.stage = Stage::Ended;
            }
        }
        self.log.join(player, name);
    }

    pub fn leave(&mut self, slot: Slot, on_purpose: bool) {
        self.log.leave(slot, on_purpose);
    }

    pub fn input(&mut self, slot: Slot, first_tick: Tick, inputs: &[PlayerInput]) {
        if self.stage == Stage::Ended {
            return;
        }
        self.log.input(slot, first_tick, inputs);
        if self.log.len() >= PAGE_BYTES {
            self.hand_over();
        }
    }

    pub fn end_now(&mut self) {
        self.log.end_now();
    }

    /// After each tick of the room.
    pub fn step(&mut self, room: &Room) {
        if self.stage == Stage::Ended {
            return;
        }
        let hashes = room.hash_parts();
        self.log.step(&hashes);
        if room.tick().is_multiple_of(HASHES_EVERY_TICKS) {
            self.log.hashes(&hashes);
        }
        if self.log.len() >= PAGE_BYTES || room.tick().is_multiple_of(PAGE_EVERY_TICKS) {
            self.hand_over();
        }
    }

    /// Nothing more will come.
    pub fn end(&mut self, ending: Ending) {
        let before = std::mem::replace(&mut self.stage, Stage::Ended);
        if before == Stage::Written {
            self.log.end(ending);
            self.put(true);
        }
    }

    fn hand_over(&mut self) {
        if self.stage != Stage::Written {
            return;
        }
        if !self.put(false) {
            self.end(Ending::Dropped);
        } else if self.bytes > LOG_BYTES_MAX {
            count_cut("size");
            self.end(Ending::Full);
        }
    }

    fn put(&mut self, last: bool) -> bool {
        let page = self.log.take(self.archive.page());
        self.bytes += page.len();
        let taken = self.archive.put(self.settings.room, page, last);
        if !taken {
            count_cut("queue");
        }
        taken
    }
}

fn count_cut(reason: &'static str) {
    metrics::counter!(telemetry::REPLAYS_CUT, "reason" => reason).increment(1);
}
