//! How a bot plays: from what a player could see to one input, for server-side bots and headless players alike.

use crate::domain::{BUTTON_FIRE, FLAG_ALIVE, FLAG_PROTECTED, PlayerInput, PlayerState, Slot, Tick, Wall};
use crate::sim::directions;
use crate::sim::hash::StateHash;
use crate::sim::map;
use crate::sim::movement::{Body, PLAYER_RADIUS};
use crate::sim::projectile::{PROJECTILE_RADIUS, PROJECTILE_SPEED};
use crate::sim::random::Random;
use crate::sim::sweep::Segment;
use crate::sim::vector::Vector;

/// A bot thinks ten times a second and does the same thing in between, like somebody with human reactions.
pub const THINK_TICKS: Tick = 6;
/// It shoots at enemies nearer than this.
const FIRE_DISTANCE: f32 = 420.0;
/// The distance it likes to fight at, and how far off that it may be before it walks instead of strafing.
const FIGHT_DISTANCE: f32 = 230.0;
const FIGHT_DISTANCE_SLACK: f32 = 60.0;
/// Its aim is off by up to this many 256ths of a turn (10°): it misses about every second shot at fighting distance.
const AIM_ERROR: u8 = 7;
/// Out of so many times that it could fire, it does not once.
const HESITATES_ONE_IN: u32 = 4;
/// It looks this far ahead for a free way.
const LOOK_AHEAD: f32 = 70.0;
/// Room that it leaves between itself and a wall.
const WALL_MARGIN: f32 = PLAYER_RADIUS + 2.0;
/// Slower than this over [`STUCK_TICKS`] is stuck, and then it wanders off.
const STUCK_DISTANCE: f32 = 30.0;
const STUCK_TICKS: Tick = 60;
const WANDER_TICKS: Tick = 100;
/// It changes its strafing side after 30 to 89 ticks.
const STRAFE_TICKS_MIN: Tick = 30;
const STRAFE_TICKS_SPREAD: u32 = 60;
const QUARTER_TURN: u8 = 64;
/// Turns tried when the direct way is blocked, in 256ths.
const DETOURS: [u8; 6] = [16, 32, 48, 64, 80, 104];

/// What a player can see.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub tick: Tick,
    pub own: Slot,
    pub players: &'a [PlayerState],
    pub walls: &'a [Wall],
}

/// What a bot remembers between thoughts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    strafes_left: bool,
    strafe_until: Tick,
    wander_to: Option<Vector>,
    wander_until: Tick,
    /// Where it was at `checked_tick`, to notice that it is stuck.
    checked_at: Vector,
    checked_tick: Tick,
}

impl Memory {
    pub fn hash_into(&self, hash: &mut StateHash) {
        hash.word(u64::from(self.strafes_left));
        hash.word(u64::from(self.strafe_until) << 32 | u64::from(self.wander_until));
        hash.word(u64::from(self.wander_to.is_some()));
        for point in [self.wander_to.unwrap_or_default(), self.checked_at] {
            hash.float(point.x);
            hash.float(point.y);
        }
        hash.word(u64::from(self.checked_tick));
    }
}

/// The input to hold until the next thought.
pub fn decide(memory: &mut Memory, view: &View, random: &mut Random) -> PlayerInput {
    let Some(own) = view.players.iter().find(|player| player.slot == view.own && is_alive(player)) else {
        return PlayerInput::default();
    };
    let position = body(own).position;
    memory.notice_time(view.tick, position, random);
    match nearest_enemy(view, position) {
        Some(enemy) if enemy.visible && memory.wander_to.is_none() => {
            fight(memory, view, own, &enemy, random)
        }
        Some(enemy) => walk(memory, view, position, memory.wander_to.unwrap_or(enemy.body.position)),
        None => {
            let goal = memory.wander_to.unwrap_or_else(|| memory.wander(view.tick, random));
            walk(memory, view, position, goal)
        }
    }
}

impl Memory {
    fn notice_time(&mut self, now: Tick, position: Vector, random: &mut Random) {
        if now >= self.strafe_until {
            self.strafes_left = random.below(2) == 0;
            self.strafe_until = now + STRAFE_TICKS_MIN + random.below(STRAFE_TICKS_SPREAD);
        }
        if now >= self.wander_until {
            self.wander_to = None;
        }
        if now >= self.checked_tick + STUCK_TICKS {
            if position.minus(self.checked_at).length() < STUCK_DISTANCE {
                self.wander(now, random);
            }
            self.checked_at = position;
            self.checked_tick = now;
        }
    }

