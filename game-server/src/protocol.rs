//! Bytes in, values out: the browser's protocol, the links and the bus; decoding never panics.

/// Bytes that one client may be sent.
pub mod budget;
/// Roles to roles over the bus, JSON.
pub mod bus;
/// Browser ↔ gateway, binary, on `/room`.
pub mod client;
/// A room frame as the difference to one that the client already has.
pub mod delta;
/// The newest frames of one room, and the bodies that its players share.
pub mod history;
/// What one client hears of when not everything fits.
pub mod interest;
/// Gateway ↔ room host, binary, inside link frames.
pub mod link;
/// Who is at the other end of a link.
pub mod proof;
/// The log of a match, from which it can be seen again.
pub mod replay;
/// Who sits where, as one client has been told it.
pub mod roster;
/// Signed tickets: who may enter which room.
pub mod ticket;
/// Which versions two builds speak with each other.
pub mod version;
/// What one client has been told of a room, and what to tell next.
pub mod view;
/// Bounded reading and writing of little-endian fields.
pub mod wire;
