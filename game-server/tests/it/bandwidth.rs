//! What a player's connection carries while ten play as hard as bots can.

use std::collections::VecDeque;
use std::io::Write;

use game_server::domain::{
    MatchSettings, Mode, PLAYERS_PER_ROOM_MAX, PlayerId, Pool, RoomId, SEAT_HOLD_TICKS, Slot, StateRate,
    TICK_RATE_HZ, Tick,
};
use game_server::protocol::client::{ServerMessage, encode_server};
use game_server::protocol::history::History;
use game_server::protocol::roster::ROSTER_ALLOWANCE;
use game_server::protocol::view::{RESERVED_BYTES_PER_SECOND, View as ClientView};
use game_server::sim::Room;
use game_server::sim::brain::{self, Memory, THINK_TICKS, View};
use game_server::sim::random::Random;

/// WebSocket payload to one player per second.
const BYTES_PER_SECOND_MAX: usize = 1_500;
const SECONDS: u32 = 60;
/// Acknowledgements come back after this: the same city, the same country, the same continent, across an ocean.
const ROUND_TRIPS_MS: [u32; 4] = [50, 100, 150, 300];

/// Ten people who move and shoot like bots; their inputs count as people's, so that nothing is saved on them.
struct Crowd {
    room: Room,
    memories: Vec<Memory>,
    random: Random,
}

impl Crowd {
    fn new(state_rate: StateRate) -> Crowd {
        let mut room = Room::new(&MatchSettings {
            room: RoomId(1),
            seed: 1,
            pool: Pool::Bots,
            match_ticks: 2 * SECONDS * TICK_RATE_HZ,
            fill_to_players: 0,
            mode: Mode::default(),
            state_rate,
            seat_hold_ticks: SEAT_HOLD_TICKS,
        });
        for player in 0..PLAYERS_PER_ROOM_MAX as u64 {
            room.join(PlayerId(player), "x").expect("there is a seat");
        }
        Crowd { room, memories: vec![Memory::default(); PLAYERS_PER_ROOM_MAX], random: Random::new(1) }
    }

    /// One tick; returns the bytes of its events.
    fn step(&mut self) -> usize {
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
        if events.is_empty() { 0 } else { encode_server(&ServerMessage::Events { tick, events }).len() }
    }
}

/// What one player was sent.
struct Receiver {
    view: ClientView,
    others_bytes: usize,
    on_the_way: VecDeque<Tick>,
    bytes: usize,
    states: u32,
    partial: u32,
}

impl Receiver {
    fn new(slot: u8) -> Receiver {
        let view = ClientView::new(Slot(slot));
        Receiver { view, others_bytes: 0, on_the_way: VecDeque::new(), bytes: 0, states: 0, partial: 0 }
    }

    fn hear_events(&mut self, bytes: usize) {
        self.others_bytes += bytes;
        self.bytes += bytes;
    }

    fn hear_state(&mut self, history: &mut History) {
        let Some(state) = self.view.next(history) else { return };
        self.bytes += state.bytes.len();
        self.states += 1;
        self.partial += u32::from(state.partial);
        self.on_the_way.push_back(state.tick);
    }

    fn ack_until(&mut self, tick: Tick) {
        while self.on_the_way.front().is_some_and(|sent| *sent <= tick) {
            self.view.ack(self.on_the_way.pop_front().expect("not empty"));
        }
    }
}

/// A minute of a full room as its ten players receive it.
fn receive(state_rate: StateRate, round_trip_ms: u32) -> Vec<Receiver> {
    let (mut crowd, mut history) = (Crowd::new(state_rate), History::default());
    let mut receivers: Vec<Receiver> = (0..PLAYERS_PER_ROOM_MAX as u8).map(Receiver::new).collect();
    for tick in 1..=SECONDS * TICK_RATE_HZ {
        let events = crowd.step();
        let acked = tick.saturating_sub(round_trip_ms * TICK_RATE_HZ / 1_000);
        let state_is_due = tick.is_multiple_of(state_rate.every_ticks());
        if state_is_due {
            history.push(crowd.room.frame(), crowd.room.acks());
        }
        for receiver in &mut receivers {
            receiver.hear_events(events);
            receiver.ack_until(acked);
            if state_is_due {
                receiver.hear_state(&mut history);
            }
        }
    }
    receivers
}

#[test]
fn a_full_room_stays_within_the_budget() {
    for rate in [StateRate::Hz20, StateRate::Hz30] {
        for round_trip_ms in ROUND_TRIPS_MS {
            let receivers = receive(rate, round_trip_ms);
            let per_second = |receiver: &Receiver| receiver.bytes / SECONDS as usize;
            let most = receivers.iter().map(per_second).max().expect("ten players");
            let mean = receivers.iter().map(per_second).sum::<usize>() / receivers.len();
            let others = receivers.iter().map(|receiver| receiver.others_bytes).max().unwrap_or(0);
            let reserved = (RESERVED_BYTES_PER_SECOND - ROSTER_ALLOWANCE.bytes_per_second) * SECONDS;
            assert!(others <= reserved as usize, "{others} bytes of events, {reserved} reserved");
            let states: u32 = receivers.iter().map(|receiver| receiver.states).sum();
            let partial: u32 = receivers.iter().map(|receiver| receiver.partial).sum();
            let hz = u32::from(u8::from(rate));
            let due = hz * SECONDS * receivers.len() as u32;
            // The figures are worth reading even when the test passes.
            writeln!(
                std::io::stdout(),
                "{hz} Hz, {round_trip_ms} ms: {mean} bytes per second and player, {most} at most; \
                 {:.1} % of the states sent, {:.1} % of them in part",
                100.0 * f64::from(states) / f64::from(due),
                100.0 * f64::from(partial) / f64::from(states),
            )
            .expect("stdout");
            assert!(most <= BYTES_PER_SECOND_MAX, "{most} bytes per second");
            // Far shots are told again until they are acknowledged: at 30 Hz across an ocean that costs frames too.
            let states_min_percent = if rate == StateRate::Hz20 { 95 } else { 60 };
            assert!(states * 100 >= due * states_min_percent, "{states} of {due} states");
            if hz == 20 && round_trip_ms <= 100 {
                assert!(partial * 100 <= states, "{partial} of {states} states in part on a good connection");
            }
        }
    }
}
