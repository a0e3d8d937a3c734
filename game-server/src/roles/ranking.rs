//! The `ranking` role: takes results once, answers with leaderboards.
//!
//! Nobody plays worse when it is away: room hosts repeat a result until it is acknowledged, and the lobby seats people
//! without ratings.

use std::sync::Arc;

use anyhow::Context;
use tokio::sync::Semaphore;

use crate::domain::MatchResult;
use crate::net::admin::Readiness;
use crate::net::bus::{Bus, Requests, Responder};
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{Ranking, RankingRequest, RankingRow, ResultAck, SUBJECT_RANKING, SUBJECT_RESULT};
use crate::store::Store;
use crate::store::leaderboard::Standing;
use crate::store::results::Recorded;
use crate::telemetry;

/// Ranking processes share this group; one of them gets each request.
const GROUP: &str = "ranking";
/// Questions answered at the same time; the store has few connections and the rest waits in the bus.
const QUESTIONS_AT_ONCE: usize = 8;

/// Serves results and leaderboards until a drain is asked for.
pub async fn run(bus: Bus, store: Store, ready: Readiness, shutdown: Shutdown) -> anyhow::Result<()> {
    let results = bus.serve(SUBJECT_RESULT, GROUP).await.context("serving match results")?;
    let questions = bus.serve(SUBJECT_RANKING, GROUP).await.context("serving leaderboards")?;
    ready.set(true);
    let ended = tokio::try_join!(
        take_results(results, &store, &shutdown),
        answer_questions(questions, &store, &shutdown)
    );
    ready.set(false);
    store.close().await;
    ended.map(|_| ())
}

/// One after the other: SQLite writes one at a time, and a result that has to wait is not lost.
async fn take_results(mut results: Requests, store: &Store, shutdown: &Shutdown) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            biased;
            () = shutdown.draining() => return Ok(()),
            next = results.next::<MatchResult>() => {
                let (result, responder) = next.context("the bus is gone")?;
                take_result(&result, responder, store).await;
            }
        }
    }
}

async fn take_result(result: &MatchResult, responder: Responder, store: &Store) {
    let room = result.room.0;
    let (outcome, ack) = match store.record(result).await {
        Ok(Recorded::Stored) => ("stored", ResultAck { stored: true, duplicate: false }),
        Ok(Recorded::Duplicate) => ("duplicate", ResultAck { stored: true, duplicate: true }),
        // Taken care of: there is nothing to repeat.
        Ok(Recorded::NotRanked) => ("not_ranked", ResultAck { stored: true, duplicate: false }),
        Err(error) => {
            metrics::counter!(telemetry::RESULTS, "outcome" => "failed").increment(1);
            tracing::error!(error = format!("{error:#}"), room, "a result could not be stored");
            // Without an acknowledgement the room host hands it in again.
            return;
        }
    };
    metrics::counter!(telemetry::RESULTS, "outcome" => outcome).increment(1);
    tracing::info!(room, epoch = result.epoch, outcome, "match result");
    responder.reply(&ack).await;
}

async fn answer_questions(mut questions: Requests, store: &Store, shutdown: &Shutdown) -> anyhow::Result<()> {
    let slots = Arc::new(Semaphore::new(QUESTIONS_AT_ONCE));
    loop {
        let slot = slots.clone().acquire_owned().await?;
        tokio::select! {
            biased;
            () = shutdown.draining() => return Ok(()),
            next = questions.next::<RankingRequest>() => {
                let (request, responder) = next.context("the bus is gone")?;
                let store = store.clone();
                tokio::spawn(async move {
                    answer(&request, responder, &store).await;
                    drop(slot);
                });
            }
        }
    }
}

async fn answer(request: &RankingRequest, responder: Responder, store: &Store) {
    match ranking(request, store).await {
        Ok(ranking) => responder.reply(&ranking).await,
        Err(error) => tracing::warn!(error = format!("{error:#}"), "a leaderboard could not be read"),
    }
}

async fn ranking(request: &RankingRequest, store: &Store) -> anyhow::Result<Ranking> {
    let top = if request.limit == 0 { Vec::new() } else { store.top(request.limit).await? };
    let around = match request.around {
        Some(player) => store.around(player).await?,
        None => Vec::new(),
    };
    Ok(Ranking { top: top.into_iter().map(row).collect(), around: around.into_iter().map(row).collect() })
}

fn row(standing: Standing) -> RankingRow {
    RankingRow {
        rank: standing.rank,
        player: standing.player,
        name: standing.name,
        rating: standing.rating.rating,
        deviation: standing.rating.deviation,
        matches: standing.matches,
        wins: standing.wins,
        kills: standing.kills,
        deaths: standing.deaths,
    }
}

#[cfg(test)]
mod tests;
