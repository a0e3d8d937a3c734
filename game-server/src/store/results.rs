//! Writing a result: once per (match, epoch), with counters and ratings in the same transaction.

use anyhow::Context;
use sqlx::{AnyConnection, Row};

use crate::domain::{MatchResult, PlayerResult, Pool};
use crate::store::rating::{Outcome, Performance, Rating, Score, outcomes};
use crate::store::{Store, column_of};

const INSERT_MATCH: &str =
    "INSERT INTO matches (room, epoch, ended_at_ms) VALUES ($1, $2, $3) ON CONFLICT (room, epoch) DO NOTHING";
const INSERT_LINE: &str = "INSERT INTO match_players (room, epoch, place, player, name, bot, kills, deaths) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
/// Returns what is there and keeps others from changing it until the end of the transaction.
const TOUCH_PLAYER: &str = "INSERT INTO players \
     (player, name, rating, deviation, standing, matches, wins, kills, deaths) \
     VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0) \
     ON CONFLICT (player) DO UPDATE SET name = excluded.name RETURNING rating, deviation";
const UPDATE_PLAYER: &str = "UPDATE players SET rating = $2, deviation = $3, standing = $4, \
     matches = matches + 1, wins = wins + $5, kills = kills + $6, deaths = deaths + $7 WHERE player = $1";

/// A match of one person against bots is practice: it is kept, but counts for nothing on the leaderboard.
const RATED_PEOPLE_MIN: usize = 2;

/// What became of a result that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    Stored,
    /// It was there already; nothing has changed.
    Duplicate,
    /// Matches of headless players leave no trace.
    NotRanked,
}

impl Store {
    /// Stores a match, counts it for its people and moves their ratings; handed in again it changes nothing.
    pub async fn record(&self, result: &MatchResult) -> anyhow::Result<Recorded> {
        if result.pool != Pool::Public {
            return Ok(Recorded::NotRanked);
        }
        let mut transaction = self.pool.begin().await.context("the ranking store is out of reach")?;
        // Writing first takes SQLite's write lock at once; a read that turns into a write could not wait for it.
        let inserted = sqlx::query(INSERT_MATCH)
            .bind(column_of(result.room.0))
            .bind(i64::from(result.epoch))
            .bind(column_of(result.ended_at_ms))
            .execute(&mut *transaction)
            .await
            .context("storing a match")?;
        if inserted.rows_affected() == 0 {
            return Ok(Recorded::Duplicate);
        }
        insert_lines(&mut transaction, result).await.context("storing a score board")?;
        rate_people(&mut transaction, result).await.context("storing ratings")?;
        transaction.commit().await.context("committing a result")?;
        Ok(Recorded::Stored)
    }
}

async fn insert_lines(connection: &mut AnyConnection, result: &MatchResult) -> Result<(), sqlx::Error> {
    for (line, place) in result.players.iter().zip(1i64..) {
        sqlx::query(INSERT_LINE)
            .bind(column_of(result.room.0))
            .bind(i64::from(result.epoch))
            .bind(place)
            .bind(column_of(line.player.0))
            .bind(line.name.as_str())
            .bind(i64::from(line.bot))
            .bind(i64::from(line.kills))
            .bind(i64::from(line.deaths))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn rate_people(connection: &mut AnyConnection, result: &MatchResult) -> Result<(), sqlx::Error> {
    let people = people_of(result);
    if people.len() < RATED_PEOPLE_MIN {
        return Ok(());
    }
    let mut performances = Vec::with_capacity(people.len());
    for person in &people {
        let before = touch(connection, person).await?;
        performances.push(Performance { before, score: score_of(person) });
    }
    let bots: Vec<Score> = result.players.iter().filter(|line| line.bot).map(score_of).collect();
    for (person, outcome) in people.iter().zip(outcomes(&performances, &bots)) {
        update(connection, person, outcome).await?;
    }
    Ok(())
}

fn score_of(line: &PlayerResult) -> Score {
    Score { kills: line.kills, deaths: line.deaths }
}

/// Bots are never rated. In the order of ids, so that two matches with common players cannot lock each other out.
fn people_of(result: &MatchResult) -> Vec<&PlayerResult> {
    let mut people: Vec<&PlayerResult> = result.players.iter().filter(|line| !line.bot).collect();
    people.sort_by_key(|line| line.player);
    people.dedup_by_key(|line| line.player);
    people
}

async fn touch(connection: &mut AnyConnection, person: &PlayerResult) -> Result<Rating, sqlx::Error> {
    let row = sqlx::query(TOUCH_PLAYER)
        .bind(column_of(person.player.0))
        .bind(person.name.as_str())
        .bind(Rating::START.rating)
        .bind(Rating::START.deviation)
        .bind(Rating::START.standing())
        .fetch_one(connection)
        .await?;
    Ok(Rating { rating: row.try_get("rating")?, deviation: row.try_get("deviation")? })
}

async fn update(
    connection: &mut AnyConnection,
    person: &PlayerResult,
    outcome: Outcome,
) -> Result<(), sqlx::Error> {
    sqlx::query(UPDATE_PLAYER)
        .bind(column_of(person.player.0))
        .bind(outcome.rating.rating)
        .bind(outcome.rating.deviation)
        .bind(outcome.rating.standing())
        .bind(i64::from(outcome.won))
        .bind(i64::from(person.kills))
        .bind(i64::from(person.deaths))
        .execute(connection)
        .await?;
    Ok(())
}
