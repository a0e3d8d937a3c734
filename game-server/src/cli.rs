//! Flags and environment of every role; the only place where configuration is read.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::domain::{Mode, StateRate};
use crate::roles::gateway::{Block, SOCKETS_PER_ADDRESS};
use crate::store::retention::MATCHES_KEPT;
use crate::telemetry::LogFormat;

mod start;
/// Programs that serve nobody.
mod tools;

pub use crate::cli::tools::{BotsArgs, BotsBudgets, HealthcheckArgs, ReloadArgs, ReplayArgs};

/// Shorter secrets can be guessed.
const SECRET_BYTES_MIN: usize = 16;

/// An authoritative multiplayer game server for the browser.
///
/// `game-server all` is everything in one process: start it, open http://127.0.0.1:8080 and play.
/// The other roles are the same game cut into processes that meet on a NATS server, for a cluster.
/// Every flag can also be set by the environment variable named in its help.
#[derive(Debug, Parser)]
#[command(name = "game-server", version, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// How log lines look; they go to stderr.
    #[arg(long, global = true, env = "LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// What is logged: a level, or directives such as `info,game_server::roles::room=debug`.
    #[arg(long, global = true, env = "LOG_FILTER", default_value = "info")]
    pub log_filter: String,
    #[command(subcommand)]
    pub command: Command,
}

/// One role per process.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Client sockets: serves the page, admits players by ticket, sends each one what changed.
    Gateway(GatewayArgs),
    /// Matchmaking: finds or opens a room for everybody who presses play.
    Lobby(LobbyArgs),
    /// Runs rooms at 60 Hz and decides what happens in them.
    Room(RoomArgs),
    /// Channels with history and flood limits.
    Chat(ChatArgs),
    /// Match results, ratings and leaderboards.
    Ranking(RankingArgs),
    /// Watches how well the node it runs on keeps time; one per node.
    Monitor(MonitorArgs),
    /// Every role in one process on an embedded store; needs no other server.
    All(AllArgs),
    /// Headless players: load with budgets, exits non-zero when one is missed.
    Bots(BotsArgs),
    /// Plays logs of past matches again and proves that they come out the same, or shows one in the browser.
    Replay(ReplayArgs),
    /// Exits 0 when the admin port of this machine says ready; a probe for images without a shell.
    Healthcheck(HealthcheckArgs),
    /// Runs another role and starts it anew whenever its binary is replaced: how a build gets into a running pod.
    Reload(ReloadArgs),
}

/// What every separate role needs.
#[derive(Debug, Clone, Args)]
pub struct CommonArgs {
    /// The NATS server on which the roles meet; it may come up later than this process.
    #[arg(long, env = "NATS_URL", default_value = "nats://127.0.0.1:4222")]
    pub nats_url: String,
    /// The password of this role's user there (the user has the role's name); without one it must let anybody in.
    #[arg(long, env = "NATS_PASSWORD", hide_env_values = true)]
    pub nats_password: Option<String>,
    /// Where /livez /readyz /metrics and /drain are served; keep it away from players.
    #[arg(long, env = "ADMIN_LISTEN", default_value = "0.0.0.0:9100")]
    pub admin_listen: SocketAddr,
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// Who may write on the admin port.
#[derive(Debug, Clone, Args)]
pub struct AdminArgs {
    /// Whoever says this may write on the admin port (POST /drain), at least 16 bytes; without it nobody may.
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true, value_parser = secret)]
    pub admin_token: Option<String>,
    /// The same from a file, whose path anybody may see.
    #[arg(long, env = "ADMIN_TOKEN_FILE", conflicts_with = "admin_token")]
    pub admin_token_file: Option<PathBuf>,
}

/// How far other builds are trusted.
#[derive(Debug, Clone, Args)]
pub struct ProofsArgs {
    /// A file with the number up to which proofs are required, read every second: `deploy` raises it when every pod is
    /// new. Without it all are required.
    #[arg(long, env = "PROOFS_FILE")]
    pub proofs_file: Option<PathBuf>,
}

