//! How many matches are kept: ratings and counters stay for ever, score boards of old matches go.

use sqlx::{AnyConnection, Error, Row};

use crate::store::Store;

/// Matches that are kept by default. The claim of the ranking is 1 GiB, and the database stays below half of it: 400 rooms
/// with matches of five minutes end 115,200 a day, each with ten players takes 750 bytes, so 450,000 of them are 322 MiB
/// and almost four days. What is left of the 512 MiB carries 500,000 players at 300 bytes, dead letters, and the log.
pub const MATCHES_KEPT: u32 = 450_000;
/// Matches that are stored between two looks at the number: 0.1 % of what is kept, so that a look costs nothing.
pub const LOOK_EVERY_MATCHES: usize = 500;
/// Matches removed in one transaction: some ten milliseconds for which results wait.
const REMOVED_AT_ONCE: i64 = 500;

const COUNT: &str = "SELECT COUNT(*) AS matches FROM matches";
const OLDEST_END: &str = "SELECT MAX(ended_at_ms) AS until FROM \
     (SELECT ended_at_ms FROM matches ORDER BY ended_at_ms LIMIT $1) AS oldest";
const REMEMBER: &str = "UPDATE retention SET pruned_until_ms = $1 WHERE id = 1 AND pruned_until_ms < $1";
const REMOVE_LINES: &str = "DELETE FROM match_players WHERE (room, epoch) IN \
     (SELECT room, epoch FROM matches WHERE ended_at_ms <= $1)";
const REMOVE: &str = "DELETE FROM matches WHERE ended_at_ms <= $1";
const PRUNED_UNTIL: &str = "SELECT pruned_until_ms FROM retention WHERE id = 1";

impl Store {
    /// Removes the oldest matches beyond those that are kept, with their score boards.
    pub async fn prune(&self) -> Result<u64, Error> {
        let kept = i64::from(self.matches_kept);
        let mut removed = 0;
        loop {
            let count: i64 = sqlx::query(COUNT).fetch_one(&self.pool).await?.try_get("matches")?;
            let excess = (count - kept).min(REMOVED_AT_ONCE);
            if excess <= 0 {
                return Ok(removed);
            }
            let mut writer = self.writer.lock().await;
            let mut connection = writer.begin().await?;
            let outcome = remove_oldest(&mut connection, excess).await;
            removed += writer.finish(connection, outcome).await?;
        }
    }
}

async fn remove_oldest(connection: &mut AnyConnection, matches: i64) -> Result<u64, Error> {
    let row = sqlx::query(OLDEST_END).bind(matches).fetch_one(&mut *connection).await?;
    let until: i64 = row.try_get("until")?;
    for sql in [REMEMBER, REMOVE_LINES] {
        sqlx::query(sql).bind(until).execute(&mut *connection).await?;
    }
    Ok(sqlx::query(REMOVE).bind(until).execute(connection).await?.rows_affected())
}

/// Of a match that ended until then nobody knows whether it was counted.
pub async fn pruned_until_ms(connection: &mut AnyConnection) -> Result<i64, Error> {
    sqlx::query(PRUNED_UNTIL).fetch_one(connection).await?.try_get("pruned_until_ms")
}
