//! What roles say to each other over the bus: JSON, so that versions N and N−1 read each other.
//!
//! Unknown fields are ignored and new fields have defaults; a field is never reused with another meaning.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::{PlayerId, Pool, RoomId, Tick};

/// Room hosts announce themselves here twice a second ([`HostReport`]).
pub const SUBJECT_HOSTS: &str = "game.v1.hosts";
/// Room hosts tell gateways of a room here before they tell the lobby that it is open ([`RoomPlace`]).
pub const SUBJECT_ROOMS: &str = "game.v1.rooms";
/// Node monitors publish a [`NodeReport`] here once a second.
pub const SUBJECT_NODES: &str = "game.v1.nodes";
/// Request [`SeatRequest`] → [`SeatReply`], served by the leading lobby.
pub const SUBJECT_SEAT: &str = "game.v1.lobby.seat";
/// Request [`ChatSay`] → [`ChatAck`], served by one chat process of the group.
pub const SUBJECT_CHAT_SAY: &str = "game.v1.chat.say";
/// Request [`ChatHistoryRequest`] → [`ChatHistory`].
pub const SUBJECT_CHAT_HISTORY: &str = "game.v1.chat.history";
/// Every accepted [`ChatLine`]; gateways and chat processes listen.
pub const SUBJECT_CHAT_LINES: &str = "game.v1.chat.lines";
/// Every seat that the lobby hands out ([`Seating`]); room hosts listen.
pub const SUBJECT_SEATINGS: &str = "game.v1.seatings";
/// Request [`MatchResult`](crate::domain::MatchResult) → [`ResultAck`]; repeated by the room host until acknowledged.
pub const SUBJECT_RESULT: &str = "game.v1.ranking.result";
/// Request [`RankingRequest`] → [`Ranking`].
pub const SUBJECT_RANKING: &str = "game.v1.ranking.table";

/// Request [`MatchSettings`](crate::domain::MatchSettings) → [`OpenReply`], served by the named room host.
pub fn subject_open_room(host: &str) -> String {
    format!("game.v1.host.{host}.open")
}

/// A person with a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seated {
    pub player: PlayerId,
    pub name: String,
}

/// One room as the lobby sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomReport {
    pub room: RoomId,
    pub pool: Pool,
    pub humans: Vec<PlayerId>,
    /// The same people with the names under which the room shows them.
    #[serde(default)]
    pub seated: Vec<Seated>,
    /// Seats that a person can take at once, those of server-side bots included.
    pub free_seats: u8,
    /// Ticks until the match ends; 0 when over.
    pub ticks_left: Tick,
    /// What one tick of it takes, mean of about the last second.
    #[serde(default)]
    pub cost_us: u32,
}

/// Heartbeat of a room host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostReport {
    pub host: String,
    pub node: String,
    /// Where gateways dial its links, `host:port`.
    pub link_address: String,
    pub rooms_max: u32,
    pub draining: bool,
    /// Free part of the busiest simulation thread's time, 0 to 1.
    pub tick_headroom: f32,
    /// 99th percentile of (tick gap − 16 667 µs) over the last second.
    pub tick_gap_excess_p99_us: u32,
    /// What one tick of one room took in the last half second, median and 99th percentile over all rooms and ticks.
    #[serde(default)]
    pub room_cost_p50_us: u32,
    #[serde(default)]
    pub room_cost_p99_us: u32,
    pub rooms: Vec<RoomReport>,
}

/// Where one room is: what a heartbeat says about it, half a second earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPlace {
    pub room: RoomId,
    pub pool: Pool,
    pub host: String,
    /// Where gateways dial its host's links, `host:port`.
    pub link_address: String,
}

/// Health of a node as the monitor on it sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeReport {
    pub node: String,
    /// 99th percentile of how late a 16.67 ms sleeper woke in the last second.
    pub wake_late_p99_us: u32,
    /// Share of the last 10 s in which some task waited for a CPU, 0 to 100; absent where the kernel has no PSI.
    #[serde(default)]
    pub cpu_pressure_percent: Option<f32>,
    /// CFS periods throttled in the last second, from cgroup v1 or v2; absent where it cannot be read.
    #[serde(default)]
    pub throttled_periods: Option<u64>,
}

/// Answer of a room host that was asked to open a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenReply {
    pub opened: bool,
    /// Why not, in words for a log.
    #[serde(default)]
    pub reason: String,
}

/// Asks for a seat; the gateway repeats it until it gets a ticket, so a lobby that restarts loses nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeatRequest {
    pub player: PlayerId,
    pub name: String,
    pub pool: Pool,
    /// Players with the same non-empty code are seated together.
    #[serde(default)]
    pub party: String,
    pub waited_ms: u64,
    /// Whoever asks from here has few promises at once; nothing where one address stands for many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

/// Answer to a [`SeatRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SeatReply {
    /// Present this ticket on `/room`.
    Seated { ticket: String },
    /// Ask again in a moment; `reason` is a sentence for the player.
    Waiting { reason: String },
}

/// Who comes to a room with whom; without it the ratings of a match do not move for this player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seating {
    pub room: RoomId,
    pub player: PlayerId,
    /// The same for all who came with the same code; 0 for somebody alone.
    pub party: u64,
}

/// What a ticket says; signed by the lobby, checked by the gateway. It holds wherever the room is: gateways know that from
/// heartbeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketClaims {
    pub player: PlayerId,
    pub name: String,
    pub room: RoomId,
    /// Seconds since the Unix epoch after which the ticket is refused.
    pub expires_s: u64,
    /// What builds before proofs need besides, for as long as such a gateway may be asked.
    #[serde(flatten)]
    pub address: Option<TicketAddress>,
}

/// Where a room was when the ticket was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketAddress {
    pub pool: Pool,
    pub link_address: String,
}

/// Where a chat line goes: `global`, `room:<id>` or `whisper:<player id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatSay {
    pub channel: String,
    pub player: PlayerId,
    pub name: String,
    pub text: String,
}

/// Whether a line was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAck {
    pub accepted: bool,
    /// `flood`, `busy`, `empty`, `too_long`, `channel`, `command`; empty when accepted.
    #[serde(default)]
    pub reason: String,
}

/// A line that everybody on the channel sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatLine {
    pub id: u64,
    pub channel: String,
    pub player: PlayerId,
    pub name: String,
    pub text: String,
    pub at_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatHistoryRequest {
    pub channel: String,
}

/// Newest last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatHistory {
    pub lines: Vec<ChatLine>,
}

/// A result is taken care of and need not be handed in again: `stored`, `duplicate` when it was already there, or
/// `dead_letter` when it cannot be stored and was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultAck {
    pub stored: bool,
    #[serde(default)]
    pub duplicate: bool,
    #[serde(default)]
    pub dead_letter: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingRequest {
    pub limit: u32,
    /// Also return this player's neighbourhood.
    #[serde(default)]
    pub around: Option<PlayerId>,
}

/// One line of the leaderboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankingRow {
    /// 1 is best.
    pub rank: u64,
    pub player: PlayerId,
    pub name: String,
    pub rating: f64,
    pub deviation: f64,
    pub matches: u64,
    pub wins: u64,
    pub kills: u64,
    pub deaths: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    pub top: Vec<RankingRow>,
    /// The asked-for player with two neighbours either side; empty when unknown.
    pub around: Vec<RankingRow>,
}
