//! The game: a pure, deterministic state machine. One's own game goes in here.
//!
//! The rest of the program knows a room only by the functions of [`Room`], so a game of one's own replaces what is
//! behind them and touches nothing else:
//!
//! ```text
//! who calls            when                                   what
//! room host            a seat is asked for, a player goes     join, leave
//! room host            a packet came                          push_input
//! room host            60 times a second                      step, then events, then frame, acks when a state is due
//! room host            roster_version changed                 roster
//! room host            phase turned Over                      results
//! room host            twice a second, for the lobby          humans, free_seats, ticks_left, is_open_to_new
//! gateway, web client  on entering                            walls (by way of the Welcome message)
//! room host, replays   every tick                             hash_parts
//! ```
//!
//! Rules that make it work: no clock, no thread, no I/O, no randomness but [`random::Random`], no iteration over
//! unordered maps, no f32 operation beyond + − × ÷ √ and floor. The same settings and the same calls between the same
//! steps give the same [`Room::hash`] on every machine.

/// The mode with a ball.
#[cfg(feature = "ball")]
pub mod ball;
/// How a bot plays.
pub mod brain;
/// Leaving and coming back.
pub mod departure;
/// The 256 directions of an aim.
pub mod directions;
/// Hash over the whole state.
pub mod hash;
/// Inputs addressed to ticks.
pub mod inputs;
/// Walls and spawn points.
pub mod map;
/// How a player moves.
pub mod movement;
/// Shots.
pub mod projectile;
/// Pseudo-random numbers.
pub mod random;
/// Lag compensation.
pub mod rewind;
/// One taken seat.
pub mod seat;
/// Who comes and goes.
mod seats;
/// Swept collision tests.
pub mod sweep;
/// Two floats.
pub mod vector;

#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::domain::{
    GameEvent, InputAck, MatchSettings, PLAYERS_PER_ROOM_MAX, Phase, PlayerInput, PlayerState,
    ProjectileState, RoomFrame, Slot, Tick, Wall,
};
use crate::sim::brain::{THINK_TICKS, View};
use crate::sim::departure::DepartedList;
use crate::sim::projectile::{Flight, PROJECTILE_DAMAGE, Shot, Target};
use crate::sim::random::Random;
use crate::sim::rewind::rewind_ticks;
use crate::sim::seat::{FIRE_COOLDOWN_TICKS, Presence, Seat};
use crate::sim::vector::Vector;

/// The score board shows this long before the room closes.
pub const OVER_TICKS: Tick = 480;
/// A room without people closes after this long.
pub const EMPTY_TICKS: Tick = 600;
/// The end of that time, in which nobody new is sent here: reports are half a second old, tickets take a moment.
pub const CLOSING_TICKS: Tick = 90;
/// Shots in flight at most: each lives for 75 ticks and a weapon needs 14 between two.
const PROJECTILES_MAX: usize = 6 * PLAYERS_PER_ROOM_MAX;
/// Every shot in flight hits and kills in the same tick, and everybody returns.
const EVENTS_MAX: usize = 2 * PROJECTILES_MAX + PLAYERS_PER_ROOM_MAX;

/// Why nobody can sit down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JoinError {
    #[error("every seat is taken by a person")]
    Full,
    #[error("the match is over")]
    Over,
    #[error("the player has just left")]
    TooSoon,
}

/// One match from its opening to its closing.
#[derive(Debug)]
pub struct Room {
    settings: MatchSettings,
    tick: Tick,
    phase: Phase,
    phase_ends_tick: Tick,
    seats: [Option<Seat>; PLAYERS_PER_ROOM_MAX],
    /// In the order of their firing.
    projectiles: Vec<Shot>,
    next_projectile_id: u16,
    random: Random,
    events: Vec<GameEvent>,
    /// What bots look at; kept, so that a tick takes no memory.
    seen: Vec<PlayerState>,
    departed: DepartedList,
    roster_version: u32,
    late_inputs: u64,
    /// Since when no person has had a seat.
    empty_since: Option<Tick>,
    #[cfg(feature = "ball")]
    ball: Option<Box<ball::Ball>>,
}

impl Room {
    /// Opens a room; bots take their seats at once.
    pub fn new(settings: &MatchSettings) -> Room {
        let mut room = Room {
            settings: settings.clone(),
            tick: 0,
            phase: Phase::Playing,
            phase_ends_tick: settings.match_ticks,
            seats: [const { None }; PLAYERS_PER_ROOM_MAX],
            projectiles: Vec::with_capacity(PROJECTILES_MAX),
            next_projectile_id: 0,
            random: Random::new(settings.seed),
            events: Vec::with_capacity(EVENTS_MAX),
            seen: Vec::with_capacity(PLAYERS_PER_ROOM_MAX),
            departed: DepartedList::default(),
            roster_version: 0,
            late_inputs: 0,
            empty_since: Some(0),
            #[cfg(feature = "ball")]
            ball: ball::Ball::of(settings.mode),
        };
        room.fill_with_bots();
        room
    }

