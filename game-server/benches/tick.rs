//! What a room costs: `cargo bench -p game-server`. The bar is 10 µs for the median tick of ten fighting players.
//!
//! With `--features ball` the mode that a physics engine simulates stands beside the first.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use game_server::domain::{
    BUTTON_FIRE, MatchSettings, Mode, PLAYERS_PER_ROOM_MAX, PlayerId, PlayerInput, Pool, RoomFrame, RoomId,
    SEAT_HOLD_TICKS, STATE_EVERY_TICKS, Slot, StateRate,
};
use game_server::protocol::delta::{assemble, base_age, encode_body, encode_head};
use game_server::protocol::link::{RoomToGateway, decode_room, encode_room};
use game_server::sim::Room;

/// Long enough that everybody has left the spawn points and shots are in the air.
const WARM_UP_TICKS: u32 = 600;

fn main() {
    divan::main();
}

/// A match that does not end, with `people` whose inputs come over the net and bots on the other seats.
fn room(people: u64) -> Room {
    room_of(Mode::default(), people)
}

fn room_of(mode: Mode, people: u64) -> Room {
    let mut room = Room::new(&MatchSettings {
        room: RoomId(1),
        seed: 1,
        pool: Pool::Public,
        match_ticks: u32::MAX,
        fill_to_players: PLAYERS_PER_ROOM_MAX as u8,
        mode,
        state_rate: StateRate::default(),
        seat_hold_ticks: SEAT_HOLD_TICKS,
    });
    for player in 0..people {
        room.join(PlayerId(100 + player), "x").expect("there is a seat");
    }
    for _ in 0..WARM_UP_TICKS {
        tick(&mut room);
    }
    room
}

/// Everybody runs in circles of their own, looks around and shoots as often as the weapon allows.
fn tick(room: &mut Room) {
    let next = room.tick() + 1;
    for slot in 0..PLAYERS_PER_ROOM_MAX as u8 {
        let phase = next.wrapping_mul(2).wrapping_add(u32::from(slot) * 25) as u8;
        let (move_x, move_y) = (phase.wrapping_mul(3) as i8, phase as i8);
        let input = PlayerInput { move_x, move_y, aim: phase, buttons: BUTTON_FIRE };
        room.push_input(Slot(slot), next, &[input]);
    }
    room.step();
}

/// Two frames as far apart as an acknowledged one and the newest are on a good connection.
fn frames() -> (RoomFrame, RoomFrame) {
    let mut room = room(PLAYERS_PER_ROOM_MAX as u64);
    let base = room.frame();
    for _ in 0..2 * STATE_EVERY_TICKS {
        tick(&mut room);
    }
    (base, room.frame())
}

#[divan::bench]
fn tick_ten_people(bencher: Bencher) {
    let mut room = room(PLAYERS_PER_ROOM_MAX as u64);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| tick(black_box(&mut room)));
}

#[divan::bench]
fn tick_one_person_nine_bots(bencher: Bencher) {
    let mut room = room(1);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| tick(black_box(&mut room)));
}

/// Nine people and a ball.
#[cfg(feature = "ball")]
#[divan::bench]
fn tick_nine_people_and_a_ball(bencher: Bencher) {
    let mut room = room_of(Mode::Ball, PLAYERS_PER_ROOM_MAX as u64 - 1);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| tick(black_box(&mut room)));
}

#[divan::bench]
fn frame(bencher: Bencher) {
    let room = room(PLAYERS_PER_ROOM_MAX as u64);
    let mut frame = room.frame();
    bencher.bench_local(|| black_box(&room).frame_into(&mut frame));
}

/// What the replay log adds to every tick.
#[divan::bench]
fn hash(bencher: Bencher) {
    let room = room(PLAYERS_PER_ROOM_MAX as u64);
    bencher.bench_local(|| black_box(&room).hash_parts());
}

#[divan::bench]
fn encode_full_body(bencher: Bencher) {
    let (_, frame) = frames();
    bencher.bench_local(|| encode_body(None, black_box(&frame)));
}

#[divan::bench]
fn encode_delta_body(bencher: Bencher) {
    let (base, frame) = frames();
    bencher.bench_local(|| encode_body(Some(black_box(&base)), black_box(&frame)));
}

/// What comes on top for every player once the shared body is there.
#[divan::bench]
fn encode_head_and_assemble(bencher: Bencher) {
    let (base, frame) = frames();
    let body = encode_body(Some(&base), &frame);
    let age = base_age(Some(&base), &frame);
    bencher.bench_local(|| assemble(&encode_head(black_box(&frame), Slot(3), age, None), &body));
}

/// A frame on its way over a link, both ends.
#[divan::bench]
fn link_frame_there_and_back(bencher: Bencher) {
    let (_, frame) = frames();
    let message =
        RoomToGateway::Frame { room: RoomId(1), frame, acks: Vec::new(), tick_gap_excess_p99_us: 0 };
    bencher.bench_local(|| decode_room(&encode_room(black_box(&message))));
}
