//! One file per role; each is an async function that runs until it has drained.

/// Every role in one process on an embedded store: the default without Docker.
pub mod all;
/// Headless players: load with budgets, and the player that `verify` sends.
pub mod bots;
/// Channels with bounded history and flood limits.
pub mod chat;
/// Client sockets, web client, tickets, per-client deltas.
pub mod gateway;
/// Asks the admin port of this machine whether it is ready; the probe of images without a shell.
pub mod healthcheck;
/// Matchmaking and allocation.
pub mod lobby;
/// Watches the node it runs on.
pub mod monitor;
/// Ratings and leaderboards.
pub mod ranking;
/// Runs another role and starts it anew whenever its binary is replaced.
pub mod reload;
/// Plays logs of past matches again.
pub mod replay;
/// Rooms on simulation threads.
pub mod room;

#[cfg(test)]
mod tests;
