//! What a player's connection carries while ten play as hard as bots can.

use std::collections::VecDeque;
use std::io::Write;

use game_server::domain::{
    MatchSettings, PLAYERS_PER_ROOM_MAX, PlayerId, Pool, RoomFrame, RoomId, SEAT_HOLD_TICKS,
    STATE_EVERY_TICKS, Slot, StateRate, TICK_RATE_HZ,
};
use game_server::protocol::client::{ServerMessage, encode_server};
use game_server::protocol::delta::{assemble, base_age, encode_body, encode_head};
use game_server::sim::Room;
use game_server::sim::brain::{self, Memory, THINK_TICKS, View};
use game_server::sim::random::Random;

/// WebSocket payload to one player per second.
const BYTES_PER_SECOND_MAX: usize = 1_500;
const SECONDS: u32 = 60;

/// Ten people who move and shoot like bots; their inputs count as people's, so that nothing is saved on them.
struct Crowd {
    room: Room,
    memories: Vec<Memory>,
    random: Random,
}

impl Crowd {
    fn new() -> Crowd {
        let mut room = Room::new(&MatchSettings {
            room: RoomId(1),
            seed: 1,
            pool: Pool::Bots,
            match_ticks: 2 * SECONDS * TICK_RATE_HZ,
            fill_to_players: 0,
            state_rate: StateRate::default(),
            seat_hold_ticks: SEAT_HOLD_TICKS,
        });
        for player in 0..PLAYERS_PER_ROOM_MAX as u64 {
            room.join(PlayerId(player), "x").expect("there is a seat");
        }
        Crowd { room, memories: vec![Memory::default(); PLAYERS_PER_ROOM_MAX], random: Random::new(1) }
    }

    /// One tick; returns the events of it.
    fn step(&mut self) -> Option<ServerMessage> {
        let tick = self.room.tick() + 1;
        let frame = self.room.frame();
        for (slot, memory) in (0..).zip(&mut self.memories) {
            if (tick + u32::from(slot)).is_multiple_of(THINK_TICKS) {
                let view = View { tick, own: Slot(slot), players: &frame.players, walls: self.room.walls() };
                let input = brain::decide(memory, &view, &mut self.random);
                self.room.push_input(Slot(slot), tick, &[input]);
            }
        }
        self.room.step();
        let events = self.room.events().to_vec();
        (!events.is_empty()).then_some(ServerMessage::Events { tick, events })
    }
}

/// Bytes to the first player in [`SECONDS`], with acks that are `frames_behind` old when a frame leaves.
fn bytes_sent(frames_behind: usize) -> usize {
    let mut crowd = Crowd::new();
    let mut sent: VecDeque<RoomFrame> = VecDeque::new();
    let mut bytes = 0;
    for tick in 1..=SECONDS * TICK_RATE_HZ {
        bytes += crowd.step().map_or(0, |events| encode_server(&events).len());
        if !tick.is_multiple_of(STATE_EVERY_TICKS) {
            continue;
        }
        let frame = crowd.room.frame();
        let base = if sent.len() == frames_behind { sent.pop_front() } else { None };
        let acks = crowd.room.acks();
        let head = encode_head(&frame, Slot(0), base_age(base.as_ref(), &frame), acks.first());
        bytes += assemble(&head, &encode_body(base.as_ref(), &frame)).len();
        sent.push_back(frame);
    }
    bytes / SECONDS as usize
}

#[test]
fn a_full_room_stays_within_the_budget() {
    for (frames_behind, meaning) in [(1, "50 ms"), (2, "100 ms"), (3, "150 ms")] {
        let per_second = bytes_sent(frames_behind);
        // The figure is worth reading even when the test passes.
        writeln!(std::io::stdout(), "{per_second} bytes per second and player, acks {meaning} old")
            .expect("stdout");
        assert!(per_second <= BYTES_PER_SECOND_MAX, "{per_second} bytes per second, acks {meaning} old");
    }
}
