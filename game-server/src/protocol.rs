//! Bytes in, values out: the browser's protocol, the links and the bus; decoding never panics.

/// Roles to roles over the bus, JSON.
pub mod bus;
/// Browser ↔ gateway, binary, on `/room`.
pub mod client;
/// A room frame as the difference to one that the client already has.
pub mod delta;
/// Gateway ↔ room host, binary, inside link frames.
pub mod link;
/// Signed tickets: who may enter which room.
pub mod ticket;
/// Which versions two builds speak with each other.
pub mod version;
/// Bounded reading and writing of little-endian fields.
pub mod wire;
