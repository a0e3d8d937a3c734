//! Writing results, many in one commit: once per (match, epoch), with counters and ratings in the same transaction.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::{AnyConnection, Error};
use tokio::time::timeout;

use crate::domain::{MatchResult, PlayerResult, Pool};
use crate::store::accounts::Accounts;
use crate::store::rows::{ROWS_AT_ONCE, insert};
use crate::store::trouble::Trouble;
use crate::store::writer::Writer;
use crate::store::{Store, column_of, dead_letters, retention, unix_now_ms};

/// A database that needs longer for one commit hangs; the connection is given up. SQLite waits 4 s for its lock.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// Daily bounds of ratings begin anew at midnight UTC, by this process's clock.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

const INSERT_MATCH: &str =
    "INSERT INTO matches (room, epoch, ended_at_ms) VALUES ($1, $2, $3) ON CONFLICT (room, epoch) DO NOTHING";
const LINE_COLUMNS: [&str; 8] = ["room", "epoch", "place", "player", "name", "bot", "kills", "deaths"];

/// A match of one person against bots is practice: it is kept, but counts for nothing on the leaderboard.
pub const COUNTED_PEOPLE_MIN: usize = 2;

/// What became of a result that was handed in; each of these is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    Stored,
    /// It was there already; nothing has changed.
    Duplicate,
    /// Matches of headless players leave no trace.
    NotRanked,
    /// It cannot be stored, now or later, and was set aside.
    DeadLetter,
}

/// Why nothing was decided about a result: handed in again it may go through.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {error}", trouble.advice())]
pub struct NotStored {
    trouble: Trouble,
    error: String,
}

impl NotStored {
    fn of(error: &Error) -> NotStored {
        NotStored { trouble: Trouble::of(error), error: error.to_string() }
    }
}

impl Store {
    /// Stores a match, counts it for its people and moves their ratings; handed in again it changes nothing.
    pub async fn record(&self, result: &MatchResult) -> Result<Recorded, NotStored> {
        self.writer.lock().await.record_alone(result).await
    }

    /// The same for many in one commit: the disk is waited for once. One that cannot be stored costs the others nothing.
    pub async fn record_all(&self, results: &[MatchResult]) -> Vec<Result<Recorded, NotStored>> {
        let mut writer = self.writer.lock().await;
        let together = writer.record_together(results).await;
        match together {
            Ok(recorded) => recorded.into_iter().map(Ok).collect(),
            Err(error) if Trouble::of(&error) != Trouble::Content => {
                let not_stored = NotStored::of(&error);
                results.iter().map(|_| Err(not_stored.clone())).collect()
            }
            Err(_) => {
                let mut answers = Vec::with_capacity(results.len());
                for result in results {
                    answers.push(writer.record_alone(result).await);
                }
                answers
            }
        }
    }
}

impl Writer {
    async fn record_alone(&mut self, result: &MatchResult) -> Result<Recorded, NotStored> {
        let error = match self.record_together(std::slice::from_ref(result)).await {
            Ok(recorded) => return Ok(recorded.first().copied().unwrap_or(Recorded::NotRanked)),
            Err(error) => error,
        };
        let cause = NotStored::of(&error);
        if cause.trouble != Trouble::Content {
            return Err(cause);
        }
        let buried = async {
            let mut connection = self.begin().await?;
            let buried = dead_letters::bury(&mut connection, result, &cause).await;
            self.finish(connection, buried).await
        };
        match within_limit(buried).await {
            Ok(()) => {
                tracing::error!(room = result.room.0, %cause, "a result cannot be stored; it is set aside in dead_letters");
                Ok(Recorded::DeadLetter)
            }
            // So it was not the result's fault alone.
            Err(error) => Err(NotStored::of(&error)),
        }
    }

    async fn record_together(&mut self, results: &[MatchResult]) -> Result<Vec<Recorded>, Error> {
        within_limit(async {
            let mut connection = self.begin().await?;
            let outcome = store_all(&mut connection, results).await;
            self.finish(connection, outcome).await
        })
        .await
    }
}

