//! Views against clients that decode what they get and acknowledge it late.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{STATE_ALLOWANCE, State, View};
use crate::domain::{
    FLAG_ALIVE, InputAck, Phase, PlayerState, ProjectileState, RoomFrame, STATE_EVERY_TICKS, Slot,
    TICK_RATE_HZ, Tick,
};
use crate::protocol::delta::decode::{State as Decoded, decode_state};
use crate::protocol::delta::{BASES_MAX, DisplayFrame, DisplayPlayer, assemble, encode_body, encode_head};
use crate::protocol::history::History;
use crate::protocol::interest::{NEAR_UNITS, OVERDUE_TICKS};

const OWN: Slot = Slot(0);
const QUANTA: u16 = 64;

/// Ten players who walk about and shoot, as random as a seed.
struct World {
    seed: u64,
    frame: RoomFrame,
    next_shot: u16,
}

impl World {
    fn new(seed: u64) -> World {
        let mut world = World { seed: seed | 1, frame: frame(0), next_shot: 0 };
        world.frame.players = (0..10).map(|slot| player(slot, 0)).collect();
        for at in 0..10 {
            (world.frame.players[at].x, world.frame.players[at].y) =
                (world.below(64_000) as u16, world.below(64_000) as u16);
        }
        world
    }

    fn below(&mut self, end: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 16) % end
    }

    /// So many ticks later.
    fn step(&mut self, ticks: u32) -> RoomFrame {
        self.frame.tick += ticks;
        let tick = self.frame.tick;
        self.frame.projectiles.retain(|shot| tick - shot.born_tick < 75);
        for slot in 0..10_u8 {
            let (dx, dy) = (self.below(513) as i32 - 256, self.below(513) as i32 - 256);
            let (aim, fires) = (self.below(256) as u8, self.below(5) == 0);
            let player = &mut self.frame.players[usize::from(slot)];
            player.x = (i32::from(player.x) + dx * ticks as i32).clamp(0, 63_999) as u16;
            player.y = (i32::from(player.y) + dy * ticks as i32).clamp(0, 63_999) as u16;
            player.aim = aim;
            let (x, y) = (player.x, player.y);
            if fires {
                self.next_shot += 1;
                let shot =
                    ProjectileState { id: self.next_shot, owner: Slot(slot), x, y, aim, born_tick: tick };
                self.frame.projectiles.push(shot);
            }
        }
        self.frame.clone()
    }
}

/// What one client has decoded.
#[derive(Default)]
struct Client {
    bases: BTreeMap<Tick, DisplayFrame>,
    on_the_way: VecDeque<Tick>,
    full_blocks: usize,
}

impl Client {
    fn read(&mut self, state: &State) -> Decoded {
        let decoded = decode_state(&state.bytes, OWN, |tick| self.bases.get(&tick)).expect("readable");
        self.full_blocks += usize::from(decoded.base_tick.is_none());
        self.bases.insert(state.tick, decoded.frame.clone());
        while self.bases.len() > BASES_MAX {
            self.bases.pop_first();
        }
        self.on_the_way.push_back(state.tick);
        decoded
    }

    /// Acknowledges what was decoded `behind` states ago.
    fn ack(&mut self, view: &mut View, behind: usize) {
        while self.on_the_way.len() > behind {
            view.ack(self.on_the_way.pop_front().expect("not empty"));
        }
    }
}

fn frame(tick: Tick) -> RoomFrame {
    RoomFrame {
        tick,
        phase: Phase::Playing,
        phase_ends_tick: 6000,
        players: vec![player(0, tick), player(1, tick)],
        projectiles: Vec::new(),
    }
}

fn player(slot: u8, tick: Tick) -> PlayerState {
    PlayerState {
        slot: Slot(slot),
        x: 1000 + tick as u16 * 8,
        y: 2000,
        velocity_x: 16,
        velocity_y: 0,
        aim: 3,
        health: 100,
        flags: FLAG_ALIVE,
        kills: 0,
        deaths: 0,
        respawn_tick: 0,
    }
}

fn acks(tick: Tick) -> Vec<InputAck> {
    vec![InputAck { slot: OWN, tick, margin_ticks: 1 }]
}

fn push(history: &mut History, tick: Tick) {
    history.push(frame(tick), acks(tick));
}

/// The longest that a client knew something wrong about another player, anywhere and near.
#[derive(Default)]
struct Waits {
    anywhere: Tick,
    near: Tick,
    partial_states: usize,
}

impl Waits {
    fn note(&mut self, frame: &RoomFrame, true_at: &[Tick; 10]) {
        let own = frame.players[0];
        for player in &frame.players[1..] {
            let waited = frame.tick - true_at[usize::from(player.slot.0)];
            let (x, y) = (player.x.abs_diff(own.x) / QUANTA, player.y.abs_diff(own.y) / QUANTA);
            self.anywhere = self.anywhere.max(waited);
            if u32::from(x).pow(2) + u32::from(y).pow(2) <= (NEAR_UNITS / 2).pow(2) {
                self.near = self.near.max(waited);
            }
        }
    }
}

