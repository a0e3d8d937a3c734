//! Browser ↔ gateway on `/room`: one binary WebSocket message is one message of this file.
//!
//! Integers are little-endian, `varint` is LEB128 of at most 5 bytes, `zigzag` a varint of the zigzagged value,
//! `text` a `u8` byte length and UTF-8. The first byte tells the kind.
//!
//! ```text
//! client → server
//!   1 Hello    version u8, ticket (u16 length, ASCII)
//!   2 Input    acked_tick u32 (newest State decoded, 0 = none), first_tick u32, count u8 (1 to 8),
//!              count × { move_x i8, move_y i8, aim u8, buttons u8 (bit 0 fires; bits 1 to 7: how many ticks before
//!              the input's tick the others were that the page showed, for lag compensation; 0 = none wanted) }
//!   3 Ping     client_time_ms u32
//!   4 Leave
//! server → client
//!   1 Welcome  version u8, slot u8, room u64, tick u32, map_size u16, match_ticks u32,
//!              wall count u8, walls × { x u16, y u16, width u16, height u16 }
//!   2 Roster   count u8, entries × { slot u8, flags u8 (1 = bot), player u64, name text }; to version 1 only
//!   3 State    see `delta`
//!   4 Events   tick u32, count u8, events × { kind u8, a u8, b u8, c u8 }
//!              (1 Hit shooter victim damage · 2 Kill killer victim 0 · 3 Respawn slot 0 0)
//!   5 Pong     client_time_ms u32, tick u32, tick_gap_excess_p99_us u32
//!   6 Over     count u8, results × { slot u8, flags u8 (1 = bot), player u64, kills u16, deaths u16, name text },
//!              best first; who left during the match is there too, so a slot can be listed twice
//!   7 Error    code u8 ([`ErrorCode`]), message text; the server closes afterwards
//!   8 RosterChange  gone u16 (bit n: nobody sits on slot n any more), then as Roster: who is new or changed since the
//!              one before on this connection; the first is told against nobody; since version 2
//! ```

/// Fields that the links carry too.
pub mod fields;

#[cfg(test)]
pub mod tests;

use crate::domain::{GameEvent, PlayerInput, PlayerResult, RoomId, RosterEntry, Slot, Tick, Wall};
use crate::protocol::roster::RosterChange;
use crate::protocol::wire::{DecodeError, Reader, Writer};

/// Version of this file; `version` says who understands whom.
pub const CLIENT_PROTOCOL_VERSION: u8 = 2;
/// From this version on a client is told what changes of the roster instead of all of it.
pub const CLIENT_VERSION_OF_ROSTER_CHANGES: u8 = 2;
/// Largest message a client may send: a Hello with its ticket.
pub const CLIENT_MESSAGE_BYTES_MAX: usize = 1024;
/// Bytes of a ticket, which leaves room for the rest of a Hello.
pub const TICKET_BYTES_MAX: usize = CLIENT_MESSAGE_BYTES_MAX - 4;
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
    /// The same player has connected again elsewhere.
    Replaced = 10,
    /// The room's host cannot be reached just now; the seat is there, try again.
    Unreachable = 11,
    /// The player has just left this room; trying again in a moment works.
    TooSoon = 12,
}

impl ErrorCode {
    /// A code that a newer version has invented is some error.
    fn from_byte(byte: u8) -> ErrorCode {
        match byte {
            1 => ErrorCode::Malformed,
            2 => ErrorCode::Version,
            3 => ErrorCode::Ticket,
            4 => ErrorCode::RoomGone,
            5 => ErrorCode::RoomFull,
            6 => ErrorCode::TooFast,
            7 => ErrorCode::TooSlow,
            8 => ErrorCode::Draining,
            10 => ErrorCode::Replaced,
            11 => ErrorCode::Unreachable,
            12 => ErrorCode::TooSoon,
            _ => ErrorCode::Internal,
        }
    }
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    Hello { version: u8, ticket: String },
    Input { acked_tick: Tick, first_tick: Tick, inputs: Vec<PlayerInput> },
    Ping { client_time_ms: u32 },
    Leave,
}

/// What a client needs to know before the first frame.
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
    /// `version` is what the server will speak, at most what the client said.
    Welcome {
        version: u8,
        welcome: Welcome,
    },
    Roster(Vec<RosterEntry>),
    RosterChange(RosterChange),
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

const KIND_HELLO: u8 = 1;
const KIND_INPUT: u8 = 2;
const KIND_PING: u8 = 3;
const KIND_LEAVE: u8 = 4;

const KIND_WELCOME: u8 = 1;
const KIND_ROSTER: u8 = 2;
/// First byte of a State message, which `delta` makes and reads.
pub const KIND_STATE: u8 = 3;
const KIND_EVENTS: u8 = 4;
const KIND_PONG: u8 = 5;
const KIND_OVER: u8 = 6;
const KIND_ERROR: u8 = 7;
const KIND_ROSTER_CHANGE: u8 = 8;

