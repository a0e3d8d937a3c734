//! Gateway ↔ room host: the body of one link frame is one message of this file.
//!
//! Same field types as `client`. The dialling gateway sends Hello first, the host answers with its own, and the gateway
//! with its Proof; `proof` says what they are made of. Version 1 had neither challenges nor proofs.
//!
//! ```text
//! gateway → host
//!   1 Hello     version u8, gateway text; since version 2: challenge 32 bytes
//!   2 Join      session u32, room u64, player u64, name text, pool u8 (0 public, 1 bots)
//!   3 Leave     session u32, on purpose u8
//!   4 Input     session u32, first_tick u32, count u8 (1 to 8), inputs as in `client`
//!   5 Proof     32 bytes
//! host → gateway
//!   1 Hello     version u8, host text; since version 2, to a gateway that sent a challenge: challenge and proof, 32 bytes each
//!   2 Joined    session u32, the fields of Welcome but its version
//!   3 Refused   session u32, refusal u8 ([`JoinRefusal`])
//!   4 Frame     room u64, tick_gap_excess_p99_us u32, ack count u8, acks × { slot u8, tick u32, margin_ticks i8 },
//!               tick u32, phase u8 (0 playing, 1 over), phase_ends_tick u32,
//!               player count u8, players × { slot u8, x u16, y u16, velocity_x i16, velocity_y i16, aim u8,
//!               health u8, flags u8, kills u16, deaths u16, respawn_tick u32 },
//!               projectile count u16, projectiles × { id u16, owner u8, x u16, y u16, aim u8, born_tick u32 }
//!   5 Roster    room u64, the fields of Roster
//!   6 Events    room u64, the fields of Events
//!   7 Over      room u64, the fields of Over
//!   8 Closed    room u64
//!   9 Replaced  session u32, slot u8
//! ```

/// A room frame at full precision.
mod frame;

#[cfg(test)]
mod tests;

use crate::domain::{
    GameEvent, InputAck, PlayerId, PlayerInput, PlayerResult, Pool, RoomFrame, RoomId, RosterEntry, Slot,
    Tick,
};
use crate::protocol::client::{Welcome, fields};
use crate::protocol::proof::{CHALLENGE_BYTES, Challenge, PROOF_BYTES, Proof};
use crate::protocol::wire::{DecodeError, Reader, Writer};

/// Version of this file; `version` says who understands whom.
pub const LINK_PROTOCOL_VERSION: u8 = 2;

/// Ends of this version and newer ones challenge each other.
pub const VERSION_OF_PROOFS: u8 = 2;

/// A player's connection as one gateway numbers it; unique per link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u32);

/// What a gateway says to a room host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayToRoom {
    Hello {
        version: u8,
        gateway: String,
        /// None of version 1.
        challenge: Option<Challenge>,
    },
    /// The answer to the host's challenge.
    Proof(Proof),
    Join {
        session: SessionId,
        room: RoomId,
        player: PlayerId,
        name: String,
        pool: Pool,
    },
    /// The player left on purpose (`true`) or the connection was lost (`false`: the seat is held).
    Leave {
        session: SessionId,
        on_purpose: bool,
    },
    Input {
        session: SessionId,
        first_tick: Tick,
        inputs: Vec<PlayerInput>,
    },
}

/// Why a Join was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum JoinRefusal {
    RoomGone = 1,
    RoomFull = 2,
    WrongPool = 3,
    MatchOver = 4,
    /// The player has just left this room.
    TooSoon = 5,
}

impl JoinRefusal {
    /// A reason that a newer version has invented sends the player back to the lobby, as a lost room does.
    fn from_byte(byte: u8) -> JoinRefusal {
        match byte {
            2 => JoinRefusal::RoomFull,
            3 => JoinRefusal::WrongPool,
            4 => JoinRefusal::MatchOver,
            5 => JoinRefusal::TooSoon,
            _ => JoinRefusal::RoomGone,
        }
    }
}

/// What a room host says to a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomToGateway {
    Hello {
        version: u8,
        host: String,
        /// The host's challenge and its answer to the gateway's; none of version 1.
        answer: Option<(Challenge, Proof)>,
    },
    Joined {
        session: SessionId,
        welcome: Welcome,
    },
    Refused {
        session: SessionId,
        refusal: JoinRefusal,
    },
    /// Everything that changes, once per room and state tick, for all players of this gateway.
    Frame {
        room: RoomId,
        frame: RoomFrame,
        acks: Vec<InputAck>,
        tick_gap_excess_p99_us: u32,
    },
    Roster {
        room: RoomId,
        entries: Vec<RosterEntry>,
    },
    Events {
        room: RoomId,
        tick: Tick,
        events: Vec<GameEvent>,
    },
    Over {
        room: RoomId,
        results: Vec<PlayerResult>,
    },
    Closed {
        room: RoomId,
    },
    /// The seat went to a newer connection of the same player.
    Replaced {
        session: SessionId,
        slot: Slot,
    },
}

