//! How many rooms one core carries: `cargo bench -p game-server --bench rooms_per_core`.
//!
//! The server is pinned to one core and the generator to the other, each a process of its own that runs the library's
//! roles, so what is measured is what ships. It is a bench target and neither a subcommand nor part of xtask: players
//! have no use for it in the binary, rules ten times as heavy must not be reachable there, and the generator of links
//! needs the server's own protocol, which xtask does not know. `cargo test` runs it too, with one room and budgets of
//! counts alone.
//!
//! One point is N rooms with ten people each: 60 ticks, 20 states and 30 packets of inputs a second. It passes when the
//! 99th percentile of (tick gap − 16.67 ms) is below 4 ms, 99.9 % of the ticks and 99 % of the states that were due came,
//! and nobody was disconnected. It is void, and tried again, when a thread that sleeps 60 times a second beside it woke
//! more than 2 ms late at the 99th percentile while others than the server used its core, or when the generator took more
//! than 85 % of its own.

/// What can be asked for.
mod arguments;
/// Room host alone: links as two gateways would fill them.
mod gateways;
/// Cores, processor time, descriptors.
mod machine;
/// What the server's own metrics say about a stretch of time.
mod metrics;
/// The processes of a point.
mod parts;
/// N rooms, measured once.
mod point;
/// The largest N that passes.
mod search;
/// The server of a point.
mod server;
/// What is printed.
mod table;

use std::process::ExitCode;

use arguments::Invocation;

fn main() -> ExitCode {
    let outcome = match arguments::read() {
        Invocation::Skip => Ok(()),
        Invocation::Part(part) => parts::play(&part),
        Invocation::Smoke => search::smoke(),
        Invocation::Search(options) => search::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::complain(&error);
            ExitCode::FAILURE
        }
    }
}
