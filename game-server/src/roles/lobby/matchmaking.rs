//! Which room suits a player: pure choice among the rooms that have a seat.

use crate::domain::{Pool, RoomId, Tick};
use crate::roles::lobby::waiting::WaitReason;

/// A match that ends sooner than this is not joined any more, if matches last long enough for that.
pub const BACKFILL_LEFT_S: u32 = 30;
/// Rating distance that is fine at once: the better of two players this far apart wins four of five.
const WINDOW_START: f64 = 500.0;
/// How fast the window widens.
const WINDOW_PER_S: f64 = 2_000.0;
/// From here on any distance will do: nobody waits a second beside rooms with free seats.
const WINDOW_OPEN_MS: u64 = 700;
/// Seats that the first member of a party looks for, so that friends find room beside them.
const PARTY_SEATS: u8 = 4;
/// How long a member waits for a seat in the room of the own party before playing elsewhere.
const PARTY_PATIENCE_MS: u64 = 10_000;

/// A room as a seat for somebody; draining hosts are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub room: RoomId,
    pub pool: Pool,
    /// Seats that nobody has or holds.
    pub free: u8,
    /// People who are there or on their way.
    pub people: usize,
    /// Mean rating of those.
    pub rating: f64,
    pub ticks_left: Tick,
}

/// Who looks for a seat.
#[derive(Debug, Clone, PartialEq)]
pub struct Seeker {
    pub pool: Pool,
    pub rating: f64,
    pub waited_ms: u64,
    pub party: Party,
}

/// Whether somebody else must be nearby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Alone,
    /// The first of the party to come.
    First,
    /// The others are in or on their way to this room.
    In(RoomId),
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Take(RoomId),
    OpenNew,
    Wait(WaitReason),
}

/// Ticks that a match must still last for somebody to be sent into it.
pub fn backfill_ticks(match_ticks: Tick) -> Tick {
    (BACKFILL_LEFT_S * crate::domain::TICK_RATE_HZ).min(match_ticks / 2)
}

/// Picks the room with the most people within the rating window, then the nearest rating, then the longest match.
pub fn choose(seeker: &Seeker, candidates: &[Candidate], backfill_ticks: Tick) -> Choice {
    let joinable = |one: &&Candidate| one.pool == seeker.pool && one.ticks_left > backfill_ticks;
    let rooms: Vec<&Candidate> = candidates.iter().filter(joinable).collect();
    if let Some(choice) = beside_party(seeker, &rooms) {
        return choice;
    }
    let seats = if seeker.party == Party::First { PARTY_SEATS } else { 1 };
    let rooms: Vec<&Candidate> = rooms.into_iter().filter(|one| one.free >= seats).collect();
    let window = window(seeker.waited_ms);
    let fitting = rooms.iter().filter(|one| distance(seeker, one) <= window);
    match fitting.min_by(|a, b| {
        preference(seeker, a).partial_cmp(&preference(seeker, b)).unwrap_or(std::cmp::Ordering::Equal)
    }) {
        Some(room) => Choice::Take(room.room),
        None if rooms.is_empty() => Choice::OpenNew,
        None => Choice::Wait(WaitReason::Strength),
    }
}

fn beside_party(seeker: &Seeker, rooms: &[&Candidate]) -> Option<Choice> {
    let Party::In(wanted) = seeker.party else {
        return None;
    };
    let room = rooms.iter().find(|one| one.room == wanted)?;
    if room.free > 0 {
        Some(Choice::Take(wanted))
    } else if seeker.waited_ms < PARTY_PATIENCE_MS {
        Some(Choice::Wait(WaitReason::PartyRoomFull))
    } else {
        None
    }
}

fn window(waited_ms: u64) -> f64 {
    if waited_ms >= WINDOW_OPEN_MS {
        return f64::INFINITY;
    }
    WINDOW_START + WINDOW_PER_S * waited_ms as f64 / 1_000.0
}

fn distance(seeker: &Seeker, room: &Candidate) -> f64 {
    // Headless players have no rating, and an empty room suits everybody.
    if seeker.pool == Pool::Bots || room.people == 0 { 0.0 } else { (seeker.rating - room.rating).abs() }
}

/// Smallest is best.
fn preference(seeker: &Seeker, room: &Candidate) -> (std::cmp::Reverse<usize>, f64, std::cmp::Reverse<Tick>) {
    (std::cmp::Reverse(room.people), distance(seeker, room), std::cmp::Reverse(room.ticks_left))
}

#[cfg(test)]
mod tests;
