//! Browser ↔ gateway on `/room`: one binary WebSocket message is one message of this file.
//!
//! Integers are little-endian, `varint` is LEB128 of at most 5 bytes, `zigzag` a varint of the zigzagged value,
//! `text` a `u8` byte length and UTF-8. The first byte tells the kind.
//!
//! ```text
//! client → server
//!   1 Hello    version u8, ticket (u16 length, ASCII)
//!   2 Input    acked_tick u32 (newest State decoded, 0 = none), first_tick u32, count u8 (1 to 8),
//!              count × { move_x i8, move_y i8, aim u8, buttons u8 }
//!   3 Ping     client_time_ms u32
//!   4 Leave
//! server → client
//!   1 Welcome  version u8, slot u8, room u64, tick u32, map_size u16, match_ticks u32,
//!              wall count u8, walls × { x u16, y u16, width u16, height u16 }
//!   2 Roster   count u8, entries × { slot u8, flags u8 (1 = bot), player u64, name text }
//!   3 State    see `delta`
//!   4 Events   tick u32, count u8, events × { kind u8, a u8, b u8, c u8 }
//!              (1 Hit shooter victim damage · 2 Kill killer victim 0 · 3 Respawn slot 0 0)
//!   5 Pong     client_time_ms u32, tick u32, tick_gap_excess_p99_us u32
//!   6 Over     count u8, results × { slot u8, flags u8 (1 = bot), kills u16, deaths u16, name text }, best first
//!   7 Error    code u8 ([`ErrorCode`]), message text; the server closes afterwards
//! ```

use crate::domain::{GameEvent, PlayerInput, PlayerResult, RoomId, RosterEntry, Slot, Tick, Wall};

/// Version of this file; the server also speaks the one before it.
pub const CLIENT_PROTOCOL_VERSION: u8 = 1;
/// Largest message a client may send: a Hello with its ticket.
pub const CLIENT_MESSAGE_BYTES_MAX: usize = 1024;
/// Inputs of one message: 133 ms of play, more than any sane send interval.
pub const INPUTS_PER_MESSAGE_MAX: usize = 8;

/// Why the server ends a connection; the numbers are part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ErrorCode {
    Malformed = 1,
    Version = 2,
    Ticket = 3,
    RoomGone = 4,
    RoomFull = 5,
    TooFast = 6,
    TooSlow = 7,
    Draining = 8,
    Internal = 9,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    Hello {
        version: u8,
        ticket: String,
    },
    Input {
        acked_tick: Tick,
        first_tick: Tick,
        inputs: Vec<PlayerInput>,
    },
    Ping {
        client_time_ms: u32,
    },
    Leave,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    pub slot: Slot,
    pub room: RoomId,
    pub tick: Tick,
    pub match_ticks: Tick,
    pub walls: Vec<Wall>,
}

/// Server messages other than State, which `delta` encodes against what the client has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    Welcome(Welcome),
    Roster(Vec<RosterEntry>),
    Events {
        tick: Tick,
        events: Vec<GameEvent>,
    },
    Pong {
        client_time_ms: u32,
        tick: Tick,
        tick_gap_excess_p99_us: u32,
    },
    Over(Vec<PlayerResult>),
    Error {
        code: ErrorCode,
        message: String,
    },
}
