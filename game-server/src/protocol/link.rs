//! Gateway ↔ room host: the body of one link frame is one message of this file.
//!
//! Same field types as `client`. The dialling gateway sends Hello first; the host answers with its own.

use crate::domain::{
    GameEvent, InputAck, PlayerId, PlayerInput, PlayerResult, Pool, RoomFrame, RoomId, RosterEntry, Slot,
    Tick,
};
use crate::protocol::client::Welcome;

/// Version of this file; a host also speaks the one before it.
pub const LINK_PROTOCOL_VERSION: u8 = 1;

/// A player's connection as one gateway numbers it; unique per link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u32);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayToRoom {
    Hello {
        version: u8,
        gateway: String,
    },
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
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomToGateway {
    Hello {
        version: u8,
        host: String,
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
