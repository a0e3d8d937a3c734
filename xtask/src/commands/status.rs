//! `cargo xtask status`: what is running and how it feels for players, on one screen.

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::TargetName;
use crate::context::{Context, target};
use crate::metrics::Metrics;
use crate::report::format_seconds;

/// Pods of a cluster, and what they say.
mod cluster;
/// The one process.
mod local;
/// Somebody else's cluster.
mod named;
#[cfg(test)]
mod tests;
/// How long every step took before.
mod timings;

/// Show what is running and how it feels for players
///
/// Use it to see where to play, who plays, how late the server's ticks are, and where the log is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask status\n\
\x20\x20cargo xtask status --json\n\
\x20\x20cargo xtask status --timings            (p50 and last time of every step; flags what became slower)")]
pub struct Args {
    /// How long each step of the commands took here before, and which became slower
    #[arg(long)]
    timings: bool,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    if args.timings {
        timings::show(context);
        return Ok(());
    }
    match target::that_is_up(context)? {
        Some(TargetName::Local) => local::show(context).await,
        Some(TargetName::Named(_)) => named::show(context).await,
        Some(TargetName::K3d) => cluster::show(context).await,
        None => {
            let text = "nothing is up; `cargo xtask up` brings the game up\n";
            context.report.result(json!({"state": "absent"}), text);
            Ok(())
        }
    }
}

/// How the game feels, out of one scrape or the sum of several.
#[derive(Debug, Clone, Default, PartialEq)]
struct Feel {
    players: u64,
    rooms: u64,
    /// How much longer than 16.667 ms ticks are apart, 99th percentile since the start; the bound of a bucket.
    tick_gap_excess_p99_ms: Option<f64>,
    ticks_dropped: u64,
    sockets: u64,
    results: Results,
}

/// How match results fare on their way into the ranking's database.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Results {
    /// Handed in and not acknowledged yet.
    waiting: u64,
    /// Given up by hosts, since too many were waiting.
    lost: u64,
    /// Acknowledged, set aside because the database refuses them.
    dead_letters: u64,
    is_failing: bool,
}

impl Results {
    fn of(metrics: &Metrics) -> Self {
        let count = |name: &str| metrics.sum(name).unwrap_or(0.0) as u64;
        Self {
            waiting: count("game_results_pending"),
            lost: count("game_results_dropped_total"),
            dead_letters: count("game_results_dead_letters"),
            is_failing: count("game_results_store_failing") > 0,
        }
    }

    /// Nothing as long as all is well.
    fn text(self) -> Option<String> {
        let told = [
            self.is_failing
                .then(|| "the ranking cannot store any now; its log and /readyz say why".to_owned()),
            (self.is_failing && self.waiting > 0).then(|| format!("{} wait", self.waiting)),
            (self.dead_letters > 0).then(|| {
                format!("{} in dead_letters: the database refuses them, the log says why", self.dead_letters)
            }),
            (self.lost > 0).then(|| format!("{} lost: too many waited", self.lost)),
        ];
        let told: Vec<String> = told.into_iter().flatten().collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    fn json(self) -> Value {
        json!({
            "waiting": self.waiting,
            "lost": self.lost,
            "dead_letters": self.dead_letters,
            "failing": self.is_failing,
        })
    }
}

impl Feel {
    fn of(metrics: &Metrics) -> Self {
        let count = |name: &str| metrics.sum(name).unwrap_or(0.0) as u64;
        Self {
            players: count("game_players"),
            rooms: count("game_rooms"),
            tick_gap_excess_p99_ms: metrics.quantile("game_tick_gap_excess_seconds", 0.99).map(|s| s * 1e3),
            ticks_dropped: count("game_ticks_dropped_total"),
            sockets: count("game_sockets"),
            results: Results::of(metrics),
        }
    }

    fn players_text(&self) -> String {
        let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        format!(
            "{} in {}, {} open",
            plural(self.players, "player"),
            plural(self.rooms, "room"),
            plural(self.sockets, "socket")
        )
    }

    fn ticks_text(&self) -> String {
        let late = match self.tick_gap_excess_p99_ms {
            None => "no ticks yet".to_owned(),
            Some(ms) if ms.is_infinite() => {
                "99 % start later than the worst bucket: this machine is overloaded".to_owned()
            }
            Some(ms) => format!("99 % start less than {ms} ms late"),
        };
        format!("{late}, {} dropped", self.ticks_dropped)
    }

    fn json(&self) -> Value {
        json!({
            "players": self.players,
            "rooms": self.rooms,
            "sockets": self.sockets,
            "tick_gap_excess_p99_ms": self.tick_gap_excess_p99_ms.filter(|ms| ms.is_finite()),
            "ticks_dropped": self.ticks_dropped,
            "results": self.results.json(),
        })
    }
}

/// Lines of the screen: a word for the margin and what is true.
fn screen(lines: &[(&str, String)]) -> String {
    let margin = console::Style::new().dim();
    let mut text = String::new();
    for (word, line) in lines {
        text.push_str(&format!("  {}  {line}\n", margin.apply_to(format!("{word:<8}"))));
    }
    text
}

/// `3 min 05 s`, `2 h 10 min`, `4 days`.
fn format_uptime(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..3600 => format_seconds(std::time::Duration::from_secs(seconds)),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}
