//! Logs and metric names.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Ticks that started, per simulation thread.
pub const TICKS: &str = "game_ticks_total";
/// Ticks given up because a thread was further behind than it may catch up.
pub const TICKS_DROPPED: &str = "game_ticks_dropped_total";
/// How much longer than 16.667 ms the time between two ticks was, in seconds.
pub const TICK_GAP_EXCESS: &str = "game_tick_gap_excess_seconds";
/// Time that one thread worked within one tick, in seconds.
pub const TICK_WORK: &str = "game_tick_work_seconds";
/// Free part of the busiest simulation thread's time.
pub const TICK_HEADROOM: &str = "game_tick_headroom_ratio";
/// Rooms open on this host.
pub const ROOMS: &str = "game_rooms";
/// People seated on this host.
pub const PLAYERS: &str = "game_players";
/// Ticks until the last match with people in it ends; what a drain waits for.
pub const MATCH_TICKS_LEFT: &str = "game_match_ticks_left";
/// Rooms ended by a panic in the game.
pub const ROOM_PANICS: &str = "game_room_panics_total";
/// What one tick of one room took in the last half second, by `quantile`, in seconds.
pub const ROOM_COST: &str = "game_room_tick_cost_seconds";
/// Replay logs that end before their match, by reason: `queue`, `size` or `disk`.
pub const REPLAYS_CUT: &str = "game_replay_logs_cut_total";
/// Rooms refused, by reason.
pub const ROOMS_REFUSED: &str = "game_rooms_refused_total";
/// Messages that a simulation thread's full mailbox did not take.
pub const MAILBOX_DROPPED: &str = "game_mailbox_dropped_total";
/// Inputs that arrived after their tick.
pub const INPUTS_LATE: &str = "game_inputs_late_total";
/// Match results that wait for the ranking's acknowledgement.
pub const RESULTS_PENDING: &str = "game_results_pending";
/// Match results given up because too many were waiting.
pub const RESULTS_DROPPED: &str = "game_results_dropped_total";
/// Match results that the ranking has set aside because they cannot be stored.
pub const DEAD_LETTERS: &str = "game_results_dead_letters";
/// Whether the ranking could not store the last results that it was given: 1 or 0.
pub const STORE_FAILING: &str = "game_results_store_failing";
/// Messages from the network that could not be understood, by where they came in.
pub const MALFORMED: &str = "game_malformed_total";
/// Connections, requests and messages refused, by reason.
pub const REFUSED: &str = "game_refused_total";
/// Open client sockets, by path.
pub const SOCKETS: &str = "game_sockets";
/// State messages sent to players.
pub const STATES_SENT: &str = "game_states_sent_total";
/// State messages that left something out to stay within the player's budget.
pub const STATES_PARTIAL: &str = "game_states_partial_total";
/// State messages that a slow player never got, since a newer one was there.
pub const STATES_SKIPPED: &str = "game_states_skipped_total";
/// Bytes of WebSocket payload sent to players on `/room`.
pub const ROOM_BYTES_SENT: &str = "game_room_sent_bytes_total";
/// Messages sent to players on `/room`.
pub const ROOM_MESSAGES_SENT: &str = "game_room_sent_messages_total";
/// Times that something was written to a client's WebSocket, whatever was ready at once together.
pub const SOCKET_WRITES: &str = "game_socket_writes_total";
/// Links between gateways and room hosts that are up.
pub const LINKS: &str = "game_links";
/// Links that ended, by reason.
pub const LINKS_LOST: &str = "game_links_lost_total";
/// Messages that a full queue of the bus did not take.
pub const BUS_DROPPED: &str = "game_bus_dropped_total";
/// Times that the connection to the bus was lost.
pub const BUS_DISCONNECTS: &str = "game_bus_disconnects_total";
/// Whether the bus is connected: 1 or 0.
pub const BUS_CONNECTED: &str = "game_bus_connected";
/// Peers must bring the proofs up to this number.
pub const PROOFS_REQUIRED: &str = "game_proofs_required";
/// Tickets handed out.
pub const SEATS: &str = "game_seats_total";
/// Seat requests answered with a reason to wait, by reason.
pub const SEAT_WAITS: &str = "game_seat_waits_total";
/// Chat lines accepted.
pub const CHAT_LINES: &str = "game_chat_lines_total";
/// Match results handed in, by what became of them.
pub const RESULTS: &str = "game_results_total";
/// How late a sleeper on this node woke at the 99th percentile of the last second.
pub const NODE_WAKE_LATE: &str = "game_node_wake_late_p99_seconds";
/// Share of the last 10 s in which some task of this node waited for a CPU, 0 to 1.
pub const NODE_CPU_PRESSURE: &str = "game_node_cpu_pressure_ratio";
/// CFS periods in which this node's monitor was throttled.
pub const NODE_THROTTLED: &str = "game_node_throttled_periods_total";

/// When this process started, in seconds since 1970, under the name that every collector knows.
pub const PROCESS_START: &str = "process_start_time_seconds";

/// Histograms are folded this often, or they would keep every sample.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// From an idle tick to one that is three ticks late.
const TICK_BUCKETS_S: [f64; 10] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.05];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line, for collectors.
    Json,
}

/// Sends logs to stderr, so that stdout stays free for what a command prints.
pub fn start_logs(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("the log filter {filter:?}"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("starting logs: {error}"))
}

/// Starts collecting metrics for the whole process; needs a tokio runtime.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Prefix("game_tick_".to_string()), &TICK_BUCKETS_S)
        .and_then(PrometheusBuilder::install_recorder)
        .context("starting metrics")?;
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!(PROCESS_START).set(since_1970.as_secs_f64());
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(METRICS_UPKEEP);
        loop {
            every.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}