    /// Takes inputs for `first_tick` and the ticks after it.
    ///
    /// Those for ticks already simulated, or too far ahead, are dropped; a tick without one repeats the last.
    pub fn push_input(&mut self, slot: Slot, first_tick: Tick, inputs: &[PlayerInput]) {
        let now = self.tick;
        let Some(seat) = self.seat_mut(slot).filter(|seat| seat.is_human()) else {
            return;
        };
        let dropped = seat.inputs.push(now, first_tick, inputs);
        self.late_inputs += dropped.late;
    }

    /// One tick: inputs, movement, shots, returns of the dead, the clock of the match; in this order.
    pub fn step(&mut self) {
        self.tick += 1;
        self.events.clear();
        self.let_bots_think();
        self.apply_inputs();
        #[cfg(feature = "ball")]
        if let Some(ball) = &mut self.ball {
            ball.step(&self.seats);
        }
        self.move_projectiles();
        self.respawn_the_dead();
        self.let_the_absent_go();
        if self.phase == Phase::Playing && self.tick >= self.phase_ends_tick {
            self.end_now();
        }
    }

    /// Ends the match at once, with the scores as they stand.
    pub fn end_now(&mut self) {
        if self.phase == Phase::Over {
            return;
        }
        self.phase = Phase::Over;
        self.phase_ends_tick = self.tick + OVER_TICKS;
        self.projectiles.clear();
    }

    fn let_bots_think(&mut self) {
        let now = self.tick;
        // Slots think in turn, so that no tick pays for all of them.
        let thinks = |seat: &Seat| (now + Tick::from(seat.slot.0)).is_multiple_of(THINK_TICKS);
        if !self.seats.iter().flatten().any(|seat| !seat.is_human() && thinks(seat)) {
            return;
        }
        let mut players = std::mem::take(&mut self.seen);
        self.player_states_into(&mut players);
        for seat in self.seats.iter_mut().flatten().filter(|seat| thinks(seat)) {
            let Some(memory) = &mut seat.bot else { continue };
            let view = View { tick: now, own: seat.slot, players: &players, walls: &map::WALLS };
            let input = brain::decide(memory, &view, &mut self.random);
            seat.inputs.push(now - 1, now, &[input]);
        }
        self.seen = players;
    }

    fn apply_inputs(&mut self) {
        let (now, firing_allowed) = (self.tick, self.phase == Phase::Playing);
        for seat in self.seats.iter_mut().flatten() {
            let input = seat.inputs.take(now);
            if !seat.is_in_play() {
                continue;
            }
            seat.aim = input.aim;
            seat.body.step(input.move_x, input.move_y, &map::WALLS);
            seat.trail.note(now, seat.body.position);
            let fires = firing_allowed && input.fires() && now >= seat.fire_ready_tick;
            if fires && let Some(state) = fire(seat, now, self.next_projectile_id) {
                self.next_projectile_id = self.next_projectile_id.wrapping_add(1);
                self.projectiles.push(Shot { state, view_age: input.view_age() });
            }
        }
    }

    fn move_projectiles(&mut self) {
        let now = self.tick;
        let mut projectiles = std::mem::take(&mut self.projectiles);
        projectiles.retain(|shot| shot.state.born_tick == now || self.shot_goes_on(shot, now));
        self.projectiles = projectiles;
    }

    fn shot_goes_on(&mut self, shot: &Shot, now: Tick) -> bool {
        let rewind = rewind_ticks(shot.view_age, now - shot.state.born_tick);
        let seen_tick = now.saturating_sub(rewind);
        let mut targets = [Target { slot: Slot(0), centre: Vector::default() }; PLAYERS_PER_ROOM_MAX];
        let mut count = 0;
        for seat in self.seats.iter().flatten().filter(|seat| seat.is_in_play()) {
            targets[count] = Target { slot: seat.slot, centre: seat.trail.at(seen_tick) };
            count += 1;
        }
        #[cfg(feature = "ball")]
        if let Some(ball) = &self.ball {
            targets[count] = ball.target();
            count += 1;
        }
        match projectile::fly(&shot.state, now, &map::WALLS, &targets[..count]) {
            Flight::Goes => true,
            Flight::Ends => false,
            #[cfg(feature = "ball")]
            Flight::Hits(ball::BALL_SLOT) if self.ball.is_some() => {
                self.ball.iter_mut().for_each(|ball| ball.kick(&shot.state));
                false
            }
            Flight::Hits(victim) => {
                self.hit(shot.state.owner, victim);
                false
            }
        }
    }

