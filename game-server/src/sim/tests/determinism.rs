//! The same calls give the same hash, whatever they are.

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{join, settings, steps};
use crate::domain::{MAP_SIZE, POSITION_STEPS_PER_UNIT, PlayerId, PlayerInput, Slot, Wall};
use crate::sim::Room;
use crate::sim::movement::PLAYER_RADIUS;
use crate::sim::random::Random;

/// Something that the net does to a room between two steps.
#[derive(Debug, Clone)]
enum Action {
    Join(u64),
    Leave(u8, bool),
    /// Slot, ticks ahead of the next one, inputs.
    Push(u8, i8, Vec<PlayerInput>),
    Step(u8),
}

fn input() -> impl Strategy<Value = PlayerInput> {
    (any::<i8>(), any::<i8>(), any::<u8>(), any::<u8>())
        .prop_map(|(move_x, move_y, aim, buttons)| PlayerInput { move_x, move_y, aim, buttons })
}

/// Mostly one that a room has.
fn slot() -> impl Strategy<Value = u8> {
    prop_oneof![5 => 0_u8..12, 1 => any::<u8>()]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        // Few enough to come again, and whoever else there is.
        4 => (100_u64..115).prop_map(Action::Join),
        1 => any::<u64>().prop_map(Action::Join),
        4 => (slot(), any::<bool>()).prop_map(|(slot, on_purpose)| Action::Leave(slot, on_purpose)),
        8 => (slot(), any::<i8>(), prop::collection::vec(input(), 1..9))
            .prop_map(|(slot, ahead, inputs)| Action::Push(slot, ahead, inputs)),
        12 => (1_u8..40).prop_map(Action::Step),
        1 => any::<u8>().prop_map(Action::Step),
    ]
}

fn perform(room: &mut Room, action: &Action) {
    match action {
        // Full and over are results like any other here.
        Action::Join(player) => drop(room.join(PlayerId(*player), "x")),
        Action::Leave(slot, on_purpose) => room.leave(Slot(*slot), *on_purpose),
        Action::Push(slot, ahead, inputs) => {
            let first = room.tick().saturating_add_signed(i32::from(*ahead));
            room.push_input(Slot(*slot), first, inputs);
        }
        Action::Step(ticks) => steps(room, u32::from(*ticks)),
    }
}

/// How deep, in units, a circle reaches into a wall.
fn depth(x: f32, y: f32, wall: &Wall) -> f32 {
    let (left, top) = (f32::from(wall.x), f32::from(wall.y));
    let dx = x - x.clamp(left, left + f32::from(wall.width));
    let dy = y - y.clamp(top, top + f32::from(wall.height));
    PLAYER_RADIUS - (dx * dx + dy * dy).sqrt()
}

proptest! {
    #[test]
    fn any_calls_repeat(seed in any::<u64>(), fill in 0_u8..11, actions in prop::collection::vec(action(), 1..60)) {
        let mut settings = settings(seed, fill);
        settings.match_ticks = 600;
        let (mut first, mut second) = (Room::new(&settings), Room::new(&settings));
        for action in &actions {
            perform(&mut first, action);
            perform(&mut second, action);
            prop_assert_eq!(first.hash(), second.hash());
        }
        prop_assert_eq!(first.frame(), second.frame());
    }

    #[test]
    fn nobody_ends_inside_a_wall_or_off_the_map(seed in any::<u64>(), actions in prop::collection::vec(action(), 1..60)) {
        // One quantum, for the rounding at the end of a step.
        let slack = 1.0 / f32::from(POSITION_STEPS_PER_UNIT);
        let mut room = Room::new(&settings(seed, 6));
        for action in &actions {
            perform(&mut room, action);
            for player in room.frame().players {
                let (x, y) = (f32::from(player.x) / 64.0, f32::from(player.y) / 64.0);
                let inside = PLAYER_RADIUS..=f32::from(MAP_SIZE) - PLAYER_RADIUS;
                prop_assert!(inside.contains(&x) && inside.contains(&y));
                for wall in room.walls() {
                    prop_assert!(depth(x, y, wall) <= slack, "{x} {y} in {wall:?}");
                }
            }
        }
    }
}

/// Scripted people among bots for thousands of ticks.
fn hash_after(seed: u64, ticks: u32) -> u64 {
    let mut room = Room::new(&settings(seed, 8));
    let slots = [join(&mut room, 100), join(&mut room, 101), join(&mut room, 102)];
    let mut script = Random::new(seed ^ 1);
    for _ in 0..ticks {
        for slot in slots {
            let bytes = script.next_u64().to_le_bytes();
            let input = PlayerInput {
                move_x: bytes[0] as i8,
                move_y: bytes[1] as i8,
                aim: bytes[2],
                buttons: bytes[3],
            };
            room.push_input(slot, room.tick() + u32::from(bytes[4] % 4), &[input]);
        }
        room.step();
    }
    room.hash()
}

#[test]
fn a_long_match_repeats() {
    assert_eq!(hash_after(9, 6_000), hash_after(9, 6_000));
}

#[test]
fn another_seed_is_another_match() {
    assert_ne!(hash_after(9, 600), hash_after(10, 600));
}

/// Known on one machine, so that another compiler or processor that computes differently is noticed.
#[test]
fn every_machine_plays_the_same_match() {
    assert_eq!(format!("{:016x}", hash_after(42, 3_000)), "46efaa532e572b9e");
}

#[test]
fn one_input_makes_a_difference() {
    let (mut first, mut second) = (Room::new(&settings(3, 0)), Room::new(&settings(3, 0)));
    let slot = join(&mut first, 100);
    join(&mut second, 100);
    assert_eq!(first.hash(), second.hash());
    first.push_input(slot, 1, &[PlayerInput { aim: 1, ..PlayerInput::default() }]);
    assert_ne!(first.hash(), second.hash());
}
