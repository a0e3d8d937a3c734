//! `state.json`: a real match as State messages, full and against bases of several ages.

use game_server::domain::{
    BUTTON_FIRE, MatchSettings, Mode, Phase, PlayerId, PlayerInput, Pool, RoomFrame, RoomId, SEAT_HOLD_TICKS,
    STATE_EVERY_TICKS, Slot, StateRate,
};
use game_server::protocol::delta::decode::{State, decode_state};
use game_server::protocol::delta::{DisplayFrame, TOLD_ALL, assemble, base_age, encode_head, encode_told};
use game_server::sim::Room;
use serde_json::{Value, json};

const ABOUT: &str = "State messages of one match as the player on `slot` gets them, in order; `hex` are the bytes. \
    Every decoded frame is a base for later ones. `players` and `own` as decoded: players in quarter units by slot, \
    own in 1/64 units and 1/16 units per second, projectiles in whole units where they were at born_tick. Bit n of \
    `told` is set when slot n is as it was at `tick` rather than at `base_tick`.";

const SLOT: Slot = Slot(5);
const FRAMES: usize = 120;
/// How many frames back the base of each message lies, over and over; 0 is a full message.
const BASES_BACK: [usize; 9] = [0, 1, 1, 2, 1, 3, 5, 2, 9];

#[test]
fn states_are_as_recorded() {
    let mut room = Room::new(&MatchSettings {
        room: RoomId(7),
        seed: 7,
        pool: Pool::Public,
        match_ticks: 330,
        fill_to_players: 6,
        mode: Mode::default(),
        state_rate: StateRate::default(),
        seat_hold_ticks: SEAT_HOLD_TICKS,
    });
    assert_eq!(room.join(PlayerId(70), "Ann"), Ok(SLOT));
    let (mut sent, mut known): (Vec<RoomFrame>, Vec<DisplayFrame>) = (Vec::new(), Vec::new());
    let mut frames = Vec::new();
    for index in 0..FRAMES {
        play_to_next_frame(&mut room, index);
        let now = room.frame();
        let back = BASES_BACK[index % BASES_BACK.len()];
        let base = if back == 0 { None } else { sent.len().checked_sub(back).map(|place| &sent[place]) };
        let (frame, told) = in_part(now, base, index);
        let acks = room.acks();
        let head =
            encode_head(&frame, SLOT, base_age(base, &frame), acks.iter().find(|ack| ack.slot == SLOT));
        let bytes = assemble(&head, &encode_told(base, &frame, told));
        let find_base = |tick| known.iter().find(|known| known.tick == tick);
        let state = decode_state(&bytes, SLOT, find_base).expect("an own message can be read");
        assert_eq!(state.frame, DisplayFrame::of(&frame));
        frames.push(described(&bytes, &state));
        known.push(state.frame);
        sent.push(frame);
    }
    super::check("state.json", ABOUT, vec![("slot", json!(SLOT.0)), ("messages", Value::Array(frames))]);
}

/// Leaves a player out of some messages and the newest shot out of others, as a client over its budget sees it.
fn in_part(mut frame: RoomFrame, base: Option<&RoomFrame>, index: usize) -> (RoomFrame, u16) {
    let untold = Slot((index % 5) as u8);
    let Some(base) = base else { return (frame, TOLD_ALL) };
    let before = base.players.iter().find(|player| player.slot == untold);
    let player = frame.players.iter_mut().find(|player| player.slot == untold);
    if let (Some(before), Some(player)) = (before, player)
        && index % 4 == 3
    {
        *player = *before;
        return (frame, TOLD_ALL & !(1 << untold.0));
    }
    if index % 7 == 5 {
        frame.projectiles.pop();
    }
    (frame, TOLD_ALL)
}

/// The player runs in circles and shoots; one guest comes, one goes.
fn play_to_next_frame(room: &mut Room, index: usize) {
    if index == 20 {
        room.join(PlayerId(71), "Bo").expect("a bot makes room");
    }
    if index == 60 {
        let bo = room.roster().iter().find(|entry| entry.player == PlayerId(71)).map(|entry| entry.slot);
        room.leave(bo.expect("Bo has a seat"), false);
    }
    for _ in 0..STATE_EVERY_TICKS {
        let turn = (room.tick() / 40) % 4;
        let (move_x, move_y) = [(127, 0), (0, 127), (-127, 0), (0, -127)][turn as usize];
        let input = PlayerInput { move_x, move_y, aim: (room.tick() * 3) as u8, buttons: BUTTON_FIRE };
        room.push_input(SLOT, room.tick() + 1, &[input]);
        room.step();
    }
}

fn described(bytes: &[u8], state: &State) -> Value {
    let players = state.frame.players.iter().enumerate().filter_map(|(slot, player)| {
        player.map(|player| {
            json!({
                "slot": slot, "x": player.x, "y": player.y, "aim": player.aim, "health": player.health,
                "flags": player.flags, "kills": player.kills, "deaths": player.deaths,
                "respawn_tick": player.respawn_tick,
            })
        })
    });
    let projectiles = state.frame.projectiles.iter().map(|shot| {
        json!({ "owner": shot.owner.0, "x": shot.x, "y": shot.y, "aim": shot.aim, "born_tick": shot.born_tick })
    });
    let own = state.own.map(
        |own| json!({ "x": own.x, "y": own.y, "velocity_x": own.velocity_x, "velocity_y": own.velocity_y }),
    );
    json!({
        "hex": super::hex(bytes),
        "tick": state.frame.tick,
        "base_tick": state.base_tick,
        "phase": match state.frame.phase { Phase::Playing => "playing", Phase::Over => "over" },
        "phase_ends_tick": state.frame.phase_ends_tick,
        "acked_input_tick": state.acked_input_tick,
        "margin_ticks": state.margin_ticks,
        "told": state.told,
        "own": own,
        "players": players.collect::<Vec<Value>>(),
        "projectiles": projectiles.collect::<Vec<Value>>(),
    })
}
