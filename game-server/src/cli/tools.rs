//! Flags of what is no role of a running game: bots, replays, probes, the watcher of a build.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::state_rate;
use crate::domain::StateRate;

/// `game-server bots`
#[derive(Debug, Args)]
pub struct BotsArgs {
    /// The gateway, as a browser would open it.
    #[arg(long, env = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// How many play at once.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub players: u32,
    /// For how long.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// Count nothing for this long after the last one has come, so that joining is not part of the figures.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=600))]
    pub warm_up: u32,
    /// States a second that the server is set to send; what `--min-states-ratio` is measured against.
    #[arg(long, default_value = "20", value_parser = state_rate)]
    pub state_hz: StateRate,
    /// Print the figures as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Play as one careful visitor would and check what the game does, rather than making load.
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    pub budgets: BotsBudgets,
}

/// Budgets of `bots`; one that is not given is not checked.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Budgets (exit 1 when missed)")]
pub struct BotsBudgets {
    /// Connections that ended before their time.
    #[arg(long)]
    pub max_disconnects: Option<u32>,
    /// From pressing play to the first state, 99th percentile.
    #[arg(long)]
    pub max_join_p99_ms: Option<u32>,
    /// State messages a player gets per second, of the worst-served player.
    #[arg(long)]
    pub min_state_hz: Option<f64>,
    /// States that came as a part of those that were due, all players together: 0.99 lets one of a hundred be missing.
    #[arg(long)]
    pub min_states_ratio: Option<f64>,
    /// Messages that could not be read.
    #[arg(long)]
    pub max_unreadable: Option<u32>,
    /// WebSocket payload a player gets per second, mean.
    #[arg(long)]
    pub max_bytes_per_second: Option<u32>,
    /// How much longer than 16.667 ms the server's ticks were apart, 99th percentile.
    #[arg(long)]
    pub max_tick_gap_excess_p99_us: Option<u32>,
}

/// `game-server replay`
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Logs, or folders of logs (`*.replay`); a room host writes them to its --replay-dir, `all` to DATA_DIR/replays.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Logs that stop in the middle are fine as long as what is there comes out the same; for hosts that were killed.
    #[arg(long)]
    pub partial: bool,
    /// Show the match at this address, such as 127.0.0.1:8090, to everybody who opens it and presses play.
    #[arg(long, value_name = "ADDRESS")]
    pub serve: Option<SocketAddr>,
}

/// `game-server healthcheck`
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// Wait this long first: what guards a network may learn of a new pod a moment later than the pod runs.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub after_seconds: u8,
    /// What to ask; `tcp://host:port` only connects.
    #[arg(long, env = "HEALTHCHECK_URL", default_value = "http://127.0.0.1:9100/readyz")]
    pub url: String,
}

/// `game-server reload --binary /dev-build/game-server -- chat --nats-url nats://nats:4222`
#[derive(Debug, Args)]
pub struct ReloadArgs {
    /// What is run, as soon as it is there; until then the role runs from this very program.
    #[arg(long, env = "RELOAD_BINARY")]
    pub binary: PathBuf,
    /// The role and its flags.
    #[arg(last = true, required = true)]
    pub role: Vec<OsString>,
}
