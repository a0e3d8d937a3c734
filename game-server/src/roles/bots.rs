//! Headless players that really play: load with budgets, and the visitor that `verify` sends.
//!
//! They use the public paths of the gateway as a browser does, in the pool of bots, which never touches real queues or
//! ratings. The report goes to standard output, as text or as one JSON object ([`report::Report`] for load,
//! [`verify::Report`] for verify); a missed budget or a failed observation is listed in it and makes the run fail.

/// Where the game is.
mod address;
/// One connection to a match.
mod connection;
/// What one player counts.
mod figures;
/// Many players at once.
mod load;
/// Which tick an input is for.
pub(super) mod pace;
/// Who plays, and how it decides.
mod pilot;
/// A match as one player plays it.
mod player;
/// Figures of all players and the budgets they must keep.
pub mod report;
/// `/lobby`, `/chat`, `/ranking` and the page.
mod services;
/// A visitor who checks what the game does.
pub mod verify;

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::domain::StateRate;
use crate::roles::bots::address::Address;
use crate::roles::bots::report::Budgets;

/// Players press play this far apart, so that the join time is that of a busy minute and not of a stampede.
pub const ARRIVAL_GAP: Duration = Duration::from_millis(10);

/// What `game-server bots` was asked to do.
#[derive(Debug, Clone)]
pub struct BotsOptions {
    /// The gateway, as a browser would open it.
    pub url: String,
    pub players: u32,
    pub seconds: u32,
    /// After the last arrival nothing is counted for this long; 0 counts from each player's first state on.
    pub warm_up_s: u32,
    /// Players come this far apart; a large crowd is there after 20 s all the same.
    pub arrival_gap: Duration,
    /// States a second that the server is set to send.
    pub state_rate: StateRate,
    pub json: bool,
    pub verify: bool,
    pub budgets: Budgets,
}

/// Plays without printing anything; `measuring` is called when the warm-up is over.
pub async fn measure(
    options: &BotsOptions,
    measuring: impl FnOnce() + Send + 'static,
) -> anyhow::Result<report::Report> {
    Ok(load::run(&Address::parse(&options.url)?, options, measuring).await)
}

/// Plays, prints the report, and fails when something that must hold did not.
pub async fn run(options: BotsOptions) -> anyhow::Result<()> {
    let address = Address::parse(&options.url)?;
    let (text, json, missed) = if options.verify {
        let report = verify::run(&address, options.seconds).await;
        (report.to_string(), serde_json::to_string(&report)?, report.failures)
    } else {
        let report = load::run(&address, &options, || {}).await;
        (report.to_string(), serde_json::to_string(&report)?, report.missed)
    };
    let shown = if options.json { json } else { text };
    writeln!(std::io::stdout(), "{shown}").context("writing the report")?;
    if !missed.is_empty() {
        bail!("{}", missed.join("; "));
    }
    Ok(())
}