const KIND_HELLO: u8 = 1;

const KIND_JOIN: u8 = 2;
const KIND_LEAVE: u8 = 3;
const KIND_INPUT: u8 = 4;
const KIND_PROOF: u8 = 5;

const KIND_JOINED: u8 = 2;
const KIND_REFUSED: u8 = 3;
const KIND_FRAME: u8 = 4;
const KIND_ROSTER: u8 = 5;
const KIND_EVENTS: u8 = 6;
const KIND_OVER: u8 = 7;
const KIND_CLOSED: u8 = 8;
const KIND_REPLACED: u8 = 9;

const POOL_PUBLIC: u8 = 0;
const POOL_BOTS: u8 = 1;

/// The bytes of a gateway's message.
pub fn encode_gateway(message: &GatewayToRoom) -> Vec<u8> {
    let mut out;
    match message {
        GatewayToRoom::Hello { version, gateway, challenge } => {
            out = Writer::of_kind(KIND_HELLO);
            out.u8(*version);
            out.text(gateway);
            challenge.iter().for_each(|challenge| out.bytes(challenge));
        }
        GatewayToRoom::Proof(proof) => {
            out = Writer::of_kind(KIND_PROOF);
            out.bytes(proof);
        }
        GatewayToRoom::Join { session, room, player, name, pool } => {
            out = Writer::of_kind(KIND_JOIN);
            out.u32(session.0);
            out.u64(room.0);
            out.u64(player.0);
            out.text(name);
            out.u8(pool_byte(*pool));
        }
        GatewayToRoom::Leave { session, on_purpose } => {
            out = Writer::of_kind(KIND_LEAVE);
            out.u32(session.0);
            out.bool(*on_purpose);
        }
        GatewayToRoom::Input { session, first_tick, inputs } => {
            out = Writer::of_kind(KIND_INPUT);
            out.u32(session.0);
            fields::write_inputs(&mut out, *first_tick, inputs);
        }
    }
    out.into_bytes()
}

/// Reads a gateway's message; any bytes give a message or an error.
pub fn decode_gateway(bytes: &[u8]) -> Result<GatewayToRoom, DecodeError> {
    let mut from = Reader::new(bytes);
    let message = match from.u8()? {
        KIND_HELLO => {
            let (version, gateway) = (from.u8()?, from.text()?);
            GatewayToRoom::Hello { version, gateway, challenge: since_proofs(version, || from.array())? }
        }
        KIND_PROOF => GatewayToRoom::Proof(from.array::<PROOF_BYTES>()?),
        KIND_JOIN => GatewayToRoom::Join {
            session: SessionId(from.u32()?),
            room: RoomId(from.u64()?),
            player: PlayerId(from.u64()?),
            name: from.text()?,
            pool: pool_from_byte(from.u8()?)?,
        },
        KIND_LEAVE => GatewayToRoom::Leave { session: SessionId(from.u32()?), on_purpose: from.bool()? },
        KIND_INPUT => {
            let session = SessionId(from.u32()?);
            let (first_tick, inputs) = fields::read_inputs(&mut from)?;
            GatewayToRoom::Input { session, first_tick, inputs }
        }
        _ => return Err(DecodeError::UnknownKind),
    };
    Ok(message)
}

/// The bytes of a room host's message.
pub fn encode_room(message: &RoomToGateway) -> Vec<u8> {
    let mut out = Writer::default();
    encode_room_into(&mut out, message);
    out.into_bytes()
}

/// Appends the bytes of a room host's message; a writer that is used again takes no memory.
pub fn encode_room_into(out: &mut Writer, message: &RoomToGateway) {
    match message {
        RoomToGateway::Hello { version, host, answer } => {
            out.u8(KIND_HELLO);
            out.u8(*version);
            out.text(host);
            if let Some((challenge, proof)) = answer {
                out.bytes(challenge);
                out.bytes(proof);
            }
        }
        RoomToGateway::Joined { session, welcome } => {
            for_session(out, KIND_JOINED, *session);
            fields::write_welcome(out, welcome);
        }
        RoomToGateway::Refused { session, refusal } => {
            for_session(out, KIND_REFUSED, *session);
            out.u8(*refusal as u8);
        }
        RoomToGateway::Replaced { session, slot } => {
            for_session(out, KIND_REPLACED, *session);
            out.u8(slot.0);
        }
        RoomToGateway::Frame { room, frame, acks, tick_gap_excess_p99_us } => {
            encode_frame_into(out, *room, (frame, acks), *tick_gap_excess_p99_us);
        }
        RoomToGateway::Roster { room, entries } => {
            about_room(out, KIND_ROSTER, *room);
            fields::write_roster(out, entries);
        }
        RoomToGateway::Events { room, tick, events } => {
            encode_events_into(out, *room, *tick, events);
        }
        RoomToGateway::Over { room, results } => {
            about_room(out, KIND_OVER, *room);
            fields::write_results(out, results);
        }
        RoomToGateway::Closed { room } => about_room(out, KIND_CLOSED, *room),
    }
}

