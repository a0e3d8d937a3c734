//! Plain values that every layer shares: ids, inputs, quantised states, results.

use serde::{Deserialize, Serialize};

pub mod text;

/// Simulation steps per second.
pub const TICK_RATE_HZ: u32 = 60;
/// Ticks from one state frame to the next at the default rate of 20 Hz.
pub const STATE_EVERY_TICKS: u32 = 3;
/// A player whose connection is gone finds the seat held for this long by default: a phone that changes networks or a
/// page that is loaded again needs seconds, a router that restarts needs half a minute.
pub const SEAT_HOLD_TICKS: Tick = 30 * TICK_RATE_HZ;
/// Seats of one room.
pub const PLAYERS_PER_ROOM_MAX: usize = 10;
/// Side of the square map in world units.
pub const MAP_SIZE: u16 = 1000;
/// Position quanta per world unit; 1000 × 64 fits a `u16`.
pub const POSITION_STEPS_PER_UNIT: u16 = 64;
/// Velocity quanta per world unit per second; ±2047 units/s fit an `i16`.
pub const VELOCITY_STEPS_PER_UNIT: i16 = 16;

/// The parts of a room's state that have a hash of their own, so that two runs that differ say where.
pub const HASH_PARTS: [&str; 3] = ["match", "seats", "shots"];

/// Number of simulation steps since the room was opened; the first step makes tick 1.
pub type Tick = u32;

/// A player across matches: the first eight bytes of SHA-256 of the browser's secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlayerId(pub u64);

/// A room, and at once the match played in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomId(pub u64);

/// A seat in a room, 0 to [`PLAYERS_PER_ROOM_MAX`] − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot(pub u8);

/// The seat of somebody who only watches: on no map, in no frame.
pub const SPECTATOR: Slot = Slot(PLAYERS_PER_ROOM_MAX as u8);

/// What one player wants during one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlayerInput {
    /// Wanted direction, −127 to 127 each; (127, 0) is full speed to the right; y grows downwards.
    pub move_x: i8,
    pub move_y: i8,
    /// Where the player looks, in 256ths of a turn; 0 is right, 64 is down.
    pub aim: u8,
    /// Bit set of [`BUTTON_FIRE`]; the bits above it are the view age, see [`PlayerInput::view_age`].
    pub buttons: u8,
}

impl PlayerInput {
    /// Whether the player wants to shoot.
    pub fn fires(self) -> bool {
        self.buttons & BUTTON_FIRE != 0
    }

    /// How many ticks before this input's own tick the others were that the player saw while choosing it; 0 when the
    /// player lives in the present, as bots do, or does not tell.
    pub fn view_age(self) -> Tick {
        Tick::from(self.buttons >> VIEW_AGE_SHIFT)
    }

    /// The same input with a view age of at most `ticks`.
    pub fn with_view_age_at_most(self, ticks: Tick) -> PlayerInput {
        let age = self.view_age().min(ticks) as u8;
        PlayerInput { buttons: self.buttons & BUTTON_FIRE | age << VIEW_AGE_SHIFT, ..self }
    }
}

const VIEW_AGE_SHIFT: u32 = 1;

/// Bit of [`PlayerInput::buttons`]: shoot as often as the weapon allows.
pub const BUTTON_FIRE: u8 = 1;

/// Bits of [`PlayerState::flags`].
///
/// On the map; neither dead nor out of play for want of a connection.
pub const FLAG_ALIVE: u8 = 1;
/// Just respawned: cannot be hurt.
pub const FLAG_PROTECTED: u8 = 2;
/// Steered by the server.
pub const FLAG_BOT: u8 = 4;
/// Nobody steers: the seat is held for a player whose connection is gone, or was just left.
pub const FLAG_ABSENT: u8 = 8;

/// One player in a [`RoomFrame`], as exact as the simulation itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayerState {
    pub slot: Slot,
    /// Position in 1/[`POSITION_STEPS_PER_UNIT`] units.
    pub x: u16,
    pub y: u16,
    /// Velocity in 1/[`VELOCITY_STEPS_PER_UNIT`] units/s.
    pub velocity_x: i16,
    pub velocity_y: i16,
    pub aim: u8,
    /// 0 to 100.
    pub health: u8,
    pub flags: u8,
    pub kills: u16,
    pub deaths: u16,
    /// Tick at which a dead player returns; 0 while alive.
    pub respawn_tick: Tick,
}

