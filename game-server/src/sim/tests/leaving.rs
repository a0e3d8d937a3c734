//! Leaving rids nobody of anything: damage, death, a weapon that cools down, shots on their way.

use super::{empty_room, hold, join, steps};
use crate::domain::{
    BUTTON_FIRE, FLAG_ABSENT, FLAG_ALIVE, FLAG_PROTECTED, GameEvent, PlayerId, PlayerInput, PlayerState,
    SEAT_HOLD_TICKS, Slot, Tick,
};
use crate::sim::departure::{
    DEPARTED_MAX, LEFT_BODY_TICKS, Leaves, OUT_OF_PLAY_TICKS, RETURN_PROTECTION_TICKS,
};
use crate::sim::movement::Body;
use crate::sim::seat::{FIRE_COOLDOWN_TICKS, RESPAWN_TICKS};
use crate::sim::vector::Vector;
use crate::sim::{JoinError, Room};

const ANN: PlayerId = PlayerId(100);
const BEN: PlayerId = PlayerId(101);
/// From leaving for the first time to the seat.
const FIRST_DELAY: Tick = 30;
const _: () = assert!(FIRST_DELAY > FIRE_COOLDOWN_TICKS);

fn firing(aim: u8) -> PlayerInput {
    PlayerInput { aim, buttons: BUTTON_FIRE, ..PlayerInput::default() }
}

fn seen(room: &Room, slot: Slot) -> Option<PlayerState> {
    room.frame().players.into_iter().find(|player| player.slot == slot)
}

fn place(room: &mut Room, slot: Slot, at: Vector) {
    let seat = room.seat_mut(slot).expect("the seat is taken");
    seat.body = Body::at(at);
    seat.trail.restart(at);
    seat.protected_until = 0;
}

/// Ann and Ben 120 units apart in the open, neither protected; Ann looks at Ben.
fn duel() -> (Room, Slot, Slot) {
    let mut room = empty_room();
    let (ann, ben) = (join(&mut room, ANN.0), join(&mut room, BEN.0));
    place(&mut room, ann, Vector::new(400.0, 100.0));
    place(&mut room, ben, Vector::new(520.0, 100.0));
    (room, ann, ben)
}

fn come_back(room: &mut Room, player: PlayerId) -> Slot {
    for _ in 0..2_000 {
        match room.join(player, "back") {
            Ok(slot) => return slot,
            Err(error) => assert_eq!(error, JoinError::TooSoon),
        }
        room.step();
    }
    panic!("{player:?} never gets a seat");
}

#[test]
fn a_body_that_is_left_can_be_hit_for_three_seconds() {
    let (mut room, ann, ben) = duel();
    room.leave(ben, true);
    assert!(room.humans() == [ANN] && room.free_seats() == 8, "given up, and not free yet");
    hold(&mut room, ann, firing(0), 40);
    let body = seen(&room, ben).expect("the body is there");
    assert!(body.health < 100 && body.flags & FLAG_ALIVE != 0 && body.flags & FLAG_ABSENT != 0, "{body:?}");
    steps(&mut room, LEFT_BODY_TICKS - 41);
    assert!(seen(&room, ben).is_some());
    room.step();
    assert!(seen(&room, ben).is_none() && room.free_seats() == 9);
}

#[test]
fn health_comes_back_with_the_player_however_long_they_were_away() {
    for away in [FIRST_DELAY, LEFT_BODY_TICKS + 1, 1_000] {
        let (mut room, _, ben) = duel();
        room.seat_mut(ben).expect("Ben sits").health = 20;
        room.leave(ben, true);
        steps(&mut room, away);
        let slot = room.join(BEN, "Ben").expect("a seat");
        let back = seen(&room, slot).expect("Ben is back");
        assert_eq!(back.health, 20, "after {away} ticks");
        let gone = away > LEFT_BODY_TICKS;
        assert_eq!(back.flags & FLAG_PROTECTED != 0, gone, "only a body that was gone is protected");
        steps(&mut room, RETURN_PROTECTION_TICKS);
        assert_eq!(seen(&room, slot).expect("Ben").flags & FLAG_PROTECTED, 0, "for a second");
    }
}

