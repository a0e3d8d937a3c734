//! Bytes in, values out: the browser's protocol, the links and the bus; decoding never panics.

/// Roles to roles over the bus, JSON.
pub mod bus;
/// Browser ↔ gateway, binary, on `/room`.
pub mod client;
/// A room frame as the difference to one that the client already has.
pub mod delta;
/// Gateway ↔ room host, binary, inside link frames.
pub mod link;
/// The log of a match, from which it can be seen again.
pub mod replay;
/// Signed tickets: who may enter which room.
pub mod ticket;
/// Bounded reading and writing of little-endian fields.
pub mod wire;
