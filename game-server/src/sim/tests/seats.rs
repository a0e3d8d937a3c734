//! Joining, leaving, held seats, bots that make room.

use super::{empty_room, hold, join, moving, settings, state, steps};
use crate::domain::{FLAG_ABSENT, FLAG_BOT, PLAYERS_PER_ROOM_MAX, PlayerId, SEAT_HOLD_TICKS, Slot};
use crate::sim::departure::LEFT_BODY_TICKS;
use crate::sim::{CLOSING_TICKS, EMPTY_TICKS, JoinError, Room};

fn bots(room: &Room) -> usize {
    room.roster().iter().filter(|entry| entry.bot).count()
}

#[test]
fn bots_fill_the_room_and_leave_as_people_come() {
    let mut room = Room::new(&settings(1, 4));
    assert_eq!((bots(&room), room.humans().len()), (4, 0));
    for (index, bots_left) in [3, 2, 1, 0, 0, 0].into_iter().enumerate() {
        join(&mut room, 100 + index as u64);
        assert_eq!((bots(&room), room.humans().len()), (bots_left, index + 1));
    }
    room.leave(Slot(0), true);
    room.leave(Slot(1), true);
    room.leave(Slot(2), true);
    assert_eq!((bots(&room), room.humans().len()), (0, 3));
    steps(&mut room, LEFT_BODY_TICKS);
    assert_eq!((bots(&room), room.humans().len()), (1, 3), "a bot comes back below four players");
}

#[test]
fn a_room_full_of_bots_has_ten_free_seats() {
    let mut room = Room::new(&settings(1, 10));
    for player in 0..PLAYERS_PER_ROOM_MAX as u64 {
        assert_eq!(u64::from(room.free_seats()), 10 - player);
        join(&mut room, 100 + player);
    }
    assert_eq!(bots(&room), 0);
    assert_eq!(room.join(PlayerId(500), "late"), Err(JoinError::Full));
}

#[test]
fn nobody_new_joins_when_the_match_is_over() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    room.end_now();
    assert_eq!(room.join(PlayerId(101), "late"), Err(JoinError::Over));
    assert_eq!(room.join(PlayerId(100), "back"), Ok(slot), "but a player may come back to the score board");
    assert_eq!(room.free_seats(), 0);
}

#[test]
fn the_same_player_gets_the_same_seat() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    join(&mut room, 101);
    let version = room.roster_version();
    assert_eq!(join(&mut room, 100), slot);
    assert_eq!(room.roster_version(), version);
}

#[test]
fn a_lost_connection_keeps_its_seat_for_a_while() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    hold(&mut room, slot, moving(127, 0), 20);
    room.leave(slot, false);
    assert_ne!(state(&room, slot).flags & FLAG_ABSENT, 0);
    steps(&mut room, 60);
    let rest = state(&room, slot);
    steps(&mut room, SEAT_HOLD_TICKS - 61);
    assert_eq!(state(&room, slot).x, rest.x, "an absent player stands still");
    assert_eq!(join(&mut room, 100), slot);
    assert_eq!(state(&room, slot).flags & FLAG_ABSENT, 0);
    steps(&mut room, SEAT_HOLD_TICKS + 1);
    assert_eq!(room.humans(), [PlayerId(100)]);
}

#[test]
fn a_seat_that_was_held_long_enough_is_free() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    let version = room.roster_version();
    room.leave(slot, false);
    steps(&mut room, SEAT_HOLD_TICKS);
    assert!(room.humans().is_empty());
    assert_ne!(room.roster_version(), version);
}

#[test]
fn a_room_without_people_closes() {
    let mut room = Room::new(&settings(1, 4));
    steps(&mut room, EMPTY_TICKS - 1);
    assert!(!room.is_closed());
    let slot = join(&mut room, 100);
    steps(&mut room, EMPTY_TICKS + 1);
    assert!(!room.is_closed());
    room.leave(slot, true);
    steps(&mut room, EMPTY_TICKS);
    assert!(room.is_closed());
}

#[test]
fn nobody_new_is_sent_to_a_room_that_is_about_to_close() {
    let mut room = Room::new(&settings(1, 4));
    steps(&mut room, EMPTY_TICKS - CLOSING_TICKS - 1);
    assert!(room.is_open_to_new());
    steps(&mut room, 1);
    assert!(!room.is_open_to_new());
    steps(&mut room, CLOSING_TICKS - 1);
    assert!(!room.is_closed(), "who was on the way still comes in");
    join(&mut room, 100);
    assert!(room.is_open_to_new());
    steps(&mut room, CLOSING_TICKS);
    assert!(!room.is_closed());
}

#[test]
fn a_bot_has_a_name_that_nobody_has() {
    let mut room = Room::new(&settings(1, 4));
    let leaver = join(&mut room, 100);
    room.join(PlayerId(101), "dirac").expect("there is a seat");
    room.leave(leaver, true);
    steps(&mut room, 300);
    let names: Vec<String> = room.roster().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["Ada", "Blaise", "dirac", "Euler"]);
}

#[test]
fn calls_for_seats_that_are_not_taken_do_nothing() {
    let mut room = Room::new(&settings(1, 2));
    let before = room.hash();
    for slot in [0, 5, 200].map(Slot) {
        room.leave(slot, true);
        room.push_input(slot, 1, &[moving(1, 1)]);
    }
    assert_eq!(room.hash(), before, "a bot's seat included");
    assert_ne!(state(&room, Slot(0)).flags & FLAG_BOT, 0);
}
