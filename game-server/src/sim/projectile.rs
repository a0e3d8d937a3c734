//! Shots: straight, swept against walls and players, gone at the first thing they meet.

use crate::domain::{POSITION_STEPS_PER_UNIT, ProjectileState, Slot, Tick, Wall};
use crate::sim::directions;
use crate::sim::hash::StateHash;
use crate::sim::map;
use crate::sim::movement::{DT, PLAYER_RADIUS};
use crate::sim::sweep::Segment;
use crate::sim::vector::Vector;

/// World units per second; at 10 units a tick a shot must be swept, not just placed.
pub const PROJECTILE_SPEED: f32 = 640.0;
/// Radius of a shot in world units.
pub const PROJECTILE_RADIUS: f32 = 5.0;
/// A shot flies this long: 800 units, most of the map.
pub const PROJECTILE_LIFE_TICKS: Tick = 75;
/// What one hit takes.
pub const PROJECTILE_DAMAGE: u8 = 20;

/// Centres this near to each other touch.
const HIT_DISTANCE: f32 = PLAYER_RADIUS + PROJECTILE_RADIUS;
const STEPS: f32 = POSITION_STEPS_PER_UNIT as f32;

/// Where a shot fired by a player at `centre` starts, or nothing when that place is inside a wall or off the map.
///
/// On quanta of the wire, so that everybody draws the same line.
pub fn muzzle(centre: Vector, aim: u8, walls: &[Wall]) -> Option<(u16, u16)> {
    let start = centre.plus(directions::direction(aim).times(HIT_DISTANCE));
    if !on_map(start) || !(Segment { from: start, to: start }).is_free(walls, 0.0) {
        return None;
    }
    Some(((start.x * STEPS) as u16, (start.y * STEPS) as u16))
}

/// A shot and what its shooter saw when firing it.
#[derive(Debug, Clone, Copy)]
pub struct Shot {
    pub state: ProjectileState,
    /// How old the others were on the shooter's screen, in ticks.
    pub view_age: Tick,
}

/// What a shot met in one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flight {
    Goes,
    /// A wall, the edge of the map, or the end of its life.
    Ends,
    Hits(Slot),
}

/// Someone a shot can hit.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub slot: Slot,
    pub centre: Vector,
}

/// The straight move of a shot during `tick`.
pub fn segment(shot: &ProjectileState, tick: Tick) -> Segment {
    let age = tick.saturating_sub(shot.born_tick);
    Segment { from: position(shot, age.saturating_sub(1)), to: position(shot, age) }
}

fn position(shot: &ProjectileState, age: Tick) -> Vector {
    let start = Vector::new(f32::from(shot.x) / STEPS, f32::from(shot.y) / STEPS);
    // From the start each time instead of step by step: no error adds up, and a client needs no history.
    start.plus(directions::direction(shot.aim).times(PROJECTILE_SPEED * DT * age as f32))
}

/// Follows a shot through one tick; the nearest thing on its way counts, a wall before a player at the same place.
pub fn fly(shot: &ProjectileState, tick: Tick, walls: &[Wall], targets: &[Target]) -> Flight {
    let segment = segment(shot, tick);
    let wall = walls
        .iter()
        .filter_map(|wall| segment.meets_wall(wall, PROJECTILE_RADIUS))
        .fold(f32::INFINITY, f32::min);
    let mut nearest = wall;
    let mut flight = if wall.is_finite() { Flight::Ends } else { Flight::Goes };
    for target in targets.iter().filter(|target| target.slot != shot.owner) {
        let Some(part) = segment.meets_circle(target.centre, HIT_DISTANCE) else {
            continue;
        };
        if part < nearest {
            nearest = part;
            flight = Flight::Hits(target.slot);
        }
    }
    let spent = tick.saturating_sub(shot.born_tick) >= PROJECTILE_LIFE_TICKS || !on_map(segment.to);
    if flight == Flight::Goes && spent { Flight::Ends } else { flight }
}

fn on_map(point: Vector) -> bool {
    (0.0..map::SIZE).contains(&point.x) && (0.0..map::SIZE).contains(&point.y)
}

pub fn hash_into(Shot { state: shot, view_age }: &Shot, hash: &mut StateHash) {
    hash.word(u64::from(*view_age));
    hash.word(u64::from(shot.id) << 32 | u64::from(shot.x) << 16 | u64::from(shot.y));
    hash.word(u64::from(shot.owner.0) << 40 | u64::from(shot.aim) << 32 | u64::from(shot.born_tick));
}
