//! The second mode: a ball that players push and shoot around, moved by a physics engine.
//!
//! It shows how heavier rules go in without touching net code: to everybody else the ball is one more thing in a frame.
//! It has the last slot, so a match with a ball seats nine. Players stay what they are, small arithmetic that the page
//! predicts; to the engine they are bodies that nothing moves.

#[cfg(test)]
mod tests;

use std::fmt;

use rapier2d::prelude::{
    ColliderBuilder, PhysicsWorld, RigidBodyBuilder, RigidBodyHandle, Vector as EngineVector,
};

use crate::domain::{
    FLAG_ALIVE, Mode, PLAYERS_PER_ROOM_MAX, PlayerId, PlayerState, ProjectileState, RosterEntry, Slot, Wall,
};
use crate::sim::directions;
use crate::sim::hash::StateHash;
use crate::sim::map;
use crate::sim::movement::{Body, DT, PLAYER_RADIUS};
use crate::sim::projectile::Target;
use crate::sim::seat::{HEALTH_FULL, Seat};
use crate::sim::vector::Vector;

/// Where the ball is found in frames and rosters.
pub const BALL_SLOT: Slot = Slot(PLAYERS_PER_ROOM_MAX as u8 - 1);
/// The page draws it like a player, so it is as large as one.
const BALL_RADIUS: f32 = PLAYER_RADIUS;
const BALL_MASS: f32 = 1.0;
/// It comes off walls with this part of its speed, and loses half of it in about a second of rolling.
const BALL_RESTITUTION: f32 = 0.7;
const BALL_DAMPING: f32 = 0.7;
/// Speed that a shot adds, in world units per second.
const KICK_SPEED: f32 = 260.0;
/// Faster than this nobody could follow it, and the wire could not carry it.
const BALL_SPEED_MAX: f32 = 1200.0;
const KICK_OFF: Vector = Vector { x: 500.0, y: 400.0 };
/// A player who moved further than this in a tick was put there, and must not sweep the ball along.
const JUMP_DISTANCE: f32 = 40.0;
const EDGE_THICKNESS: f32 = 100.0;
/// Bodies of the dead and of empty seats wait here, far from each other and from the map.
const BENCH: Vector = Vector { x: -1000.0, y: -1000.0 };
/// A typical size, from which the engine derives its tolerances.
const LENGTH_UNIT: f32 = 32.0;

/// The ball and the world that it rolls in.
pub struct Ball {
    world: PhysicsWorld,
    ball: RigidBodyHandle,
    players: [RigidBodyHandle; PLAYERS_PER_ROOM_MAX - 1],
}

impl fmt::Debug for Ball {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Ball").field("body", &self.body()).finish_non_exhaustive()
    }
}

fn engine(point: Vector) -> EngineVector {
    EngineVector::new(point.x, point.y)
}

impl Ball {
    /// A ball for the mode that has one.
    pub fn of(mode: Mode) -> Option<Box<Ball>> {
        (mode == Mode::Ball).then(|| Box::new(Ball::new()))
    }

    fn new() -> Ball {
        let mut world = PhysicsWorld { gravity: EngineVector::ZERO, ..PhysicsWorld::default() };
        world.integration_parameters.dt = DT;
        world.integration_parameters.length_unit = LENGTH_UNIT;
        map::WALLS.iter().for_each(|wall| insert_wall(&mut world, wall));
        insert_edges(&mut world);
        let players = std::array::from_fn(|seat| {
            let body = RigidBodyBuilder::kinematic_position_based().translation(engine(bench(seat)));
            world.insert(body, ColliderBuilder::ball(PLAYER_RADIUS)).0
        });
        let body = RigidBodyBuilder::dynamic().translation(engine(KICK_OFF)).linear_damping(BALL_DAMPING);
        // It never sleeps: what wakes it up would be state that no hash covers.
        let body = body.lock_rotations().can_sleep(false).ccd_enabled(true);
        let shape = ColliderBuilder::ball(BALL_RADIUS).mass(BALL_MASS).friction(0.0);
        let (ball, _) = world.insert(body, shape.restitution(BALL_RESTITUTION));
        Ball { world, ball, players }
    }

