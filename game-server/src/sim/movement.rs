//! How a player moves: the arithmetic that the web client mirrors with `Math.fround`, so its order is part of the game.

use crate::domain::{POSITION_STEPS_PER_UNIT, TICK_RATE_HZ, VELOCITY_STEPS_PER_UNIT, Wall};
use crate::sim::map;
use crate::sim::vector::Vector;

/// Radius of a player's circle in world units.
pub const PLAYER_RADIUS: f32 = 16.0;
/// Full speed in world units per second.
pub const PLAYER_SPEED: f32 = 240.0;
/// Share of the way to the wanted velocity that is made up in one tick: full speed after about a fifth of a second.
pub const VELOCITY_BLEND: f32 = 0.25;
/// Length of a tick in seconds.
pub const DT: f32 = 1.0 / TICK_RATE_HZ as f32;

const INPUT_FULL: f32 = 127.0;
const POSITION_STEPS: f32 = POSITION_STEPS_PER_UNIT as f32;
const VELOCITY_STEPS: f32 = VELOCITY_STEPS_PER_UNIT as f32;

/// Where a player is and how it moves; always on the quanta of the wire, so that a client starts from the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Body {
    pub position: Vector,
    pub velocity: Vector,
}

impl Body {
    /// A body at rest.
    pub fn at(position: Vector) -> Body {
        Body { position, velocity: Vector::default() }
    }

    /// From the integers of the wire.
    pub fn from_quanta(x: u16, y: u16, velocity_x: i16, velocity_y: i16) -> Body {
        Body {
            position: Vector::new(f32::from(x) / POSITION_STEPS, f32::from(y) / POSITION_STEPS),
            velocity: Vector::new(
                f32::from(velocity_x) / VELOCITY_STEPS,
                f32::from(velocity_y) / VELOCITY_STEPS,
            ),
        }
    }

    /// The position in 1/64 units; exact, since a step ends on these quanta.
    pub fn position_quanta(&self) -> (u16, u16) {
        ((self.position.x * POSITION_STEPS) as u16, (self.position.y * POSITION_STEPS) as u16)
    }

    /// The velocity in 1/16 units per second; exact like the position.
    pub fn velocity_quanta(&self) -> (i16, i16) {
        ((self.velocity.x * VELOCITY_STEPS) as i16, (self.velocity.y * VELOCITY_STEPS) as i16)
    }

    /// One tick with the wanted direction `move_x`, `move_y` (−127 to 127 each).
    pub fn step(&mut self, move_x: i8, move_y: i8, walls: &[Wall]) {
        let wanted = wanted_direction(move_x, move_y);
        self.velocity.x = blend(self.velocity.x, wanted.x);
        self.velocity.y = blend(self.velocity.y, wanted.y);
        self.position.x = clamp_to_map(self.position.x + self.velocity.x * DT);
        self.position.y = clamp_to_map(self.position.y + self.velocity.y * DT);
        for wall in walls {
            self.position = pushed_out(self.position, wall);
        }
        self.position.x = quantise(self.position.x, POSITION_STEPS);
        self.position.y = quantise(self.position.y, POSITION_STEPS);
    }
}

fn wanted_direction(move_x: i8, move_y: i8) -> Vector {
    let x = f32::from(move_x) / INPUT_FULL;
    let y = f32::from(move_y) / INPUT_FULL;
    let length_squared = x * x + y * y;
    if length_squared > 1.0 {
        let length = length_squared.sqrt();
        return Vector::new(x / length, y / length);
    }
    Vector::new(x, y)
}

fn blend(velocity: f32, wanted: f32) -> f32 {
    quantise(velocity + (wanted * PLAYER_SPEED - velocity) * VELOCITY_BLEND, VELOCITY_STEPS)
}

fn clamp_to_map(coordinate: f32) -> f32 {
    coordinate.clamp(PLAYER_RADIUS, map::SIZE - PLAYER_RADIUS)
}

fn quantise(value: f32, steps: f32) -> f32 {
    (value * steps + 0.5).floor() / steps
}

/// Moves a circle of [`PLAYER_RADIUS`] out of a wall the shortest way.
fn pushed_out(centre: Vector, wall: &Wall) -> Vector {
    let (left, top) = (f32::from(wall.x), f32::from(wall.y));
    let (right, bottom) = (left + f32::from(wall.width), top + f32::from(wall.height));
    let nearest = Vector::new(centre.x.clamp(left, right), centre.y.clamp(top, bottom));
    let away = centre.minus(nearest);
    let distance_squared = away.length_squared();
    if distance_squared >= PLAYER_RADIUS * PLAYER_RADIUS {
        return centre;
    }
    if distance_squared > 0.0 {
        let scale = PLAYER_RADIUS / distance_squared.sqrt();
        return nearest.plus(away.times(scale));
    }
    // The centre itself is inside: out through the nearest side.
    let depths = [centre.x - left, right - centre.x, centre.y - top, bottom - centre.y];
    let shallowest = depths.iter().copied().fold(f32::INFINITY, f32::min);
    if shallowest == depths[0] {
        Vector::new(left - PLAYER_RADIUS, centre.y)
    } else if shallowest == depths[1] {
        Vector::new(right + PLAYER_RADIUS, centre.y)
    } else if shallowest == depths[2] {
        Vector::new(centre.x, top - PLAYER_RADIUS)
    } else {
        Vector::new(centre.x, bottom + PLAYER_RADIUS)
    }
}
