//! The `ranking` role: takes results once, answers with leaderboards.
//!
//! Nobody plays worse when it is away: room hosts repeat a result until it is acknowledged, and the lobby seats people
//! without ratings.

use std::sync::Arc;

use anyhow::Context;
use tokio::sync::{Semaphore, mpsc};

use crate::domain::MatchResult;
use crate::net::admin::Readiness;
use crate::net::bus::{Bus, Requests, Responder};
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{Ranking, RankingRequest, RankingRow, ResultAck, SUBJECT_RANKING, SUBJECT_RESULT};
use crate::roles::ranking::health::Health;
use crate::store::Store;
use crate::store::leaderboard::Standing;
use crate::store::results::{NotStored, Recorded};
use crate::store::retention;
use crate::telemetry;

mod health;

/// Ranking processes share this group; one of them gets each request.
const GROUP: &str = "ranking";
/// Results of one commit: 400 rooms whose matches end in the same second are seven commits.
const RESULTS_AT_ONCE: usize = 64;
/// Results that wait for a commit; more wait in the bus. At 2 kB each they are half a megabyte.
const RESULTS_WAITING_MAX: usize = 256;
/// Questions answered at the same time; the store has few connections and the rest waits in the bus.
const QUESTIONS_AT_ONCE: usize = 8;

/// Serves results and leaderboards until a drain is asked for.
pub async fn run(bus: Bus, store: Store, ready: Readiness, shutdown: Shutdown) -> anyhow::Result<()> {
    let results = bus.serve(SUBJECT_RESULT, GROUP).await.context("serving match results")?;
    let questions = bus.serve(SUBJECT_RANKING, GROUP).await.context("serving leaderboards")?;
    let health = Health::new(&store, ready.clone()).await;
    ready.set(true);
    let ended = tokio::try_join!(
        take_results(results, &store, health, &shutdown),
        answer_questions(questions, &store, &shutdown)
    );
    ready.set(false);
    store.close().await;
    ended.map(|_| ())
}

/// Takes results from the bus while the store commits those that came before: what gathers meanwhile goes together.
async fn take_results(
    mut results: Requests,
    store: &Store,
    health: Health,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let (queue, queued) = mpsc::channel(RESULTS_WAITING_MAX);
    let take = async move {
        loop {
            tokio::select! {
                biased;
                () = shutdown.draining() => return anyhow::Ok(()),
                next = results.next::<MatchResult>() => {
                    // Full, it leaves the others in the bus; hosts repeat what it loses there.
                    queue.send(next.context("the bus is gone")?).await.context("nobody stores results")?;
                }
            }
        }
    };
    let store_all = async {
        store_results(queued, store, health).await;
        Ok(())
    };
    tokio::try_join!(take, store_all).map(|_| ())
}

async fn store_results(mut queued: mpsc::Receiver<(MatchResult, Responder)>, store: &Store, health: Health) {
    let mut batch = Vec::with_capacity(RESULTS_AT_ONCE);
    let mut until_prune = 0;
    while queued.recv_many(&mut batch, RESULTS_AT_ONCE).await > 0 {
        let (results, responders): (Vec<MatchResult>, Vec<Responder>) = batch.drain(..).unzip();
        let answers = store.record_all(&results).await;
        health.note(&answers);
        let stored = answers.iter().filter(|answer| matches!(answer, Ok(Recorded::Stored))).count();
        for ((result, responder), answer) in results.iter().zip(responders).zip(answers) {
            acknowledge(result, responder, answer).await;
        }
        until_prune = usize::saturating_sub(until_prune, stored);
        if until_prune == 0 {
            until_prune = retention::LOOK_EVERY_MATCHES;
            prune(store).await;
        }
    }
}

async fn prune(store: &Store) {
    match store.prune().await {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "the oldest matches are no longer kept"),
        Err(error) => tracing::warn!(%error, "old matches could not be removed"),
    }
}

/// Without an acknowledgement the room host hands it in again.
async fn acknowledge(result: &MatchResult, responder: Responder, answer: Result<Recorded, NotStored>) {
    let room = result.room.0;
    let recorded = match answer {
        Ok(recorded) => recorded,
        Err(error) => {
            metrics::counter!(telemetry::RESULTS, "outcome" => "failed").increment(1);
            tracing::debug!(%error, room, "a result is not stored");
            return;
        }
    };
    let outcome = match recorded {
        Recorded::Stored => "stored",
        Recorded::Duplicate => "duplicate",
        Recorded::NotRanked => "not_ranked",
        Recorded::DeadLetter => "dead_letter",
    };
    metrics::counter!(telemetry::RESULTS, "outcome" => outcome).increment(1);
    tracing::info!(room, epoch = result.epoch, outcome, "match result");
    // All of these are taken care of: there is nothing to repeat.
    let ack = ResultAck {
        stored: true,
        duplicate: recorded == Recorded::Duplicate,
        dead_letter: recorded == Recorded::DeadLetter,
    };
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