/// `game-server gateway`
#[derive(Debug, Args)]
pub struct GatewayArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// Where players connect.
    #[arg(long, env = "LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// The secret that lobby and gateways share, at least 16 bytes.
    #[arg(long, env = "TICKET_SECRET", hide_env_values = true, value_parser = secret)]
    pub ticket_secret: String,
    /// The secret that gateways and room hosts share, at least 16 bytes.
    #[arg(long, env = "LINK_SECRET", hide_env_values = true, value_parser = secret)]
    pub link_secret: String,
    #[command(flatten)]
    pub proofs: ProofsArgs,
    /// This replica's name in the logs of room hosts.
    #[arg(long, env = "HOSTNAME", default_value = "gateway")]
    pub name: String,
    /// Pages of other origins that may connect, such as https://play.example.com; its own page always may.
    #[arg(long, env = "ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<String>,
    /// Serve files of the page from this folder instead of the embedded ones, to see an edit without a build.
    #[arg(long, env = "WEB_DIR")]
    pub web_dir: Option<PathBuf>,
    #[command(flatten)]
    pub port: PortArgs,
}

/// How the public port meets clients.
#[derive(Debug, Clone, Args)]
pub struct PortArgs {
    /// A PEM file with the certificate and its chain: the port then speaks TLS.
    #[arg(long, env = "TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The PEM file with the certificate's private key.
    #[arg(long, env = "TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The balancer begins every connection with a PROXY header (version 1 or 2) that says who the client is.
    #[arg(long, env = "PROXY_PROTOCOL")]
    pub proxy_protocol: bool,
    /// Public addresses of proxies, such as 203.0.113.0/24: limits per address are off for them, as for private ones.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Block>,
    /// Connections that one public address may have open; a player has three, and a page load six more.
    #[arg(long, env = "SOCKETS_PER_ADDRESS", default_value_t = SOCKETS_PER_ADDRESS, value_parser = clap::value_parser!(u32).range(1..))]
    pub sockets_per_address: u32,
}

/// `game-server room`
#[derive(Debug, Args)]
pub struct RoomArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// Where gateways connect their links.
    #[arg(long, env = "LISTEN", default_value = "0.0.0.0:7000")]
    pub listen: SocketAddr,
    /// The host:port under which gateways reach that, such as room-0.room:7000.
    #[arg(long, env = "LINK_ADDRESS")]
    pub link_address: String,
    /// The secret that gateways and room hosts share, at least 16 bytes.
    #[arg(long, env = "LINK_SECRET", hide_env_values = true, value_parser = secret)]
    pub link_secret: String,
    #[command(flatten)]
    pub proofs: ProofsArgs,
    /// This host's name; unique among room hosts and the same after a restart.
    #[arg(long, env = "HOSTNAME", default_value = "room-0", value_parser = subject_token)]
    pub host: String,
    /// The node it runs on, to match it with what the node's monitor says.
    #[arg(long, env = "NODE_NAME", default_value = "local")]
    pub node: String,
    /// Simulation threads, by default one per core; each carries hundreds of rooms and keeps a core busy when full.
    #[arg(long, env = "THREADS", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: Option<u16>,
    /// Rooms beyond this are refused, so that those that run keep their tick rate.
    #[arg(long, env = "ROOMS_MAX", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms_max: u32,
    /// The folder of replay logs, one for each match; made when missing. Without it no match can be seen again.
    #[arg(long, env = "REPLAY_DIR")]
    pub replay_dir: Option<PathBuf>,
    #[command(flatten)]
    pub replays: ReplayLimits,
}

/// How much is kept of past matches.
#[derive(Debug, Clone, Copy, Args)]
pub struct ReplayLimits {
    /// Replay logs that are kept, the oldest go first; a match of five minutes and ten people takes about 700 kB, and
    /// no log gets larger than 8 MiB.
    #[arg(long, env = "REPLAY_FILES", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    pub replay_files: u16,
}

/// What decides about a match.
#[derive(Debug, Clone, Args)]
pub struct MatchArgs {
    /// Length of a match.
    #[arg(long, env = "MATCH_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(5..=3600))]
    pub match_seconds: u32,
    /// Seats that server-side bots fill while fewer people are in a room; 0 for none.
    #[arg(long, env = "FILL_TO_PLAYERS", default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=10))]
    pub fill_to_players: u8,
    /// The rules; more modes come with the features that the server was built with.
    #[arg(long, env = "MODE", value_enum, default_value = "arena")]
    pub mode: Mode,
    /// States a player gets per second: 20, or 30 for half again the bytes and less delay.
    #[arg(long, env = "STATE_HZ", default_value = "20", value_parser = state_rate)]
    pub state_hz: StateRate,
    /// How long the seat of a player whose connection broke is held; the body stays three seconds in any case.
    #[arg(long, env = "SEAT_HOLD_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seat_hold_seconds: u32,
}

