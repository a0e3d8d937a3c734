//! Lag compensation: what was seen under the crosshair is hit, and no more than that.

use super::{empty_room, join, moving, state, steps};
use crate::domain::{BUTTON_FIRE, PlayerInput, Slot, Tick};
use crate::sim::Room;
use crate::sim::movement::Body;
use crate::sim::projectile::PROJECTILE_SPEED;
use crate::sim::rewind::{FADE_TICKS, REWIND_TICKS_MAX, rewind_ticks};
use crate::sim::seat::{HEALTH_FULL, PROTECTION_TICKS};
use crate::sim::vector::Vector;

const DOWN: u8 = 64;

fn firing(aim: u8, view_age: u8) -> PlayerInput {
    PlayerInput { aim, buttons: BUTTON_FIRE | view_age << 1, ..PlayerInput::default() }
}

/// The victim runs to the right at full speed, `below` units under the shooter, and is `ahead` of the line of fire
/// (negative: has not reached it yet) when the shooter fires straight down.
fn runner(below: f32, ahead: f32) -> (Room, Slot, Slot) {
    let mut room = empty_room();
    let (shooter, victim) = (join(&mut room, 100), join(&mut room, 101));
    steps(&mut room, PROTECTION_TICKS);
    let run_up = 90.0;
    place(&mut room, shooter, Vector::new(300.0, 60.0));
    place(&mut room, victim, Vector::new(300.0 + ahead - run_up, 60.0 + below));
    while state(&room, victim).x < ((300.0 + ahead) * 64.0) as u16 {
        run(&mut room, victim);
    }
    (room, shooter, victim)
}

fn place(room: &mut Room, slot: Slot, at: Vector) {
    let seat = room.seat_mut(slot).expect("the seat is taken");
    seat.body = Body::at(at);
    seat.trail.restart(at);
}

fn run(room: &mut Room, victim: Slot) {
    room.push_input(victim, room.tick() + 1, &[moving(127, 0)]);
    room.step();
}

/// Fires once and lets the victim run on until the shot is gone.
fn is_hit(room: &mut Room, shooter: Slot, victim: Slot, view_age: u8) -> bool {
    room.push_input(shooter, room.tick() + 1, &[firing(DOWN, view_age), PlayerInput::default()]);
    run(room, victim);
    while !room.frame().projectiles.is_empty() {
        run(room, victim);
    }
    state(room, victim).health < HEALTH_FULL
}

#[test]
fn a_shooter_who_saw_the_target_in_the_line_hits_it() {
    // 12 ticks at 4 units each: on the shooter's screen the runner is where the shot goes.
    let (mut room, shooter, victim) = runner(50.0, 48.0);
    assert!(is_hit(&mut room, shooter, victim, 12));
    let (mut room, shooter, victim) = runner(50.0, 48.0);
    assert!(!is_hit(&mut room, shooter, victim, 0), "in the present the shot goes behind the runner");
}

#[test]
fn whoever_lives_in_the_present_hits_what_is_there() {
    let (mut room, shooter, victim) = runner(50.0, -8.0);
    assert!(is_hit(&mut room, shooter, victim, 0));
    let (mut room, shooter, victim) = runner(50.0, -8.0);
    assert!(!is_hit(&mut room, shooter, victim, 15), "a claim that is not true misses");
}

#[test]
fn a_shot_that_was_seen_coming_can_be_left() {
    let far = (PROJECTILE_SPEED / 60.0) * FADE_TICKS as f32 + 40.0;
    let (mut room, shooter, victim) = runner(far, 60.0);
    assert!(!is_hit(&mut room, shooter, victim, 15));
}

#[test]
fn the_rewind_is_bounded_and_fades_without_going_back() {
    for view_age in 0..=127 {
        assert!(rewind_ticks(view_age, 0) <= REWIND_TICKS_MAX);
        assert_eq!(rewind_ticks(view_age, 0), view_age.min(REWIND_TICKS_MAX));
        assert_eq!(rewind_ticks(view_age, FADE_TICKS), 0);
        let back: Vec<Tick> = (0..40).map(|age| rewind_ticks(view_age, age)).collect();
        assert!(back.is_sorted_by(|older, newer| older >= newer && older - newer <= 1));
    }
}

#[test]
fn nobody_is_hit_where_they_were_before_they_came_back() {
    let (mut room, shooter, victim) = runner(50.0, 0.0);
    room.spawn(victim);
    room.seat_mut(victim).expect("the seat is taken").protected_until = 0;
    assert!(!is_hit(&mut room, shooter, victim, 15));
}

#[test]
fn a_view_age_takes_no_part_in_firing() {
    let input = firing(0, 100);
    assert!(input.fires() && input.view_age() == 100);
    let bounded = input.with_view_age_at_most(7);
    assert!(bounded.fires() && bounded.view_age() == 7);
    assert_eq!(bounded.with_view_age_at_most(9), bounded);
    assert!(!PlayerInput { buttons: 100 << 1, ..PlayerInput::default() }.fires());
}