    fn wander(&mut self, now: Tick, random: &mut Random) -> Vector {
        let goal = map::SPAWN_POINTS[random.below(map::SPAWN_POINTS.len() as u32) as usize];
        self.wander_to = Some(goal);
        self.wander_until = now + WANDER_TICKS;
        goal
    }
}

struct Enemy {
    body: Body,
    distance: f32,
    visible: bool,
    protected: bool,
}

/// The nearest living enemy, one in sight before any other.
fn nearest_enemy(view: &View, position: Vector) -> Option<Enemy> {
    let mut best: Option<Enemy> = None;
    for player in view.players.iter().filter(|player| player.slot != view.own && is_alive(player)) {
        let body = body(player);
        let way = Segment { from: position, to: body.position };
        let visible = way.is_free(view.walls, PROJECTILE_RADIUS);
        let distance = body.position.minus(position).length();
        let better = match &best {
            None => true,
            Some(known) if known.visible != visible => visible,
            Some(known) => distance < known.distance,
        };
        if better {
            best = Some(Enemy { body, distance, visible, protected: player.flags & FLAG_PROTECTED != 0 });
        }
    }
    best
}

fn fight(memory: &Memory, view: &View, own: &PlayerState, enemy: &Enemy, random: &mut Random) -> PlayerInput {
    let position = body(own).position;
    let flight_s = enemy.distance / PROJECTILE_SPEED;
    let lead = enemy.body.position.plus(enemy.body.velocity.times(flight_s));
    let aim = directions::nearest_aim(lead.minus(position));
    let error = random.around_zero(AIM_ERROR) as i8;
    let wants_to_fire =
        enemy.distance < FIRE_DISTANCE && !enemy.protected && random.below(HESITATES_ONE_IN) > 0;
    let heading = heading_in_fight(memory, aim, enemy.distance);
    let (move_x, move_y) = steer(memory, view, position, heading);
    PlayerInput {
        move_x,
        move_y,
        aim: aim.wrapping_add_signed(error),
        buttons: if wants_to_fire { BUTTON_FIRE } else { 0 },
    }
}

fn heading_in_fight(memory: &Memory, aim: u8, distance: f32) -> u8 {
    // Slightly inwards while strafing too far away, outwards while too near.
    let inwards: i8 = if distance > FIGHT_DISTANCE + FIGHT_DISTANCE_SLACK {
        40
    } else if distance < FIGHT_DISTANCE - FIGHT_DISTANCE_SLACK {
        -40
    } else {
        0
    };
    if memory.strafes_left {
        aim.wrapping_sub(QUARTER_TURN).wrapping_add_signed(inwards)
    } else {
        aim.wrapping_add(QUARTER_TURN).wrapping_add_signed(-inwards)
    }
}

fn walk(memory: &Memory, view: &View, position: Vector, goal: Vector) -> PlayerInput {
    let heading = directions::nearest_aim(goal.minus(position));
    let (move_x, move_y) = steer(memory, view, position, heading);
    PlayerInput { move_x, move_y, aim: heading, buttons: 0 }
}

/// Full speed along `heading`, or the least turn from it that is free of walls, on the preferred side first.
fn steer(memory: &Memory, view: &View, position: Vector, heading: u8) -> (i8, i8) {
    let is_free = |aim: &u8| {
        let to = position.plus(directions::direction(*aim).times(LOOK_AHEAD));
        let inside = |coordinate: f32| (PLAYER_RADIUS..=map::SIZE - PLAYER_RADIUS).contains(&coordinate);
        inside(to.x) && inside(to.y) && Segment { from: position, to }.is_free(view.walls, WALL_MARGIN)
    };
    let turned = |turn: u8, left: bool| {
        if left { heading.wrapping_sub(turn) } else { heading.wrapping_add(turn) }
    };
    let preferred = memory.strafes_left;
    let detours = DETOURS.iter().flat_map(|turn| [turned(*turn, preferred), turned(*turn, !preferred)]);
    let chosen = std::iter::once(heading).chain(detours).find(is_free).unwrap_or(heading);
    let full = directions::direction(chosen).times(127.0);
    (full.x as i8, full.y as i8)
}

fn is_alive(player: &PlayerState) -> bool {
    player.flags & FLAG_ALIVE != 0
}

fn body(player: &PlayerState) -> Body {
    Body::from_quanta(player.x, player.y, player.velocity_x, player.velocity_y)
}