    /// One tick, after the players have moved.
    pub fn step(&mut self, seats: &[Option<Seat>; PLAYERS_PER_ROOM_MAX]) {
        for (number, (handle, seat)) in self.players.into_iter().zip(seats).enumerate() {
            let seat = seat.as_ref().filter(|seat| seat.is_in_play());
            self.move_player(handle, seat.map_or(bench(number), |seat| seat.body.position));
        }
        self.world.step();
        let ball = &mut self.world.bodies[self.ball];
        let speed = ball.linvel().length();
        if speed > BALL_SPEED_MAX {
            ball.set_linvel(ball.linvel() * (BALL_SPEED_MAX / speed), true);
        }
    }

    fn move_player(&mut self, handle: RigidBodyHandle, to: Vector) {
        let body = &mut self.world.bodies[handle];
        let from = body.translation();
        if Vector::new(from.x, from.y).minus(to).length() > JUMP_DISTANCE {
            body.set_translation(engine(to), true);
        }
        body.set_next_kinematic_translation(engine(to));
    }

    /// What a shot can hit.
    pub fn target(&self) -> Target {
        Target { slot: BALL_SLOT, centre: self.body().position }
    }

    /// A shot has hit it.
    pub fn kick(&mut self, shot: &ProjectileState) {
        let push = directions::direction(shot.aim).times(KICK_SPEED * BALL_MASS);
        self.world.bodies[self.ball].apply_impulse(engine(push), true);
    }

    fn body(&self) -> Body {
        let ball = &self.world.bodies[self.ball];
        let (position, velocity) = (ball.translation(), ball.linvel());
        let inside = |coordinate: f32| coordinate.clamp(BALL_RADIUS, map::SIZE - BALL_RADIUS);
        Body {
            position: Vector::new(inside(position.x), inside(position.y)),
            velocity: Vector::new(velocity.x, velocity.y),
        }
    }

    pub fn state(&self) -> PlayerState {
        let body = self.body();
        let ((x, y), (velocity_x, velocity_y)) = (body.position_quanta(), body.velocity_quanta());
        PlayerState {
            slot: BALL_SLOT,
            x,
            y,
            velocity_x,
            velocity_y,
            aim: 0,
            health: HEALTH_FULL,
            flags: FLAG_ALIVE,
            kills: 0,
            deaths: 0,
            respawn_tick: 0,
        }
    }

    pub fn roster_entry(&self) -> RosterEntry {
        RosterEntry { slot: BALL_SLOT, player: PlayerId(0), name: "Ball".to_owned(), bot: true }
    }

    pub fn hash_into(&self, hash: &mut StateHash) {
        let ball = &self.world.bodies[self.ball];
        for value in [ball.translation(), ball.linvel()] {
            hash.float(value.x);
            hash.float(value.y);
        }
    }
}

fn bench(seat: usize) -> Vector {
    Vector::new(BENCH.x, BENCH.y - 10.0 * PLAYER_RADIUS * seat as f32)
}

fn insert_wall(world: &mut PhysicsWorld, wall: &Wall) {
    let half = Vector::new(f32::from(wall.width) / 2.0, f32::from(wall.height) / 2.0);
    let centre = Vector::new(f32::from(wall.x), f32::from(wall.y)).plus(half);
    insert_block(world, centre, half);
}

fn insert_edges(world: &mut PhysicsWorld) {
    let (half, thick) = (map::SIZE / 2.0, EDGE_THICKNESS / 2.0);
    for (x, y) in [(-thick, half), (map::SIZE + thick, half)] {
        insert_block(world, Vector::new(x, y), Vector::new(thick, half + EDGE_THICKNESS));
        insert_block(world, Vector::new(y, x), Vector::new(half + EDGE_THICKNESS, thick));
    }
}

fn insert_block(world: &mut PhysicsWorld, centre: Vector, half: Vector) {
    let shape = ColliderBuilder::cuboid(half.x, half.y).friction(0.0).restitution(BALL_RESTITUTION);
    world.insert(RigidBodyBuilder::fixed().translation(engine(centre)), shape);
}
