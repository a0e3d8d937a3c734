//! Many players at once, each going from match to match until the time is up.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout_at};

use crate::roles::bots::BotsOptions;
use crate::roles::bots::address::Address;
use crate::roles::bots::connection::Connection;
use crate::roles::bots::figures::Figures;
use crate::roles::bots::pilot::Pilot;
use crate::roles::bots::player::{Ended, Player};
use crate::roles::bots::report::Report;
use crate::roles::bots::services::{Identity, take_seat};

/// However many there are, all have arrived after this.
const ARRIVALS_MAX: Duration = Duration::from_secs(20);
/// A player who could not join or was thrown out tries again after this.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Lets everybody play for the asked time, counted from the last arrival and the warm-up after it on.
pub async fn run(
    address: &Address,
    options: &BotsOptions,
    measuring: impl FnOnce() + Send + 'static,
) -> Report {
    let start = Instant::now();
    let gap = options.arrival_gap.min(ARRIVALS_MAX / options.players.max(1));
    let measured_from = start + gap * options.players + Duration::from_secs(options.warm_up_s.into());
    let until = measured_from + Duration::from_secs(options.seconds.into());
    let counts_from = (options.warm_up_s > 0).then_some(measured_from);
    let mut players = JoinSet::new();
    for number in 0..options.players {
        let address = address.clone();
        players.spawn(async move {
            sleep_until((start + gap * number).into()).await;
            play_matches(&address, number, counts_from, until).await
        });
    }
    tokio::spawn(async move {
        sleep_until(measured_from.into()).await;
        measuring();
    });
    let figures = players.join_all().await;
    Report::new(options, &figures)
}

async fn play_matches(
    address: &Address,
    number: u32,
    counts_from: Option<Instant>,
    until: Instant,
) -> Figures {
    let identity = Identity::new(format!("Bot {number}"), "");
    let mut figures = counts_from.map_or_else(Figures::default, Figures::counting_from);
    while Instant::now() < until {
        let clicked = Instant::now();
        match timeout_at(until.into(), enter(address, &identity)).await {
            Ok(Ok(connection)) => {
                let pilot = Pilot::new(rand::random());
                let player = Player::new(connection, pilot, &mut figures, clicked, None);
                if let (Ended::Lost(reason), _) = player.play(sleep_until(until.into())).await {
                    figures.disconnects.push(reason);
                    sleep(RETRY_AFTER).await;
                }
            }
            Ok(Err(error)) => {
                figures.join_failures.push(format!("{error:#}"));
                sleep(RETRY_AFTER).await;
            }
            Err(_) => break,
        }
    }
    figures
}

async fn enter(address: &Address, identity: &Identity) -> anyhow::Result<Connection> {
    let seat = take_seat(address, identity).await?;
    Connection::enter(address, &seat.ticket).await
}