#[test]
fn leaving_skips_no_death() {
    for away in [FIRST_DELAY, LEFT_BODY_TICKS + 1] {
        let (mut room, _, ben) = duel();
        let now = room.tick();
        // Longer than any real one, so that it outlasts the body.
        let due = now + 2 * LEFT_BODY_TICKS;
        let seat = room.seat_mut(ben).expect("Ben sits");
        seat.hurt(100, now);
        seat.respawn_tick = due;
        room.leave(ben, true);
        steps(&mut room, away);
        let slot = room.join(BEN, "Ben").expect("a seat");
        assert_eq!(seen(&room, slot).map(|ben| (ben.flags & FLAG_ALIVE, ben.respawn_tick)), Some((0, due)));
        let left = due - room.tick();
        steps(&mut room, left);
        assert_eq!(room.events(), [GameEvent::Respawn { slot }]);
        assert_eq!(seen(&room, slot).map(|ben| ben.health), Some(100));
    }
    let (mut room, _, ben) = duel();
    let now = room.tick();
    room.seat_mut(ben).expect("Ben sits").hurt(100, now);
    room.leave(ben, true);
    steps(&mut room, RESPAWN_TICKS + LEFT_BODY_TICKS);
    let slot = room.join(BEN, "Ben").expect("a seat");
    let back = seen(&room, slot).expect("Ben is back");
    assert_eq!((back.health, back.deaths, back.respawn_tick), (100, 1, 0), "who has waited elsewhere lives");
}

#[test]
fn leaving_cools_no_weapon() {
    // The delay is longer than any cool-down, so the weapon is made slow here.
    for away in [FIRST_DELAY, LEFT_BODY_TICKS + 1] {
        let (mut room, ann, _) = duel();
        hold(&mut room, ann, firing(64), 1);
        let ready = room.tick() + LEFT_BODY_TICKS + 60;
        room.seat_mut(ann).expect("Ann sits").fire_ready_tick = ready;
        room.leave(ann, true);
        steps(&mut room, away);
        let slot = room.join(ANN, "Ann").expect("a seat");
        let mut born = Vec::new();
        while room.tick() < ready {
            hold(&mut room, slot, firing(64), 1);
            born.extend(room.frame().projectiles.iter().map(|shot| shot.born_tick));
        }
        born.retain(|tick| *tick > ready - 60);
        born.dedup();
        assert_eq!(born, [ready], "after {away} ticks");
    }
}

#[test]
fn shots_of_who_leaves_hit_and_score() {
    let (mut room, ann, ben) = duel();
    room.seat_mut(ben).expect("Ben sits").health = 20;
    hold(&mut room, ann, firing(0), 1);
    room.leave(ann, true);
    assert_eq!(room.frame().projectiles.len(), 1);
    while room.events().is_empty() {
        room.step();
    }
    assert!(room.events().contains(&GameEvent::Kill { killer: ann, victim: ben }));
    assert_eq!(seen(&room, ann).map(|ann| ann.kills), Some(1));
    steps(&mut room, LEFT_BODY_TICKS);
    assert_eq!(room.results()[0].kills, 1, "and the board remembers");
}

#[test]
fn each_return_takes_longer_and_patience_is_rewarded() {
    let mut room = empty_room();
    join(&mut room, ANN.0);
    let mut delays = Vec::new();
    for _ in 0..8 {
        let slot = room.roster()[0].slot;
        room.leave(slot, true);
        let left = room.tick();
        come_back(&mut room, ANN);
        delays.push(room.tick() - left);
    }
    assert_eq!(delays, [30, 60, 120, 240, 480, 960, 960, 960]);
    steps(&mut room, 6 * 15 * 60);
    room.leave(Slot(0), true);
    let left = room.tick();
    come_back(&mut room, ANN);
    assert_eq!(room.tick() - left, 30);
}

#[test]
fn a_lost_connection_is_not_leaving() {
    let mut room = empty_room();
    let slot = join(&mut room, ANN.0);
    for _ in 0..50 {
        room.leave(slot, false);
        assert_eq!(room.join(ANN, "Ann"), Ok(slot));
        room.step();
    }
}

