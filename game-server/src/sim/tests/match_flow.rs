//! Inputs and their ticks, the clock of a match, the score board.

use super::{empty_room, hold, join, moving, settings, state, steps};
use crate::domain::{InputAck, Phase, PlayerId, Slot};
use crate::sim::departure::LEFT_BODY_TICKS;
use crate::sim::inputs::INPUT_TICKS_AHEAD_MAX;
use crate::sim::{OVER_TICKS, Room};

#[test]
fn inputs_wait_for_their_tick() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    room.push_input(slot, 3, &[moving(127, 0), moving(0, 0)]);
    steps(&mut room, 2);
    let start = state(&room, slot);
    assert_eq!(start.velocity_x, 0);
    room.step();
    assert_eq!(state(&room, slot).velocity_x, 60 * 16, "a quarter of the way to full speed");
    assert_eq!(room.acks(), [InputAck { slot, tick: 3, margin_ticks: 3 }]);
}

#[test]
fn a_missing_input_repeats_the_last() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    room.push_input(slot, 1, &[moving(127, 0)]);
    steps(&mut room, 40);
    assert_eq!(state(&room, slot).velocity_x, 3839, "full speed less what rounding keeps");
    assert_eq!(room.acks()[0].tick, 1);
}

#[test]
fn late_inputs_are_dropped_and_counted() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    steps(&mut room, 10);
    room.push_input(slot, 8, &[moving(127, 0); 3]);
    assert_eq!(room.late_inputs(), 3);
    room.step();
    assert_eq!(state(&room, slot).velocity_x, 0);
    assert_eq!(room.acks(), [InputAck { slot, tick: 0, margin_ticks: -1 }]);
}

#[test]
fn inputs_too_far_ahead_are_dropped() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    let last = INPUT_TICKS_AHEAD_MAX;
    room.push_input(slot, last, &[moving(127, 0), moving(0, 127)]);
    room.push_input(slot, u32::MAX, &[moving(127, 0); 3]);
    steps(&mut room, last + 1);
    assert_eq!(room.acks(), [InputAck { slot, tick: last, margin_ticks: 127 }]);
    assert_eq!((room.late_inputs(), state(&room, slot).velocity_y), (0, 0));
}

#[test]
fn the_first_input_for_a_tick_stays() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    room.push_input(slot, 1, &[moving(127, 0)]);
    room.push_input(slot, 1, &[moving(-127, 0)]);
    room.step();
    assert!(state(&room, slot).velocity_x > 0);
}

#[test]
fn a_match_ends_and_the_room_closes() {
    let mut settings = settings(1, 4);
    settings.match_ticks = 300;
    let mut room = Room::new(&settings);
    join(&mut room, 100);
    steps(&mut room, 299);
    assert_eq!((room.phase(), room.ticks_left()), (Phase::Playing, 1));
    room.step();
    assert_eq!((room.phase(), room.ticks_left()), (Phase::Over, 0));
    assert_eq!(room.frame().phase_ends_tick, 300 + OVER_TICKS);
    steps(&mut room, OVER_TICKS - 1);
    assert!(!room.is_closed());
    room.step();
    assert!(room.is_closed());
}

#[test]
fn results_are_best_first_and_keep_who_left() {
    let mut room = empty_room();
    for player in 100..104 {
        join(&mut room, player);
    }
    for (slot, kills, deaths) in [(0, 1, 0), (1, 5, 3), (2, 5, 2), (3, 0, 0)] {
        let seat = room.seat_mut(Slot(slot)).expect("the seat is taken");
        (seat.kills, seat.deaths) = (kills, deaths);
    }
    room.leave(Slot(2), true);
    room.leave(Slot(3), true);
    steps(&mut room, LEFT_BODY_TICKS);
    let players: Vec<u64> = room.results().iter().map(|result| result.player.0).collect();
    assert_eq!(players, [102, 101, 100], "who left without a score is not on the board");
    let slot = join(&mut room, 102);
    assert_eq!((state(&room, slot).kills, room.results().len()), (5, 3), "and who returns goes on");
}

#[test]
fn players_still_move_when_it_is_over() {
    let mut room = empty_room();
    let slot = join(&mut room, 100);
    room.end_now();
    hold(&mut room, slot, moving(127, 0), 10);
    assert!(state(&room, slot).velocity_x > 0);
    assert_eq!(room.results()[0].player, PlayerId(100));
}
