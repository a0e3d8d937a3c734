//! Reading the leaderboard: its top, and a player with the neighbours either side.

use anyhow::Context;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::domain::PlayerId;
use crate::store::rating::Rating;
use crate::store::trouble::Trouble;
use crate::store::{Store, column_of, id_of};

/// Most lines of one answer: more than a screen shows, well below what the bus carries.
pub const TOP_ROWS_MAX: u32 = 100;
/// Neighbours either side of a player.
const NEIGHBOURS: i64 = 2;

const SELECT_TOP: &str = "SELECT player, name, rating, deviation, standing, matches, wins, kills, deaths \
     FROM players ORDER BY standing DESC, kills DESC, player DESC LIMIT $1";
const SELECT_ONE: &str = "SELECT player, name, rating, deviation, standing, matches, wins, kills, deaths \
     FROM players WHERE player = $1";
const COUNT_ABOVE: &str =
    "SELECT COUNT(*) AS above FROM players WHERE (standing, kills, player) > ($1, $2, $3)";
const SELECT_ABOVE: &str = "SELECT player, name, rating, deviation, standing, matches, wins, kills, deaths \
     FROM players WHERE (standing, kills, player) > ($1, $2, $3) \
     ORDER BY standing, kills, player LIMIT $4";
const SELECT_BELOW: &str = "SELECT player, name, rating, deviation, standing, matches, wins, kills, deaths \
     FROM players WHERE (standing, kills, player) < ($1, $2, $3) \
     ORDER BY standing DESC, kills DESC, player DESC LIMIT $4";

/// One player on the leaderboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// 1 is best; nobody shares a rank.
    pub rank: u64,
    pub player: PlayerId,
    pub name: String,
    pub rating: Rating,
    pub matches: u64,
    pub wins: u64,
    pub kills: u64,
    pub deaths: u64,
}

impl Store {
    /// The best players, best first; at most [`TOP_ROWS_MAX`].
    pub async fn top(&self, limit: u32) -> anyhow::Result<Vec<Standing>> {
        let rows = sqlx::query(SELECT_TOP).bind(i64::from(limit.min(TOP_ROWS_MAX)));
        let read = rows.fetch_all(&self.pool).await.and_then(|rows| ranked_from(1, &rows));
        self.or_advice(read).await
    }

    /// A player with two neighbours either side, best first; empty when unknown.
    pub async fn around(&self, player: PlayerId) -> anyhow::Result<Vec<Standing>> {
        let read = self.neighbourhood(player).await;
        self.or_advice(read).await
    }

    async fn or_advice<T>(&self, read: Result<T, sqlx::Error>) -> anyhow::Result<T> {
        match read {
            Ok(value) => Ok(value),
            Err(error) => {
                let error = self.explained(error).await;
                let advice = Trouble::of(&error).advice();
                Err(error).with_context(|| format!("cannot read the leaderboard: {advice}"))
            }
        }
    }

    async fn neighbourhood(&self, player: PlayerId) -> Result<Vec<Standing>, sqlx::Error> {
        let own = sqlx::query(SELECT_ONE).bind(column_of(player.0)).fetch_optional(&self.pool).await?;
        let Some(own) = own else { return Ok(Vec::new()) };
        let standing: f64 = own.try_get("standing")?;
        let kills: i64 = own.try_get("kills")?;
        let id: i64 = own.try_get("player")?;
        let place = |sql| sqlx::query(sql).bind(standing).bind(kills).bind(id);
        let count_above: i64 = place(COUNT_ABOVE).fetch_one(&self.pool).await?.try_get("above")?;
        let mut rows = place(SELECT_ABOVE).bind(NEIGHBOURS).fetch_all(&self.pool).await?;
        let below = place(SELECT_BELOW).bind(NEIGHBOURS).fetch_all(&self.pool).await?;
        let first_rank = (1 + id_of(count_above)).saturating_sub(rows.len() as u64);
        rows.reverse();
        rows.push(own);
        rows.extend(below);
        ranked_from(first_rank, &rows)
    }
}

fn ranked_from(first_rank: u64, rows: &[AnyRow]) -> Result<Vec<Standing>, sqlx::Error> {
    rows.iter().zip(first_rank..).map(|(row, rank)| standing(rank, row)).collect()
}

fn standing(rank: u64, row: &AnyRow) -> Result<Standing, sqlx::Error> {
    let count = |column: &str| row.try_get::<i64, _>(column).map(id_of);
    Ok(Standing {
        rank,
        player: PlayerId(count("player")?),
        name: row.try_get("name")?,
        rating: Rating { rating: row.try_get("rating")?, deviation: row.try_get("deviation")? },
        matches: count("matches")?,
        wins: count("wins")?,
        kills: count("kills")?,
        deaths: count("deaths")?,
    })
}
