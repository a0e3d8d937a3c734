//! A ball among people.

use super::BALL_SLOT;
use crate::domain::{
    BUTTON_FIRE, MatchSettings, Mode, PLAYERS_PER_ROOM_MAX, PlayerId, PlayerInput, PlayerState, Slot,
};
use crate::sim::{JoinError, Room};

fn room(seed: u64, fill: u8) -> Room {
    let json = format!(
        r#"{{"room":7,"seed":{seed},"pool":"public","match_ticks":18000,"fill_to_players":{fill},"mode":"ball"}}"#
    );
    let settings: MatchSettings = serde_json::from_str(&json).expect("settings");
    assert_eq!(settings.mode, Mode::Ball);
    Room::new(&settings)
}

fn ball(room: &Room) -> PlayerState {
    *room.frame().players.last().expect("the ball is in every frame")
}

#[test]
fn the_ball_has_the_last_seat() {
    let mut room = room(1, 0);
    for player in 0..PLAYERS_PER_ROOM_MAX as u64 - 1 {
        assert_ne!(room.join(PlayerId(player), "x"), Ok(BALL_SLOT));
    }
    assert_eq!(room.join(PlayerId(99), "x"), Err(JoinError::Full));
    assert_eq!(ball(&room).slot, BALL_SLOT);
    assert_eq!(room.roster().last().map(|entry| entry.name.as_str()), Some("Ball"));
    assert_eq!(room.free_seats(), 0);
}

#[test]
fn people_push_it_and_walls_stop_it() {
    let mut room = room(1, 0);
    let slot = room.join(PlayerId(1), "x").expect("a seat");
    let before = ball(&room);
    for _ in 0..600 {
        let frame = room.frame();
        let own = frame.players.iter().find(|player| player.slot == slot).expect("a body");
        let towards = |own: u16, ball: u16| (i32::from(ball) - i32::from(own)).clamp(-127, 127) as i8;
        let (move_x, move_y) = (towards(own.x, ball(&room).x), towards(own.y, ball(&room).y));
        room.push_input(slot, room.tick() + 1, &[PlayerInput { move_x, move_y, ..PlayerInput::default() }]);
        room.step();
    }
    let after = ball(&room);
    assert_ne!((before.x, before.y), (after.x, after.y), "pushed");
    let inside = 16 * 64..=984 * 64;
    assert!(inside.contains(&after.x) && inside.contains(&after.y), "{after:?}");
}

#[test]
fn two_matches_with_the_same_inputs_are_the_same() {
    let (mut first, mut second) = (room(3, 9), room(3, 9));
    for room in [&mut first, &mut second] {
        room.join(PlayerId(1), "x").expect("a seat");
    }
    for tick in 1..1200_u32 {
        for room in [&mut first, &mut second] {
            let aim = tick.wrapping_mul(3) as u8;
            let input = PlayerInput { move_x: aim as i8, move_y: 99, aim, buttons: BUTTON_FIRE };
            room.push_input(Slot(0), tick, &[input]);
            room.step();
        }
        assert_eq!(first.hash_parts(), second.hash_parts(), "tick {tick}");
    }
    assert_ne!((ball(&first).x, ball(&first).y), (500 * 64, 400 * 64), "nine bots leave no ball alone");
}
