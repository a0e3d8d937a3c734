//! Who ends up where, and who waits.

use crate::domain::{Pool, RoomId};
use crate::roles::lobby::matchmaking::{Candidate, Choice, Party, Seeker, backfill_ticks, choose};
use crate::roles::lobby::waiting::WaitReason;

/// Thirty seconds.
const BACKFILL_TICKS: u32 = 1_800;

fn seeker() -> Seeker {
    Seeker { pool: Pool::Public, rating: 1_500.0, waited_ms: 0, party: Party::Alone }
}

fn room(id: u64, free: u8, people: usize) -> Candidate {
    Candidate { room: RoomId(id), pool: Pool::Public, free, people, rating: 1_500.0, ticks_left: 10_000 }
}

fn chosen(seeker: &Seeker, rooms: &[Candidate]) -> Choice {
    choose(seeker, rooms, BACKFILL_TICKS)
}

#[test]
fn a_running_match_with_the_most_people_is_filled_first() {
    let rooms = [room(1, 9, 1), room(2, 4, 6), room(3, 0, 10)];
    assert_eq!(chosen(&seeker(), &rooms), Choice::Take(RoomId(2)));
}

#[test]
fn without_a_free_seat_a_room_is_opened() {
    assert_eq!(chosen(&seeker(), &[]), Choice::OpenNew);
    assert_eq!(chosen(&seeker(), &[room(1, 0, 10)]), Choice::OpenNew);
}

#[test]
fn a_match_that_is_nearly_over_is_left_alone() {
    let ending = Candidate { ticks_left: BACKFILL_TICKS, ..room(1, 5, 5) };
    assert_eq!(chosen(&seeker(), &[ending]), Choice::OpenNew);
    assert_eq!(backfill_ticks(18_000), BACKFILL_TICKS);
    assert_eq!(backfill_ticks(240), 120, "short matches are joined in their first half");
}

#[test]
fn pools_never_mix() {
    let bots = Candidate { pool: Pool::Bots, ..room(1, 5, 5) };
    assert_eq!(chosen(&seeker(), std::slice::from_ref(&bots)), Choice::OpenNew);
    let headless = Seeker { pool: Pool::Bots, ..seeker() };
    assert_eq!(chosen(&headless, &[bots]), Choice::Take(RoomId(1)));
}

#[test]
fn the_rating_window_widens_with_waiting_until_anybody_will_do() {
    let strong = Candidate { rating: 2_200.0, ..room(1, 5, 5) };
    let after = |waited_ms| chosen(&Seeker { waited_ms, ..seeker() }, std::slice::from_ref(&strong));
    assert_eq!(after(0), Choice::Wait(WaitReason::Strength));
    assert_eq!(after(150), Choice::Take(RoomId(1)));
    let master = Candidate { rating: 9_000.0, ..room(1, 5, 5) };
    assert_eq!(
        chosen(&Seeker { waited_ms: 600, ..seeker() }, std::slice::from_ref(&master)),
        Choice::Wait(WaitReason::Strength)
    );
    assert_eq!(chosen(&Seeker { waited_ms: 900, ..seeker() }, &[master]), Choice::Take(RoomId(1)));
}

#[test]
fn an_equal_room_is_preferred_to_a_fuller_one_outside_the_window() {
    let rooms = [Candidate { rating: 2_500.0, ..room(1, 1, 9) }, room(2, 8, 2)];
    assert_eq!(chosen(&seeker(), &rooms), Choice::Take(RoomId(2)));
}

#[test]
fn an_empty_room_suits_every_strength() {
    let master = Seeker { rating: 3_000.0, ..seeker() };
    assert_eq!(chosen(&master, &[room(1, 10, 0)]), Choice::Take(RoomId(1)));
}

#[test]
fn a_party_sits_together() {
    let rooms = [room(1, 2, 8), room(2, 5, 5)];
    assert_eq!(chosen(&Seeker { party: Party::First, ..seeker() }, &rooms), Choice::Take(RoomId(2)));
    assert_eq!(chosen(&Seeker { party: Party::In(RoomId(1)), ..seeker() }, &rooms), Choice::Take(RoomId(1)));
    let full = [room(1, 0, 10), room(2, 5, 5)];
    let late = |waited_ms| Seeker { party: Party::In(RoomId(1)), waited_ms, ..seeker() };
    assert_eq!(chosen(&late(0), &full), Choice::Wait(WaitReason::PartyRoomFull));
    assert_eq!(chosen(&late(10_000), &full), Choice::Take(RoomId(2)));
}
