//! Shooting: walls stop it, people are hurt by it, nothing passes through anything.

use super::{empty_room, hold, join, settings, state, steps};
use crate::domain::{
    BUTTON_FIRE, FLAG_ALIVE, FLAG_PROTECTED, GameEvent, PlayerInput, ProjectileState, Slot, Wall,
};
use crate::sim::Room;
use crate::sim::directions::{direction, nearest_aim};
use crate::sim::map::WALLS;
use crate::sim::movement::Body;
use crate::sim::projectile::{self, Flight, PROJECTILE_LIFE_TICKS, Target};
use crate::sim::random::Random;
use crate::sim::seat::{FIRE_COOLDOWN_TICKS, HEALTH_FULL, PROTECTION_TICKS, RESPAWN_TICKS};
use crate::sim::vector::Vector;

fn firing(aim: u8) -> PlayerInput {
    PlayerInput { aim, buttons: BUTTON_FIRE, ..PlayerInput::default() }
}

/// Two players in the open, facing each other over 120 units; the protection of the second has run out.
fn duel() -> (Room, Slot, Slot) {
    let mut room = empty_room();
    let (shooter, victim) = (join(&mut room, 100), join(&mut room, 101));
    steps(&mut room, PROTECTION_TICKS);
    place(&mut room, shooter, Vector::new(400.0, 100.0));
    place(&mut room, victim, Vector::new(520.0, 100.0));
    (room, shooter, victim)
}

fn place(room: &mut Room, slot: Slot, at: Vector) {
    room.seat_mut(slot).expect("the seat is taken").body = Body::at(at);
}

#[test]
fn five_hits_kill_and_score() {
    let (mut room, shooter, victim) = duel();
    let mut events = Vec::new();
    for _ in 0..5 * FIRE_COOLDOWN_TICKS + 20 {
        hold(&mut room, shooter, firing(0), 1);
        events.extend_from_slice(room.events());
    }
    let hits = events.iter().filter(|event| matches!(event, GameEvent::Hit { damage: 20, .. })).count();
    assert_eq!(hits, 5);
    assert!(events.contains(&GameEvent::Kill { killer: shooter, victim }));
    assert_eq!((state(&room, shooter).kills, state(&room, victim).deaths), (1, 1));
    assert_eq!(state(&room, victim).flags & FLAG_ALIVE, 0);
}

#[test]
fn the_dead_return_protected_and_far_away() {
    let (mut room, shooter, victim) = duel();
    while state(&room, victim).flags & FLAG_ALIVE != 0 {
        hold(&mut room, shooter, firing(0), 1);
    }
    let respawn_tick = state(&room, victim).respawn_tick;
    assert_eq!(respawn_tick, room.tick() + RESPAWN_TICKS);
    hold(&mut room, shooter, PlayerInput::default(), RESPAWN_TICKS);
    let back = state(&room, victim);
    assert_eq!(room.events(), [GameEvent::Respawn { slot: victim }]);
    assert_eq!((back.health, back.respawn_tick), (HEALTH_FULL, 0));
    assert_eq!(back.flags, FLAG_ALIVE | FLAG_PROTECTED);
    assert_eq!((back.x, back.y), (920 * 64, 920 * 64), "the spawn point farthest from (400, 100)");
}

#[test]
fn the_protected_are_not_hurt_until_they_fire() {
    let (mut room, shooter, victim) = duel();
    let now = room.tick();
    room.seat_mut(victim).expect("the seat is taken").protected_until = now + 1_000;
    hold(&mut room, shooter, firing(0), 60);
    assert_eq!(state(&room, victim).health, HEALTH_FULL);
    hold(&mut room, victim, firing(64), 1);
    assert_eq!(state(&room, victim).flags, FLAG_ALIVE);
}

#[test]
fn the_weapon_cools_down() {
    let (mut room, shooter, _) = duel();
    hold(&mut room, shooter, firing(64), 1 + 3 * FIRE_COOLDOWN_TICKS);
    assert_eq!(room.frame().projectiles.len(), 4);
}

