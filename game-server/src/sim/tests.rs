//! Rooms from the outside: determinism, seats, shots, the end of a match.

mod bots;
mod determinism;
mod leaving;
mod match_flow;
mod rewind;
mod seats;
mod shots;

use crate::domain::{
    MatchSettings, Mode, PlayerId, PlayerInput, PlayerState, Pool, RoomId, SEAT_HOLD_TICKS, Slot, StateRate,
};
use crate::sim::Room;

fn settings(seed: u64, fill_to_players: u8) -> MatchSettings {
    MatchSettings {
        room: RoomId(1),
        seed,
        pool: Pool::Public,
        match_ticks: 18_000,
        fill_to_players,
        mode: Mode::default(),
        state_rate: StateRate::default(),
        seat_hold_ticks: SEAT_HOLD_TICKS,
    }
}

/// A room with nobody in it.
fn empty_room() -> Room {
    Room::new(&settings(1, 0))
}

fn join(room: &mut Room, player: u64) -> Slot {
    room.join(PlayerId(player), &format!("P{player}")).expect("there is a seat")
}

fn steps(room: &mut Room, ticks: u32) {
    for _ in 0..ticks {
        room.step();
    }
}

/// Steps with the same input each tick.
fn hold(room: &mut Room, slot: Slot, input: PlayerInput, ticks: u32) {
    for _ in 0..ticks {
        room.push_input(slot, room.tick() + 1, &[input]);
        room.step();
    }
}

fn state(room: &Room, slot: Slot) -> PlayerState {
    let frame = room.frame();
    *frame.players.iter().find(|player| player.slot == slot).expect("the player is in the frame")
}

fn moving(move_x: i8, move_y: i8) -> PlayerInput {
    PlayerInput { move_x, move_y, ..PlayerInput::default() }
}