/// A quarter of a minute of a world at this rate for a client whose acknowledgements come so late.
fn play(seed: u64, every: u32, behind: usize) -> Waits {
    let (mut world, mut history) = (World::new(seed), History::default());
    let (mut view, mut client) = (View::new(OWN), Client::default());
    let (mut shown, mut true_at) = ([DisplayPlayer::default(); 10], [0; 10]);
    let (mut waits, mut bytes, mut full_bytes) = (Waits::default(), 0, 0);
    for round in 1..=15 * TICK_RATE_HZ / every {
        let frame = world.step(every);
        history.push(frame.clone(), acks(frame.tick));
        if let Some(state) = view.next(&mut history) {
            let decoded = client.read(&state);
            assert_eq!(decoded.frame, DisplayFrame::of(view.last.as_ref().unwrap()));
            let told = |slot: &usize| decoded.told & 1 << slot != 0;
            (0..10).filter(told).for_each(|slot| shown[slot] = decoded.frame.players[slot].unwrap());
            bytes += state.bytes.len();
            waits.partial_states += usize::from(state.partial);
            if decoded.base_tick.is_none() && round == 1 {
                full_bytes = state.bytes.len();
            }
        }
        client.ack(&mut view, behind);
        for (slot, player) in frame.players.iter().enumerate() {
            if shown[slot] == DisplayPlayer::of(player) {
                true_at[slot] = frame.tick;
            }
        }
        waits.note(&frame, &true_at);
        let seconds_worth = frame.tick * STATE_ALLOWANCE.bytes_per_second / TICK_RATE_HZ;
        let due = (STATE_ALLOWANCE.burst_bytes + seconds_worth) as usize + full_bytes;
        assert!(bytes <= due, "{bytes} bytes by tick {}, {due} due", frame.tick);
    }
    waits
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(16))]

    /// The world is far busier than a match: everybody turns all the time and shoots four times as often.
    #[test]
    fn clients_know_what_views_think_within_the_budget(seed in any::<u64>(), every in 2_u32..=3, behind in 0_usize..40) {
        play(seed, every, behind);
    }

    #[test]
    fn everything_is_told_within_a_bound_and_what_is_near_sooner(seed in any::<u64>(), every in 2_u32..=3, behind in 4_usize..8) {
        let waits = play(seed, every, behind);
        prop_assert!(waits.anywhere <= 2 * OVERDUE_TICKS, "{} ticks", waits.anywhere);
        prop_assert!(waits.partial_states > 50, "the world is not busy enough: {}", waits.partial_states);
        prop_assert!(waits.near <= OVERDUE_TICKS * 3 / 2, "{} ticks near", waits.near);
    }

    #[test]
    fn a_client_that_hears_everything_gets_the_shared_body(back in 1_u32..BASES_MAX as u32) {
        let (mut history, mut view) = (History::default(), View::new(OWN));
        push(&mut history, 3);
        view.next(&mut history).unwrap();
        (2..=back + 1).for_each(|n| push(&mut history, n * 3));
        let newest = (back + 1) * 3;
        let state = view.next(&mut history).unwrap();
        let head = encode_head(&frame(newest), OWN, (newest - 3) as u8, acks(newest).first());
        prop_assert_eq!(state.bytes, assemble(&head, &encode_body(Some(&frame(3)), &frame(newest))));
        prop_assert_eq!((state.partial, state.skipped), (false, back as usize - 1));
    }
}

#[test]
fn there_is_one_full_block_and_then_deltas_before_any_acknowledgement() {
    let (mut history, mut view, mut client) = (History::default(), View::new(OWN), Client::default());
    for n in 1..=10 {
        push(&mut history, n * STATE_EVERY_TICKS);
        client.read(&view.next(&mut history).unwrap());
    }
    assert_eq!(client.full_blocks, 1);
}

#[test]
fn a_base_that_fell_out_of_the_history_means_a_full_block() {
    let (mut history, mut view) = (History::default(), View::new(OWN));
    push(&mut history, 3);
    view.next(&mut history).unwrap();
    (2..=BASES_MAX as u32 + 1).for_each(|n| push(&mut history, n * 3));
    let state = view.next(&mut history).unwrap();
    assert_eq!(decode_state(&state.bytes, OWN, |_| None).unwrap().base_tick, None);
}

#[test]
fn joiners_of_one_tick_share_one_full_block_and_others_one_body_for_each_base() {
    let mut history = History::default();
    push(&mut history, 3);
    let mut views: Vec<View> = (0..20).map(|slot| View::new(Slot(slot % 2))).collect();
    views.iter_mut().for_each(|view| assert!(view.next(&mut history).is_some()));
    assert_eq!(history.bodies_encoded(), 1);
    push(&mut history, 6);
    views[..10].iter_mut().for_each(|view| {
        view.next(&mut history).unwrap();
        view.ack(6);
    });
    push(&mut history, 9);
    views.iter_mut().for_each(|view| assert!(view.next(&mut history).is_some()));
    assert_eq!(history.bodies_encoded(), 2);
}

#[test]
fn nothing_is_sent_twice_or_without_the_own_player() {
    let (mut history, mut view) = (History::default(), View::new(OWN));
    assert_eq!(view.next(&mut history), None);
    push(&mut history, 3);
    assert!(view.next(&mut history).is_some());
    assert_eq!(view.next(&mut history), None);
    assert_eq!(View::new(Slot(7)).next(&mut history), None);
}

#[test]
fn a_client_that_has_had_enough_skips_frames() {
    let (mut world, mut history, mut view) = (World::new(5), History::default(), View::new(OWN));
    let (mut states, mut skipped) = (0, 0);
    for round in 1..=200 {
        let frame = world.step(3);
        history.push(frame.clone(), acks(frame.tick));
        if let Some(state) = view.next(&mut history) {
            states += 1;
            skipped += state.skipped;
            assert_eq!(states + skipped, round, "what is not sent is counted with the next");
        }
    }
    assert!(skipped > 0, "a client that acknowledges nothing gets no state in full twenty times a second");
    push(&mut history, world.frame.tick + 2 * TICK_RATE_HZ);
    assert!(view.next(&mut history).is_some_and(|state| !state.partial), "it has more again");
    assert!(Arc::ptr_eq(view.last.as_ref().unwrap(), history.newest().unwrap()));
}