#[test]
fn a_body_without_a_connection_goes_out_of_play_and_comes_back_protected() {
    let (mut room, ann, ben) = duel();
    room.seat_mut(ben).expect("Ben sits").health = 60;
    room.leave(ben, false);
    steps(&mut room, OUT_OF_PLAY_TICKS - 1);
    assert_ne!(seen(&room, ben).expect("Ben").flags & FLAG_ALIVE, 0, "a target so far");
    room.step();
    assert_eq!(seen(&room, ben).expect("the seat is held").flags, FLAG_ABSENT);
    hold(&mut room, ann, firing(0), 60);
    assert_eq!(seen(&room, ben).map(|ben| ben.health), Some(60), "shots pass");
    hold(&mut room, ann, PlayerInput::default(), 80);
    assert_eq!(room.join(BEN, "Ben"), Ok(ben));
    let back = seen(&room, ben).expect("Ben is back");
    assert_eq!((back.flags, back.health), (FLAG_ALIVE | FLAG_PROTECTED, 60));
    assert_eq!((back.x, back.y), (520 * 64, 100 * 64), "where it was");
    hold(&mut room, ann, firing(0), RETURN_PROTECTION_TICKS - 1);
    assert_eq!(seen(&room, ben).map(|ben| ben.health), Some(60));
    hold(&mut room, ann, firing(0), 2 * FIRE_COOLDOWN_TICKS);
    assert!(seen(&room, ben).is_some_and(|ben| ben.health < 60));
}

#[test]
fn the_dead_return_to_life_when_they_are_here() {
    let (mut room, _, ben) = duel();
    let now = room.tick();
    room.seat_mut(ben).expect("Ben sits").hurt(100, now);
    room.leave(ben, false);
    steps(&mut room, RESPAWN_TICKS + OUT_OF_PLAY_TICKS);
    assert_eq!(seen(&room, ben).expect("the seat is held").flags & FLAG_ALIVE, 0);
    assert_eq!(room.join(BEN, "Ben"), Ok(ben));
    room.step();
    let back = seen(&room, ben).expect("Ben is back");
    assert_eq!((back.health, back.flags), (100, FLAG_ALIVE | FLAG_PROTECTED));
    steps(&mut room, SEAT_HOLD_TICKS);
    assert!(room.humans().contains(&BEN));
}

#[test]
fn nobody_is_freed_of_a_body_by_a_short_hold() {
    let mut settings = super::settings(1, 0);
    settings.seat_hold_ticks = 1;
    let mut room = Room::new(&settings);
    let slot = join(&mut room, ANN.0);
    room.leave(slot, false);
    steps(&mut room, LEFT_BODY_TICKS - 1);
    assert!(seen(&room, slot).is_some());
    room.step();
    assert!(seen(&room, slot).is_none());
}

#[test]
fn a_crowd_of_strangers_makes_the_room_forget_nobody_with_a_score() {
    let mut settings = super::settings(1, 0);
    settings.match_ticks = 100_000;
    let mut room = Room::new(&settings);
    let slot = join(&mut room, ANN.0);
    room.seat_mut(slot).expect("Ann sits").kills = 3;
    room.leave(slot, true);
    for stranger in 0..2 * DEPARTED_MAX as u64 {
        let slot = come_back(&mut room, PlayerId(1_000 + stranger));
        room.leave(slot, true);
        steps(&mut room, LEFT_BODY_TICKS);
    }
    assert_eq!(room.results().len(), 1);
    let slot = join(&mut room, ANN.0);
    assert_eq!(seen(&room, slot).map(|ann| ann.kills), Some(3));
}

#[test]
fn leaves_are_counted_without_end() {
    let mut leaves = Leaves::default();
    assert_eq!(leaves.may_return_at(), 0);
    for now in [0, 1, Tick::MAX - 1, Tick::MAX, 0] {
        leaves.note(now);
        assert!(leaves.may_return_at() >= now);
    }
}
