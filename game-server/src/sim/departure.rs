//! Leaving and coming back: nobody gets rid of anything by it, and nobody does it all the time.

use crate::domain::{PlayerId, PlayerResult, TICK_RATE_HZ, Tick};
use crate::sim::hash::StateHash;
use crate::sim::projectile::PROJECTILE_LIFE_TICKS;
use crate::sim::seat::Seat;

/// A body that is left on purpose can be hit for this long: whoever aims at it has time to shoot, and every shot that
/// was on its way arrives, those of who left included.
pub const LEFT_BODY_TICKS: Tick = 3 * TICK_RATE_HZ;
const _: () =
    assert!(LEFT_BODY_TICKS > PROJECTILE_LIFE_TICKS, "shots of who left would fly for who comes next");
/// A body whose connection is gone goes out of play after this: longer than a page needs to come back, so that cutting
/// the line saves nobody, and short enough that a closed tab leaves no target.
pub const OUT_OF_PLAY_TICKS: Tick = 5 * TICK_RATE_HZ;
/// Who comes back into play cannot be hurt for a second: the time that a page needs to show where they are.
pub const RETURN_PROTECTION_TICKS: Tick = TICK_RATE_HZ;
/// The same player gets a seat again half a second after leaving for the first time, and twice as late each time after.
const RETURN_DELAY_FIRST_TICKS: Tick = TICK_RATE_HZ / 2;
/// Until it is 16 seconds: ten players who do nothing else then make one change of the roster a second.
const RETURN_DELAY_DOUBLINGS: u8 = 5;
/// One time is forgotten in this time.
const LEAVE_FORGOTTEN_TICKS: Tick = 15 * TICK_RATE_HZ;
/// People who left and are remembered: 13 times the seats of a room, 20 kB with the longest names. When full, those
/// without a score are forgotten first, the earliest before the others; when all have one, nobody more is remembered.
pub const DEPARTED_MAX: usize = 128;

/// How often a player has left lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leaves {
    count: u8,
    last: Tick,
}

impl Leaves {
    /// Once more.
    pub fn note(&mut self, now: Tick) {
        let forgotten = now.saturating_sub(self.last) / LEAVE_FORGOTTEN_TICKS;
        let count = Tick::from(self.count).saturating_sub(forgotten) as u8;
        *self = Leaves { count: (count + 1).min(RETURN_DELAY_DOUBLINGS + 1), last: now };
    }

    /// From this tick on the player may sit down again.
    pub fn may_return_at(self) -> Tick {
        match self.count {
            0 => 0,
            count => self.last.saturating_add(RETURN_DELAY_FIRST_TICKS << (count - 1)),
        }
    }

    pub fn hash_into(self, hash: &mut StateHash) {
        hash.word(u64::from(self.count) << 32 | u64::from(self.last));
    }
}

/// Somebody who left, and what comes back with them.
#[derive(Debug, Clone)]
pub struct Departed {
    pub result: PlayerResult,
    pub health: u8,
    pub respawn_tick: Tick,
    pub fire_ready_tick: Tick,
    pub leaves: Leaves,
}

impl Departed {
    pub fn of(seat: &Seat) -> Departed {
        Departed {
            result: seat.result(),
            health: seat.health,
            respawn_tick: seat.respawn_tick,
            fire_ready_tick: seat.fire_ready_tick,
            leaves: seat.leaves,
        }
    }

    pub fn has_score(&self) -> bool {
        self.result.kills > 0 || self.result.deaths > 0
    }

    pub fn hash_into(&self, hash: &mut StateHash) {
        hash.word(self.result.player.0);
        hash.word(u64::from(self.result.kills) << 16 | u64::from(self.result.deaths));
        hash.word(u64::from(self.respawn_tick) << 32 | u64::from(self.fire_ready_tick));
        hash.word(u64::from(self.health));
        self.leaves.hash_into(hash);
    }
}

/// Everybody who left, in the order of their leaving.
#[derive(Debug, Default)]
pub struct DepartedList {
    people: Vec<Departed>,
}

impl DepartedList {
    pub fn remember(&mut self, departed: Departed) {
        if self.people.len() >= DEPARTED_MAX {
            let Some(forgotten) = self.people.iter().position(|known| !known.has_score()) else { return };
            self.people.remove(forgotten);
        }
        self.people.push(departed);
    }

    pub fn find(&self, player: PlayerId) -> Option<&Departed> {
        self.people.iter().find(|departed| departed.result.player == player)
    }

    /// Who comes back is remembered no longer.
    pub fn take(&mut self, player: PlayerId) -> Option<Departed> {
        let place = self.people.iter().position(|departed| departed.result.player == player)?;
        Some(self.people.remove(place))
    }

    /// Lines of the score board.
    pub fn results(&self) -> impl Iterator<Item = PlayerResult> + '_ {
        self.people.iter().filter(|departed| departed.has_score()).map(|departed| departed.result.clone())
    }

    pub fn hash_into(&self, hash: &mut StateHash) {
        self.people.iter().for_each(|departed| departed.hash_into(hash));
    }
}