#[test]
fn nobody_fires_into_a_wall_they_touch_or_when_it_is_over() {
    let (mut room, shooter, _) = duel();
    place(&mut room, shooter, Vector::new(444.0, 500.0));
    hold(&mut room, shooter, firing(0), 1);
    assert!(room.frame().projectiles.is_empty());
    place(&mut room, shooter, Vector::new(400.0, 100.0));
    steps(&mut room, FIRE_COOLDOWN_TICKS);
    hold(&mut room, shooter, firing(0), 1);
    assert_eq!(room.frame().projectiles.len(), 1);
    room.end_now();
    hold(&mut room, shooter, firing(0), 2 * FIRE_COOLDOWN_TICKS);
    assert!(room.frame().projectiles.is_empty());
}

/// Where a shot is after each of its ticks, in fine steps, none may lie in a wall or in somebody it did not hit.
#[test]
fn shots_never_pass_through_walls_or_players() {
    let mut random = Random::new(5);
    for _ in 0..3_000 {
        let shot = random_shot(&mut random);
        let centre = Vector::new(random.below(1_000) as f32, random.below(1_000) as f32);
        let target = Target { slot: Slot(1), centre };
        for tick in shot.born_tick + 1..=shot.born_tick + PROJECTILE_LIFE_TICKS {
            let flight = projectile::fly(&shot, tick, &WALLS, &[target]);
            if flight != Flight::Goes {
                break;
            }
            let way = projectile::segment(&shot, tick);
            for part in 0..=16 {
                let point = way.from.plus(way.to.minus(way.from).times(part as f32 / 16.0));
                assert!(!WALLS.iter().any(|wall| holds(wall, point)), "{shot:?} at {point:?}");
                assert!(point.minus(centre).length() > 20.9, "{shot:?} at {point:?}");
            }
        }
    }
}

fn random_shot(random: &mut Random) -> ProjectileState {
    loop {
        let centre = Vector::new(random.below(1_000) as f32, random.below(1_000) as f32);
        let aim = random.below(256) as u8;
        if let Some((x, y)) = projectile::muzzle(centre, aim, &WALLS) {
            return ProjectileState { id: 0, owner: Slot(0), x, y, aim, born_tick: 10 };
        }
    }
}

fn holds(wall: &Wall, point: Vector) -> bool {
    let (x, y) = (f32::from(wall.x), f32::from(wall.y));
    let across = x..=x + f32::from(wall.width);
    let down = y..=y + f32::from(wall.height);
    across.contains(&point.x) && down.contains(&point.y)
}

#[test]
fn a_wall_in_between_saves() {
    let (mut room, shooter, victim) = duel();
    place(&mut room, shooter, Vector::new(400.0, 500.0));
    place(&mut room, victim, Vector::new(600.0, 500.0));
    hold(&mut room, shooter, firing(0), 120);
    assert_eq!(state(&room, victim).health, HEALTH_FULL);
}

#[test]
fn the_nearest_is_hit() {
    let (mut room, shooter, victim) = duel();
    let behind = join(&mut room, 102);
    steps(&mut room, PROTECTION_TICKS);
    place(&mut room, behind, Vector::new(525.0, 100.0));
    hold(&mut room, shooter, firing(0), 12);
    assert_eq!((state(&room, victim).health, state(&room, behind).health), (80, 100));
}

#[test]
fn every_shot_of_a_match_is_known_by_owner_and_born_tick() {
    let mut room = Room::new(&settings(4, 10));
    join(&mut room, 100);
    for _ in 0..1_800 {
        room.step();
        let frame = room.frame();
        let keys: std::collections::BTreeSet<_> =
            frame.projectiles.iter().map(|shot| (shot.owner, shot.born_tick)).collect();
        assert_eq!(keys.len(), frame.projectiles.len());
        assert!(frame.projectiles.is_sorted_by_key(|shot| shot.born_tick));
    }
}

#[test]
fn the_nearest_aim_is_the_nearest() {
    for aim in 0..=255_u8 {
        let unit = direction(aim);
        assert_eq!(nearest_aim(unit.times(300.0)), aim);
        assert!((unit.length() - 1.0).abs() < 1e-6);
    }
    assert_eq!(
        [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)].map(|(x, y)| nearest_aim(Vector::new(x, y))),
        [0, 64, 128, 192]
    );
}