/// The same as for [`RoomToGateway::Frame`], from parts that stay with their owner.
pub fn encode_frame_into(
    out: &mut Writer,
    room: RoomId,
    (frame, acks): (&RoomFrame, &[InputAck]),
    tick_gap_excess_p99_us: u32,
) {
    about_room(out, KIND_FRAME, room);
    out.u32(tick_gap_excess_p99_us);
    frame::write_acks(out, acks);
    frame::write_frame(out, frame);
}

/// The same as for [`RoomToGateway::Events`].
pub fn encode_events_into(out: &mut Writer, room: RoomId, tick: Tick, events: &[GameEvent]) {
    about_room(out, KIND_EVENTS, room);
    fields::write_events(out, tick, events);
}

fn for_session(out: &mut Writer, kind: u8, session: SessionId) {
    out.u8(kind);
    out.u32(session.0);
}

fn about_room(out: &mut Writer, kind: u8, room: RoomId) {
    out.u8(kind);
    out.u64(room.0);
}

/// Reads a room host's message; any bytes give a message or an error.
pub fn decode_room(bytes: &[u8]) -> Result<RoomToGateway, DecodeError> {
    let mut from = Reader::new(bytes);
    let message = match from.u8()? {
        KIND_HELLO => {
            let (version, host) = (from.u8()?, from.text()?);
            let answer = || Ok((from.array::<CHALLENGE_BYTES>()?, from.array::<PROOF_BYTES>()?));
            RoomToGateway::Hello { version, host, answer: since_proofs(version, answer)? }
        }
        kind @ (KIND_JOINED | KIND_REFUSED | KIND_REPLACED) => decode_for_session(kind, &mut from)?,
        kind => decode_about_room(kind, &mut from)?,
    };
    Ok(message)
}

/// A field that every Hello has from the version on that brought proofs.
fn since_proofs<T>(
    version: u8,
    field: impl FnOnce() -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    if version < VERSION_OF_PROOFS { Ok(None) } else { field().map(Some) }
}

fn decode_for_session(kind: u8, from: &mut Reader<'_>) -> Result<RoomToGateway, DecodeError> {
    let session = SessionId(from.u32()?);
    Ok(match kind {
        KIND_JOINED => RoomToGateway::Joined { session, welcome: fields::read_welcome(from)? },
        KIND_REFUSED => RoomToGateway::Refused { session, refusal: JoinRefusal::from_byte(from.u8()?) },
        _ => RoomToGateway::Replaced { session, slot: Slot(from.u8()?) },
    })
}

fn decode_about_room(kind: u8, from: &mut Reader<'_>) -> Result<RoomToGateway, DecodeError> {
    if !(KIND_FRAME..=KIND_CLOSED).contains(&kind) {
        return Err(DecodeError::UnknownKind);
    }
    let room = RoomId(from.u64()?);
    Ok(match kind {
        KIND_FRAME => {
            let tick_gap_excess_p99_us = from.u32()?;
            let acks = frame::read_acks(from)?;
            RoomToGateway::Frame { room, frame: frame::read_frame(from)?, acks, tick_gap_excess_p99_us }
        }
        KIND_ROSTER => RoomToGateway::Roster { room, entries: fields::read_roster(from)? },
        KIND_EVENTS => {
            let (tick, events) = fields::read_events(from)?;
            RoomToGateway::Events { room, tick, events }
        }
        KIND_OVER => RoomToGateway::Over { room, results: fields::read_results(from)? },
        _ => RoomToGateway::Closed { room },
    })
}

fn pool_byte(pool: Pool) -> u8 {
    match pool {
        Pool::Public => POOL_PUBLIC,
        Pool::Bots => POOL_BOTS,
    }
}

fn pool_from_byte(byte: u8) -> Result<Pool, DecodeError> {
    match byte {
        POOL_PUBLIC => Ok(Pool::Public),
        POOL_BOTS => Ok(Pool::Bots),
        _ => Err(DecodeError::Range),
    }
}
