//! An authoritative multiplayer game server for the browser, in layers that only import downwards.
//!
//! ```text
//! main → cli → roles → { net, protocol, sim, store } → domain
//! ```

/// Flags and environment of every role; the only place where configuration is read.
pub mod cli;
/// Plain values that every layer shares: ids, inputs, quantised states, results.
pub mod domain;
/// Transports that carry frames they cannot read: links, bus, admin HTTP, shutdown.
pub mod net;
/// Bytes in, values out: the browser's protocol, the links and the bus.
pub mod protocol;
/// One file per role; each is an async function that runs until it has drained.
pub mod roles;
/// The game: a pure, deterministic state machine. One's own game goes in here.
pub mod sim;
/// Match results and ratings in SQLite or PostgreSQL.
pub mod store;
/// Logs and metric names.
pub mod telemetry;
