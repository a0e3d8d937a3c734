//! What can be asked for on the command line.

use std::ffi::OsString;

use clap::{Parser, ValueEnum};

/// How this process was started.
pub enum Invocation {
    /// `cargo test` with a filter that is not about this.
    Skip,
    /// `cargo test`
    Smoke,
    /// `cargo bench`
    Search(Options),
    /// One process of a point, started by the benchmark itself.
    Part(Part),
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Setup {
    /// Gateway and room host in one process, WebSocket players.
    All,
    /// The room host alone, links of two gateways.
    Host,
}

/// How many rooms one core carries
///
/// Each of up to a dozen points of a search takes about half a minute. Leave the machine alone meanwhile.
#[derive(Debug, Parser)]
#[command(name = "cargo bench -p game-server --bench rooms_per_core --")]
pub struct Options {
    /// What to measure; everything by default
    #[arg(long, value_enum)]
    pub setup: Vec<Setup>,
    /// How many times as heavy the rules are made, by copies of each room that are stepped along
    #[arg(long, value_name = "TIMES", value_delimiter = ',', default_values_t = [1, 10], value_parser = clap::value_parser!(u16).range(1..=100))]
    pub rules: Vec<u16>,
    /// Measure this many rooms once instead of searching
    #[arg(long, value_name = "N")]
    pub rooms: Option<u32>,
    /// Seconds that a point is measured
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// Seconds before that, after everybody has come
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub warm_up: u32,
    /// The core of the server
    #[arg(long, default_value_t = 0)]
    pub server_core: usize,
    /// The core of the generator
    #[arg(long, default_value_t = 1)]
    pub generator_core: usize,
    /// Print the points and the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// How cargo bench says that it is not cargo test
    #[arg(long, hide = true)]
    pub bench: bool,
}

/// `part ROLE CORE …`, with what the role needs.
#[derive(Debug, Parser)]
#[command(name = "part")]
pub enum Part {
    /// Serves the rooms of a point until its standard input ends.
    Serve { setup: Setup, core: usize, rooms: u32, rules: u16 },
    /// Plays in them.
    Play { setup: Setup, core: usize, address: String, rooms: u32, warm_up_s: u32, seconds: u32 },
}

/// The name by which this program calls itself for a part.
pub const PART: &str = "part";

/// Tells how this process was started; wrong flags end it with a usage message.
pub fn read() -> Invocation {
    let given: Vec<OsString> = std::env::args_os().skip(1).collect();
    if given.first().is_some_and(|first| first == PART) {
        return Invocation::Part(Part::parse_from(given));
    }
    if given.iter().any(|word| word == "--bench" || word == "--help") {
        return Invocation::Search(Options::parse());
    }
    // cargo test hands on its filters and flags, which are about names of tests.
    let filters = given.iter().filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-'));
    let asked_for =
        filters.clone().count() == 0 || filters.clone().any(|word| "rooms_per_core".contains(word));
    let only_some = given.iter().any(|word| word == "--ignored" || word == "--list");
    if asked_for && !only_some { Invocation::Smoke } else { Invocation::Skip }
}