/// A shot in flight; it moves in a straight line, so this is all a client needs until it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectileState {
    /// Counts up within a room and wraps; unique among those in flight.
    pub id: u16,
    pub owner: Slot,
    /// Where it was at `born_tick`, in 1/[`POSITION_STEPS_PER_UNIT`] units.
    pub x: u16,
    pub y: u16,
    pub aim: u8,
    pub born_tick: Tick,
}

/// Where a match stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    Playing,
    /// Time is up: nothing hurts any more, the score board shows.
    Over,
}

/// The public state of a room at one tick; players by slot, projectiles by id, both ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomFrame {
    pub tick: Tick,
    pub phase: Phase,
    /// Tick at which the match ends (while playing) or the room closes (when over).
    pub phase_ends_tick: Tick,
    pub players: Vec<PlayerState>,
    pub projectiles: Vec<ProjectileState>,
}

/// Something that happened once and must be shown even if a state frame is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GameEvent {
    Hit { shooter: Slot, victim: Slot, damage: u8 },
    Kill { killer: Slot, victim: Slot },
    Respawn { slot: Slot },
}

/// An axis-aligned obstacle in whole world units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wall {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

/// Who sits where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    pub slot: Slot,
    pub player: PlayerId,
    pub name: String,
    pub bot: bool,
}

/// How far the simulation has come with one player's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputAck {
    pub slot: Slot,
    /// Newest tick whose input was applied.
    pub tick: Tick,
    /// How many ticks early the newest input arrived; negative: too late, dropped.
    pub margin_ticks: i8,
}

/// Separates matches that must never mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// People, with server-side bots on free seats.
    Public,
    /// Headless players of the `bots` role: load and `verify`. Never touches ratings.
    Bots,
}

/// Which rules a match has; a host refuses to read of one that it was not built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everybody against everybody.
    #[default]
    Arena,
    /// The same with a ball to push.
    #[cfg(feature = "ball")]
    Ball,
}

/// How often the state of a room leaves it; whole ticks at 60 Hz, so there is nothing in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum StateRate {
    /// Every third tick.
    #[default]
    Hz20,
    /// Every second tick.
    Hz30,
}

impl StateRate {
    /// Ticks from one state frame to the next.
    pub fn every_ticks(self) -> u32 {
        TICK_RATE_HZ / u32::from(u8::from(self))
    }
}

impl From<StateRate> for u8 {
    fn from(rate: StateRate) -> u8 {
        match rate {
            StateRate::Hz20 => 20,
            StateRate::Hz30 => 30,
        }
    }
}

impl TryFrom<u8> for StateRate {
    type Error = String;

    fn try_from(hz: u8) -> Result<StateRate, String> {
        match hz {
            20 => Ok(StateRate::Hz20),
            30 => Ok(StateRate::Hz30),
            _ => Err(format!("{hz} Hz is no state rate; 20 and 30 are")),
        }
    }
}

/// What is agreed when a room is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchSettings {
    pub room: RoomId,
    pub seed: u64,
    pub pool: Pool,
    pub match_ticks: Tick,
    /// Server-side bots leave as people come; this many seats are filled at most.
    pub fill_to_players: u8,
    #[serde(default)]
    pub mode: Mode,
    #[serde(default)]
    pub state_rate: StateRate,
    /// How long the seat of a player whose connection is gone is held; the game may keep the body longer.
    #[serde(default = "default_seat_hold")]
    pub seat_hold_ticks: Tick,
}

fn default_seat_hold() -> Tick {
    SEAT_HOLD_TICKS
}

/// One line of the final score board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerResult {
    pub slot: Slot,
    pub player: PlayerId,
    pub name: String,
    pub bot: bool,
    pub kills: u16,
    pub deaths: u16,
}

/// How much of a match somebody was there for, and with whom: what decides whether ratings move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub player: PlayerId,
    /// Ticks with a connection.
    pub ticks: Tick,
    /// Those with the same number came together; 0 for somebody alone, nothing when the lobby has not told.
    #[serde(default)]
    pub party: Option<u64>,
}

/// A finished match, best player first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchResult {
    pub room: RoomId,
    /// Counts restarts of the room from a snapshot; 0 for a match that was never moved.
    pub epoch: u32,
    pub pool: Pool,
    pub ended_at_ms: u64,
    pub players: Vec<PlayerResult>,
    /// How long it was; 0 from hosts that do not tell.
    #[serde(default)]
    pub ticks: Tick,
    /// The people; nobody from hosts that do not tell, and then no rating moves.
    #[serde(default)]
    pub presences: Vec<Presence>,
}
