//! `cargo xtask load`: bots with budgets.

use anyhow::Result;

use crate::context::Context;
use crate::play::Load;
use crate::{binary, play, public};

/// Let bots play and hold them to budgets
///
/// Use it to see how many players a machine carries, and in CI to notice when it carries fewer. Bots play in a queue
/// of their own. Without budgets it only measures; exit code 8 when a budget is missed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask load --players 100 --seconds 15\n\
\x20\x20cargo xtask load --players 500 --max-disconnects 0 --min-states-ratio 0.99 --json")]
pub struct Args {
    /// How many bots play at once
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    players: u32,
    /// For how many seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Seconds after the last one has come in which nothing is counted
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=600))]
    warm_up: u32,
    /// Play there instead of on the target that is up
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Budget: connections that end before their time
    #[arg(long, value_name = "N")]
    max_disconnects: Option<u32>,
    /// Budget: from pressing play to the first state, 99th percentile
    #[arg(long, value_name = "MS")]
    max_join_p99_ms: Option<u32>,
    /// Budget: states per second of the worst-served player
    #[arg(long, value_name = "HZ")]
    min_state_hz: Option<f64>,
    /// Budget: states that came as a part of those that were due; a count, so it holds on slow machines too
    #[arg(long, value_name = "RATIO")]
    min_states_ratio: Option<f64>,
    /// Budget: messages that could not be read
    #[arg(long, value_name = "N")]
    max_unreadable: Option<u32>,
    /// Budget: payload per player and second
    #[arg(long, value_name = "BYTES")]
    max_bytes_per_second: Option<u32>,
    /// Budget: how much longer than 16.67 ms the server's ticks are apart, 99th percentile
    #[arg(long, value_name = "US")]
    max_tick_gap_excess_p99_us: Option<u32>,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    let is_elsewhere = args.url.is_some();
    let url = public::url(context, args.url.clone()).await?;
    let program = match is_elsewhere {
        true => binary::player(context).await?,
        false => binary::build(context).await?.path,
    };
    let load = Load { players: args.players, seconds: args.seconds, flags: args.flags() };
    let seen = play::load(context, &program, &url, &load).await?;
    if context.dry_run {
        return Ok(());
    }
    let text = play::figures(&seen);
    context.report.result(seen, &text);
    Ok(())
}

impl Args {
    /// Warm-up and budgets as flags of `game-server bots`, whose names are the same.
    fn flags(&self) -> Vec<String> {
        let flag = |name: &str, value: Option<String>| value.map(|value| format!("--{name}={value}"));
        let number = |value: Option<u32>| value.map(|value| value.to_string());
        let flags = [
            flag("warm-up", number(Some(self.warm_up))),
            flag("max-disconnects", number(self.max_disconnects)),
            flag("max-join-p99-ms", number(self.max_join_p99_ms)),
            flag("min-state-hz", self.min_state_hz.map(|value| value.to_string())),
            flag("min-states-ratio", self.min_states_ratio.map(|value| value.to_string())),
            flag("max-unreadable", number(self.max_unreadable)),
            flag("max-bytes-per-second", number(self.max_bytes_per_second)),
            flag("max-tick-gap-excess-p99-us", number(self.max_tick_gap_excess_p99_us)),
        ];
        flags.into_iter().flatten().collect()
    }
}