/// `game-server lobby`
#[derive(Debug, Args)]
pub struct LobbyArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub game: MatchArgs,
    /// The secret that lobby and gateways share, at least 16 bytes.
    #[arg(long, env = "TICKET_SECRET", hide_env_values = true, value_parser = secret)]
    pub ticket_secret: String,
    #[command(flatten)]
    pub proofs: ProofsArgs,
}

/// `game-server chat`
#[derive(Debug, Args)]
pub struct ChatArgs {
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `game-server ranking`
#[derive(Debug, Args)]
pub struct RankingArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = "sqlite://ranking.sqlite")]
    pub database_url: String,
    #[command(flatten)]
    pub results: ResultLimits,
}

/// How much is kept of results.
#[derive(Debug, Clone, Copy, Args)]
pub struct ResultLimits {
    /// Matches whose score boards are kept, the oldest go first; ratings and counters of players stay. Each takes about
    /// 750 bytes with ten players.
    #[arg(long, env = "MATCHES_KEPT", default_value_t = MATCHES_KEPT, value_parser = clap::value_parser!(u32).range(1_000..))]
    pub matches_kept: u32,
}

/// `game-server monitor`
#[derive(Debug, Args)]
pub struct MonitorArgs {
    #[command(flatten)]
    pub common: CommonArgs,
    /// The node it runs on.
    #[arg(long, env = "NODE_NAME", default_value = "local")]
    pub node: String,
}

/// `game-server all`
#[derive(Debug, Args)]
pub struct AllArgs {
    /// Where players connect.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where /livez /readyz /metrics and /drain are served; keep it away from players.
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9100")]
    pub admin_listen: SocketAddr,
    #[command(flatten)]
    pub admin: AdminArgs,
    /// The folder of the ranking's database and of replay logs (`replays/`); made when missing.
    #[arg(long, env = "DATA_DIR", default_value = "game-data")]
    pub data_dir: PathBuf,
    /// Serve files of the page from this folder instead of the embedded ones, to see an edit without a build.
    #[arg(long, env = "WEB_DIR")]
    pub web_dir: Option<PathBuf>,
    #[command(flatten)]
    pub game: MatchArgs,
    #[command(flatten)]
    pub replays: ReplayLimits,
    /// After SIGTERM, matches that still run are ended with a result when this has passed. Not given, they are played
    /// to their end, or for 5 seconds in a container (as PID 1), which is killed soon after.
    #[arg(long, env = "DRAIN_MAX_SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub drain_max_seconds: Option<u32>,
    #[command(flatten)]
    pub results: ResultLimits,
    /// Pages of other origins that may connect, such as https://play.example.com; its own page always may.
    #[arg(long, env = "ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<String>,
    #[command(flatten)]
    pub port: PortArgs,
}

impl Cli {
    /// Whether one thread does it: bots have little to compute, and threads that hand their sockets to each other would
    /// take a second core away from the server beside them.
    pub fn on_one_thread(&self) -> bool {
        matches!(self.command, Command::Bots(_))
    }

    /// Runs the role until it has drained.
    pub async fn run(self) -> anyhow::Result<()> {
        start::run(self.command).await
    }
}

fn secret(text: &str) -> Result<String, String> {
    if text.len() < SECRET_BYTES_MIN {
        return Err(format!("needs at least {SECRET_BYTES_MIN} bytes; try `openssl rand -hex 32`"));
    }
    Ok(text.to_string())
}

fn state_rate(text: &str) -> Result<StateRate, String> {
    let hz: u8 = text.parse().map_err(|_| "20 or 30".to_string())?;
    StateRate::try_from(hz)
}

/// The host's name becomes one token of a bus subject.
fn subject_token(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || !text.chars().all(fits) {
        return Err("use letters, digits, - and _ only".to_string());
    }
    Ok(text.to_string())
}

#[cfg(test)]
mod tests;