    fn hit(&mut self, shooter: Slot, victim: Slot) {
        let now = self.tick;
        let Some(seat) = self.seat_mut(victim).filter(|seat| !seat.is_protected(now)) else {
            return;
        };
        let killed = seat.hurt(PROJECTILE_DAMAGE, now);
        self.events.push(GameEvent::Hit { shooter, victim, damage: PROJECTILE_DAMAGE });
        if killed {
            self.events.push(GameEvent::Kill { killer: shooter, victim });
            if let Some(seat) = self.seat_mut(shooter) {
                seat.kills = seat.kills.saturating_add(1);
            }
        }
    }

    fn respawn_the_dead(&mut self) {
        for index in 0..PLAYERS_PER_ROOM_MAX {
            let due = |seat: &Seat| {
                seat.presence == Presence::Here && !seat.is_alive() && self.tick >= seat.respawn_tick
            };
            let Some(slot) = self.seats[index].as_ref().filter(|seat| due(seat)).map(|seat| seat.slot) else {
                continue;
            };
            self.spawn(slot);
            self.events.push(GameEvent::Respawn { slot });
        }
    }

    /// What happened in the last step.
    pub fn events(&self) -> &[GameEvent] {
        &self.events
    }

    /// The public state after the last step.
    pub fn frame(&self) -> RoomFrame {
        let mut frame = RoomFrame {
            tick: self.tick,
            phase: self.phase,
            phase_ends_tick: self.phase_ends_tick,
            players: Vec::with_capacity(PLAYERS_PER_ROOM_MAX),
            projectiles: Vec::with_capacity(PROJECTILES_MAX),
        };
        self.frame_into(&mut frame);
        frame
    }

    /// The same in the memory of an older frame.
    pub fn frame_into(&self, frame: &mut RoomFrame) {
        frame.tick = self.tick;
        frame.phase = self.phase;
        frame.phase_ends_tick = self.phase_ends_tick;
        self.player_states_into(&mut frame.players);
        frame.projectiles.clear();
        frame.projectiles.extend(self.projectiles.iter().map(|shot| shot.state));
    }

    fn player_states_into(&self, players: &mut Vec<PlayerState>) {
        players.clear();
        players.extend(self.seats.iter().flatten().map(|seat| seat.state(self.tick)));
        #[cfg(feature = "ball")]
        players.extend(self.ball.iter().map(|ball| ball.state()));
    }

    /// How far the inputs of each person have been applied.
    pub fn acks(&self) -> Vec<InputAck> {
        let mut acks = Vec::with_capacity(PLAYERS_PER_ROOM_MAX);
        self.acks_into(&mut acks);
        acks
    }

    /// The same in the memory of older ones.
    pub fn acks_into(&self, acks: &mut Vec<InputAck>) {
        acks.clear();
        let humans = self.seats.iter().flatten().filter(|seat| seat.is_human());
        acks.extend(humans.map(|seat| InputAck {
            slot: seat.slot,
            tick: seat.inputs.applied_tick(),
            margin_ticks: seat.inputs.margin_ticks(),
        }));
    }

    pub fn settings(&self) -> &MatchSettings {
        &self.settings
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Ticks until the match ends; 0 when it is over.
    pub fn ticks_left(&self) -> Tick {
        match self.phase {
            Phase::Playing => self.phase_ends_tick.saturating_sub(self.tick),
            Phase::Over => 0,
        }
    }

    /// Inputs that came too late, of all players since the opening.
    pub fn late_inputs(&self) -> u64 {
        self.late_inputs
    }

    pub fn walls(&self) -> &'static [Wall] {
        &map::WALLS
    }

    /// Whether the room can go: the score board has shown, or nobody has been here for a while.
    pub fn is_closed(&self) -> bool {
        let shown = self.phase == Phase::Over && self.tick >= self.phase_ends_tick;
        shown || self.is_empty_for(EMPTY_TICKS)
    }

    /// Whether it takes new people: the match goes on, and the room does not close before they can be here. Whoever
    /// is on the way already is let in all the same, and keeps it open.
    pub fn is_open_to_new(&self) -> bool {
        self.phase == Phase::Playing && !self.is_empty_for(EMPTY_TICKS - CLOSING_TICKS)
    }

    fn is_empty_for(&self, ticks: Tick) -> bool {
        self.empty_since.is_some_and(|since| self.tick >= since + ticks)
    }
}

/// Fires, or finds the muzzle inside a wall; either way the weapon has to cool down.
fn fire(seat: &mut Seat, now: Tick, id: u16) -> Option<ProjectileState> {
    seat.fire_ready_tick = now + FIRE_COOLDOWN_TICKS;
    seat.protected_until = 0;
    let (x, y) = projectile::muzzle(seat.body.position, seat.aim, &map::WALLS)?;
    Some(ProjectileState { id, owner: seat.slot, x, y, aim: seat.aim, born_tick: now })
}