/// The bytes of a client's message; a ticket longer than [`TICKET_BYTES_MAX`] is cut and will be refused.
pub fn encode_client(message: &ClientMessage) -> Vec<u8> {
    let mut out;
    match message {
        ClientMessage::Hello { version, ticket } => {
            out = Writer::of_kind(KIND_HELLO);
            out.u8(*version);
            let cut = &ticket.as_bytes()[..ticket.len().min(TICKET_BYTES_MAX)];
            out.u16(cut.len() as u16);
            out.bytes(cut);
        }
        ClientMessage::Input { acked_tick, first_tick, inputs } => {
            out = Writer::of_kind(KIND_INPUT);
            out.u32(*acked_tick);
            fields::write_inputs(&mut out, *first_tick, inputs);
        }
        ClientMessage::Ping { client_time_ms } => {
            out = Writer::of_kind(KIND_PING);
            out.u32(*client_time_ms);
        }
        ClientMessage::Leave => out = Writer::of_kind(KIND_LEAVE),
    }
    out.into_bytes()
}

/// Reads a client's message; any bytes give a message or an error.
pub fn decode_client(bytes: &[u8]) -> Result<ClientMessage, DecodeError> {
    if bytes.len() > CLIENT_MESSAGE_BYTES_MAX {
        return Err(DecodeError::TooLong);
    }
    let mut from = Reader::new(bytes);
    let message = match from.u8()? {
        KIND_HELLO => {
            let version = from.u8()?;
            let length = usize::from(from.u16()?);
            let ticket = from.bytes(length)?;
            if !ticket.is_ascii() {
                return Err(DecodeError::Text);
            }
            ClientMessage::Hello { version, ticket: String::from_utf8_lossy(ticket).into_owned() }
        }
        KIND_INPUT => {
            let acked_tick = from.u32()?;
            let (first_tick, inputs) = fields::read_inputs(&mut from)?;
            ClientMessage::Input { acked_tick, first_tick, inputs }
        }
        KIND_PING => ClientMessage::Ping { client_time_ms: from.u32()? },
        KIND_LEAVE => ClientMessage::Leave,
        _ => return Err(DecodeError::UnknownKind),
    };
    Ok(message)
}

/// The bytes of a server's message.
pub fn encode_server(message: &ServerMessage) -> Vec<u8> {
    let mut out;
    match message {
        ServerMessage::Welcome { version, welcome } => {
            out = Writer::of_kind(KIND_WELCOME);
            out.u8(*version);
            fields::write_welcome(&mut out, welcome);
        }
        ServerMessage::Roster(entries) => {
            out = Writer::of_kind(KIND_ROSTER);
            fields::write_roster(&mut out, entries);
        }
        ServerMessage::RosterChange(change) => {
            out = Writer::of_kind(KIND_ROSTER_CHANGE);
            out.u16(change.gone);
            fields::write_roster(&mut out, &change.entries);
        }
        ServerMessage::Events { tick, events } => {
            out = Writer::of_kind(KIND_EVENTS);
            fields::write_events(&mut out, *tick, events);
        }
        ServerMessage::Pong { client_time_ms, tick, tick_gap_excess_p99_us } => {
            out = Writer::of_kind(KIND_PONG);
            out.u32(*client_time_ms);
            out.u32(*tick);
            out.u32(*tick_gap_excess_p99_us);
        }
        ServerMessage::Over(results) => {
            out = Writer::of_kind(KIND_OVER);
            fields::write_results(&mut out, results);
        }
        ServerMessage::Error { code, message } => {
            out = Writer::of_kind(KIND_ERROR);
            out.u8(*code as u8);
            out.text(message);
        }
    }
    out.into_bytes()
}

/// Reads a server's message other than State, whose kind counts as unknown here.
pub fn decode_server(bytes: &[u8]) -> Result<ServerMessage, DecodeError> {
    let mut from = Reader::new(bytes);
    let message = match from.u8()? {
        KIND_WELCOME => {
            let version = from.u8()?;
            ServerMessage::Welcome { version, welcome: fields::read_welcome(&mut from)? }
        }
        KIND_ROSTER => ServerMessage::Roster(fields::read_roster(&mut from)?),
        KIND_ROSTER_CHANGE => ServerMessage::RosterChange(RosterChange {
            gone: from.u16()?,
            entries: fields::read_roster(&mut from)?,
        }),
        KIND_EVENTS => {
            let (tick, events) = fields::read_events(&mut from)?;
            ServerMessage::Events { tick, events }
        }
        KIND_PONG => ServerMessage::Pong {
            client_time_ms: from.u32()?,
            tick: from.u32()?,
            tick_gap_excess_p99_us: from.u32()?,
        },
        KIND_OVER => ServerMessage::Over(fields::read_results(&mut from)?),
        KIND_ERROR => ServerMessage::Error { code: ErrorCode::from_byte(from.u8()?), message: from.text()? },
        _ => return Err(DecodeError::UnknownKind),
    };
    Ok(message)
}
