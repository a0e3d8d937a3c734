//! One seat of a room: who sits there, where they stand, how they fare.

use crate::domain::{
    FLAG_ABSENT, FLAG_ALIVE, FLAG_BOT, FLAG_PROTECTED, PlayerId, PlayerResult, PlayerState, RosterEntry,
    Slot, Tick,
};
use crate::sim::brain::Memory;
use crate::sim::departure::{Departed, Leaves, RETURN_PROTECTION_TICKS};
use crate::sim::hash::StateHash;
use crate::sim::inputs::InputBuffer;
use crate::sim::movement::Body;
use crate::sim::rewind::Trail;
use crate::sim::vector::Vector;

/// Health of a player who was just (re)born.
pub const HEALTH_FULL: u8 = 100;
/// A dead player returns after two seconds.
pub const RESPAWN_TICKS: Tick = 120;
/// A reborn player cannot be hurt for a second and a half, or until firing.
pub const PROTECTION_TICKS: Tick = 90;
/// About four shots a second.
pub const FIRE_COOLDOWN_TICKS: Tick = 14;

/// Whether anybody steers the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Here,
    /// The connection has been gone since then; the seat is held.
    Lost {
        since: Tick,
    },
    /// The player gave the seat up at that tick; the body stays for a moment.
    Left {
        since: Tick,
    },
}

/// A taken seat.
#[derive(Debug, Clone)]
pub struct Seat {
    pub slot: Slot,
    pub player: PlayerId,
    pub name: String,
    /// The memory of a server-side bot; nothing for a person.
    pub bot: Option<Memory>,
    pub presence: Presence,
    /// Nobody can see or hit the body: its connection has been gone for too long.
    pub out_of_play: bool,
    pub leaves: Leaves,
    pub body: Body,
    pub trail: Trail,
    pub aim: u8,
    pub health: u8,
    pub kills: u16,
    pub deaths: u16,
    /// Tick of the return; 0 while alive.
    pub respawn_tick: Tick,
    pub protected_until: Tick,
    pub fire_ready_tick: Tick,
    pub inputs: InputBuffer,
}

impl Seat {
    pub fn new(slot: Slot, player: PlayerId, name: String, bot: Option<Memory>) -> Seat {
        Seat {
            slot,
            player,
            name,
            bot,
            presence: Presence::Here,
            out_of_play: false,
            leaves: Leaves::default(),
            body: Body::default(),
            trail: Trail::default(),
            aim: 0,
            health: HEALTH_FULL,
            kills: 0,
            deaths: 0,
            respawn_tick: 0,
            protected_until: 0,
            fire_ready_tick: 0,
            inputs: InputBuffer::default(),
        }
    }

    pub fn is_human(&self) -> bool {
        self.bot.is_none()
    }

    pub fn is_alive(&self) -> bool {
        self.respawn_tick == 0
    }

    /// Whether the body is on the map.
    pub fn is_in_play(&self) -> bool {
        self.is_alive() && !self.out_of_play
    }

    /// Whether a person sits here or may come back to it.
    pub fn is_held(&self) -> bool {
        self.is_human() && !matches!(self.presence, Presence::Left { .. })
    }

    pub fn is_protected(&self, now: Tick) -> bool {
        now < self.protected_until
    }

    /// Puts the player at a spawn point, healthy and protected.
    pub fn spawn_at(&mut self, point: Vector, now: Tick) {
        self.body = Body::at(point);
        self.trail.restart(point);
        self.health = HEALTH_FULL;
        self.respawn_tick = 0;
        self.protected_until = now + PROTECTION_TICKS;
    }

    /// The player is back on a seat that was still theirs.
    pub fn come_back(&mut self, now: Tick) {
        self.presence = Presence::Here;
        if std::mem::take(&mut self.out_of_play) {
            self.trail.restart(self.body.position);
            self.protected_until = self.protected_until.max(now + RETURN_PROTECTION_TICKS);
        }
    }

    /// The player is back on a seat of which this was left; call it after [`Seat::spawn_at`].
    pub fn take_up(&mut self, departed: &Departed, now: Tick) {
        (self.kills, self.deaths) = (departed.result.kills, departed.result.deaths);
        (self.fire_ready_tick, self.leaves) = (departed.fire_ready_tick, departed.leaves);
        if departed.respawn_tick > now || departed.respawn_tick == 0 {
            (self.health, self.respawn_tick) = (departed.health, departed.respawn_tick);
            self.protected_until = now + RETURN_PROTECTION_TICKS;
        }
    }

    /// Takes damage; tells whether it killed.
    pub fn hurt(&mut self, damage: u8, now: Tick) -> bool {
        self.health = self.health.saturating_sub(damage);
        if self.health > 0 {
            return false;
        }
        self.deaths = self.deaths.saturating_add(1);
        self.respawn_tick = now + RESPAWN_TICKS;
        self.body.velocity = Vector::default();
        true
    }

    pub fn state(&self, now: Tick) -> PlayerState {
        let (x, y) = self.body.position_quanta();
        let (velocity_x, velocity_y) = self.body.velocity_quanta();
        PlayerState {
            slot: self.slot,
            x,
            y,
            velocity_x,
            velocity_y,
            aim: self.aim,
            health: self.health,
            flags: self.flags(now),
            kills: self.kills,
            deaths: self.deaths,
            respawn_tick: self.respawn_tick,
        }
    }

    fn flags(&self, now: Tick) -> u8 {
        let set = |on: bool, flag: u8| if on { flag } else { 0 };
        set(self.is_in_play(), FLAG_ALIVE)
            | set(self.is_in_play() && self.is_protected(now), FLAG_PROTECTED)
            | set(self.bot.is_some(), FLAG_BOT)
            | set(self.presence != Presence::Here, FLAG_ABSENT)
    }

    pub fn roster_entry(&self) -> RosterEntry {
        RosterEntry { slot: self.slot, player: self.player, name: self.name.clone(), bot: self.bot.is_some() }
    }

    pub fn result(&self) -> PlayerResult {
        PlayerResult {
            slot: self.slot,
            player: self.player,
            name: self.name.clone(),
            bot: self.bot.is_some(),
            kills: self.kills,
            deaths: self.deaths,
        }
    }

    pub fn hash_into(&self, hash: &mut StateHash) {
        hash.word(u64::from(self.slot.0));
        hash.word(self.player.0);
        hash.bytes(self.name.as_bytes());
        hash.word(match self.presence {
            Presence::Here => 0,
            Presence::Lost { since } => 1 << 32 | u64::from(since),
            Presence::Left { since } => 2 << 32 | u64::from(since),
        });
        hash.word(u64::from(self.out_of_play));
        self.leaves.hash_into(hash);
        for value in [self.body.position, self.body.velocity] {
            hash.float(value.x);
            hash.float(value.y);
        }
        hash.word(u64::from(self.aim) << 8 | u64::from(self.health));
        hash.word(u64::from(self.kills) << 16 | u64::from(self.deaths));
        hash.word(u64::from(self.respawn_tick) << 32 | u64::from(self.protected_until));
        hash.word(u64::from(self.fire_ready_tick));
        self.inputs.hash_into(hash);
        self.trail.hash_into(hash);
        if let Some(memory) = &self.bot {
            memory.hash_into(hash);
        }
    }
}
