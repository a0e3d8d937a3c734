//! `GET /ranking`: the leaderboard as JSON.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::domain::PlayerId;
use crate::protocol::bus::{Ranking, RankingRequest, RankingRow, SUBJECT_RANKING};
use crate::roles::gateway::Gateway;
use crate::roles::gateway::admission::refuse;

/// Lines of one answer; a page shows 20.
const LIMIT_MAX: u32 = 100;
const LIMIT_DEFAULT: u32 = 20;
/// A query of an indexed table takes milliseconds.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Questions that one gateway asks at once; more are told to come back.
pub const QUESTIONS_MAX: usize = 32;

#[derive(Deserialize)]
pub struct Question {
    limit: Option<u32>,
    /// A player's id; an empty one means nobody.
    around: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    top: Vec<Row>,
    around: Vec<Row>,
}

/// 64-bit ids are text, since JavaScript numbers are not exact beyond 53 bits.
#[derive(Serialize)]
struct Row {
    player: String,
    rank: u64,
    name: String,
    rating: f64,
    deviation: f64,
    matches: u64,
    wins: u64,
    kills: u64,
    deaths: u64,
}

/// `GET /ranking?limit=20&around=<player>`
pub async fn get(State(gateway): State<Arc<Gateway>>, Query(question): Query<Question>) -> Response {
    let around =
        question.around.filter(|player| !player.is_empty()).map(|player| player.parse().map(PlayerId));
    let Ok(around) = around.transpose() else {
        return refuse(StatusCode::BAD_REQUEST, "player");
    };
    let Ok(_place) = gateway.ranking_places.try_acquire() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "ranking_busy");
    };
    let limit = question.limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
    let request = RankingRequest { limit, around };
    match gateway.bus.request::<_, Ranking>(SUBJECT_RANKING, &request, ANSWER_MAX).await {
        Ok(ranking) => {
            let answer = Answer { top: rows(ranking.top), around: rows(ranking.around) };
            ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
        }
        Err(_) => refuse(StatusCode::SERVICE_UNAVAILABLE, "ranking_unavailable"),
    }
}

fn rows(rows: Vec<RankingRow>) -> Vec<Row> {
    let row = |row: RankingRow| Row {
        player: row.player.0.to_string(),
        rank: row.rank,
        name: row.name,
        rating: row.rating,
        deviation: row.deviation,
        matches: row.matches,
        wins: row.wins,
        kills: row.kills,
        deaths: row.deaths,
    };
    rows.into_iter().map(row).collect()
}
