//! Lag compensation: a fresh shot meets its targets where its shooter saw them, an old one where they are.
//!
//! A player acts on a picture in which the others are `view_age` ticks old. A shot that has just left the muzzle is
//! tested against that picture, so that what was aimed at is hit. The rewind then fades to nothing over
//! [`FADE_TICKS`]: whoever sees a shot come for half a second and steps aside has stepped aside. The page draws shots
//! on the same curve (`shots.js`), so what is seen to touch is hit.

use crate::domain::Tick;
use crate::sim::hash::StateHash;
use crate::sim::vector::Vector;

/// Nobody is hit further in the past than 250 ms, however slow the shooter's line is.
pub const REWIND_TICKS_MAX: Tick = 15;
/// A shot this old flies in the present.
pub const FADE_TICKS: Tick = 30;
/// The present and everything that can be rewound to.
const PLACES: usize = REWIND_TICKS_MAX as usize + 1;

/// How many ticks to look back for a shot of this age whose shooter saw a picture `view_age` ticks old.
pub fn rewind_ticks(view_age: Tick, shot_age: Tick) -> Tick {
    view_age.min(REWIND_TICKS_MAX) * FADE_TICKS.saturating_sub(shot_age) / FADE_TICKS
}

/// Where somebody was at the end of each of the last ticks.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// The place of a tick is at `tick % PLACES`.
    places: [Vector; PLACES],
}

impl Trail {
    /// Begins anew: nobody can be hit where they were before they appeared here.
    pub fn restart(&mut self, place: Vector) {
        self.places = [place; PLACES];
    }

    /// Notes where they are at the end of `tick`; every tick has to be noted.
    pub fn note(&mut self, tick: Tick, place: Vector) {
        self.places[tick as usize % PLACES] = place;
    }

    /// Where they were at `tick`, at most [`REWIND_TICKS_MAX`] before the newest.
    pub fn at(&self, tick: Tick) -> Vector {
        self.places[tick as usize % PLACES]
    }

    pub fn hash_into(&self, hash: &mut StateHash) {
        for place in self.places {
            hash.float(place.x);
            hash.float(place.y);
        }
    }
}
