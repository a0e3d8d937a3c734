//! How fast rooms are opened: as fast as people come.
//!
//! A promise costs its owner nothing, so promises alone open a few rooms only. Whoever takes a promised seat pays for a
//! part of the next room.

#[cfg(test)]
mod tests;

use std::time::Instant;

/// Part of all rooms that may be opened before anybody has come: nineteen of 150, for a crowd of 190 at once.
const FIRST_SHARE: f64 = 1.0 / 8.0;
/// At least so many, however few rooms there are.
const FIRST_MIN: f64 = 4.0;
/// What one person pays for: a room of ten seats whose people look for opponents of their strength and keep seats for
/// friends is opened with four of them at the least.
const ROOMS_PER_PERSON: f64 = 0.25;
/// A room in which nobody appears closes after ten seconds and may be replaced, so this is one that stays.
const ROOMS_PER_SECOND: f64 = 0.1;

/// Rooms that may be opened.
#[derive(Debug, Default)]
pub struct Openings {
    credit: Option<Credit>,
}

#[derive(Debug)]
struct Credit {
    rooms: f64,
    at: Instant,
}

impl Openings {
    /// Whether one more room may be opened, of `rooms_max` that all hosts may have.
    pub fn may_open(&mut self, rooms_max: usize, now: Instant) -> bool {
        let most = (rooms_max as f64 * FIRST_SHARE).max(FIRST_MIN);
        let credit = self.credit.get_or_insert(Credit { rooms: most, at: now });
        let passed = now.saturating_duration_since(credit.at).as_secs_f64();
        credit.rooms = (credit.rooms + passed * ROOMS_PER_SECOND).min(most);
        credit.at = now;
        credit.rooms >= 1.0
    }

    /// A room was asked for.
    pub fn opened(&mut self) {
        self.change(-1.0);
    }

    /// It did not come.
    pub fn failed(&mut self) {
        self.change(1.0);
    }

    /// So many people took the seats that they were promised.
    pub fn came(&mut self, people: usize) {
        self.change(people as f64 * ROOMS_PER_PERSON);
    }

    fn change(&mut self, by: f64) {
        if let Some(credit) = &mut self.credit {
            credit.rooms += by;
        }
    }
}