/// Dropped in the middle, a transaction takes its connection with it.
async fn within_limit<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match timeout(WRITE_LIMIT, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

async fn store_all(connection: &mut AnyConnection, results: &[MatchResult]) -> Result<Vec<Recorded>, Error> {
    let pruned_until_ms = retention::pruned_until_ms(connection).await?;
    let mut recorded = Vec::with_capacity(results.len());
    let mut new = Vec::with_capacity(results.len());
    for result in results {
        let became = insert_match(connection, result, pruned_until_ms).await?;
        if became == Recorded::Stored {
            new.push(result);
        }
        recorded.push(became);
    }
    insert_lines(connection, &new).await?;
    let counted: Vec<Counted> = new.iter().filter_map(|result| Counted::of(result)).collect();
    let mut accounts = Accounts::load(connection, &counted, (unix_now_ms() / DAY_MS).cast_signed()).await?;
    counted.iter().for_each(|one| accounts.count(one));
    accounts.save(connection).await?;
    Ok(recorded)
}

/// A match that moves the leaderboard, with its people.
pub struct Counted<'a> {
    pub result: &'a MatchResult,
    /// Each once, in the order of ids.
    pub people: Vec<&'a PlayerResult>,
}

impl<'a> Counted<'a> {
    fn of(result: &'a MatchResult) -> Option<Counted<'a>> {
        let mut people: Vec<&PlayerResult> = result.players.iter().filter(|line| !line.bot).collect();
        people.sort_by_key(|line| line.player);
        people.dedup_by_key(|line| line.player);
        (people.len() >= COUNTED_PEOPLE_MIN).then_some(Counted { result, people })
    }
}

async fn insert_match(
    connection: &mut AnyConnection,
    result: &MatchResult,
    pruned_until_ms: i64,
) -> Result<Recorded, Error> {
    if result.pool != Pool::Public {
        return Ok(Recorded::NotRanked);
    }
    // A host whose clock is ahead must not keep its matches from being the oldest one day.
    let ended_at_ms = column_of(result.ended_at_ms.min(unix_now_ms()));
    if ended_at_ms <= pruned_until_ms {
        let cause = "it ended before the oldest match that is kept, so whether it was counted is not known";
        let cause = NotStored { trouble: Trouble::Content, error: cause.to_owned() };
        dead_letters::bury(connection, result, &cause).await?;
        return Ok(Recorded::DeadLetter);
    }
    let inserted = sqlx::query(INSERT_MATCH)
        .bind(column_of(result.room.0))
        .bind(i64::from(result.epoch))
        .bind(ended_at_ms)
        .execute(connection)
        .await?;
    Ok(if inserted.rows_affected() == 0 { Recorded::Duplicate } else { Recorded::Stored })
}

async fn insert_lines(connection: &mut AnyConnection, results: &[&MatchResult]) -> Result<(), Error> {
    let lines: Vec<(&MatchResult, i64, &PlayerResult)> = results
        .iter()
        .flat_map(|result| (1..).zip(&result.players).map(|(place, line)| (*result, place, line)))
        .collect();
    for lines in lines.chunks(ROWS_AT_ONCE) {
        let sql = insert("match_players", &LINE_COLUMNS, lines.len());
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).persistent(false);
        for (result, place, line) in lines {
            query = query
                .bind(column_of(result.room.0))
                .bind(i64::from(result.epoch))
                .bind(*place)
                .bind(column_of(line.player.0))
                .bind(line.name.as_str())
                .bind(i64::from(line.bot))
                .bind(i64::from(line.kills))
                .bind(i64::from(line.deaths));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Everybody in these matches, in the order of ids, so that two transactions cannot lock each other out.
pub fn everybody<'a>(counted: &[Counted<'a>]) -> Vec<&'a PlayerResult> {
    let mut seen = HashSet::new();
    // The newest name counts.
    let newest_first = counted.iter().rev().flat_map(|one| one.people.iter().copied());
    let mut people: Vec<&PlayerResult> = newest_first.filter(|line| seen.insert(line.player)).collect();
    people.sort_by_key(|line| column_of(line.player.0));
    people
}
