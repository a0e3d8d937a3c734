//! Results that the database refuses whoever hands them in: kept as they came, counted, tried again at every start.

use sqlx::{AnyConnection, Error, Row};

use crate::domain::MatchResult;
use crate::store::results::{NotStored, Recorded};
use crate::store::{Store, column_of, unix_now_ms};

/// The newest of these are kept. Each was told as an error, so somebody looks long before a thousand; at 2 kB each they
/// take 2 MB of the claim.
pub const DEAD_LETTERS_MAX: i64 = 1_000;
/// Bytes of the cause that are kept.
const CAUSE_BYTES_MAX: usize = 500;

const BURY: &str = "INSERT INTO dead_letters (room, epoch, at_ms, cause, result) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (room, epoch) DO NOTHING";
const FORGET_OLDEST: &str = "DELETE FROM dead_letters WHERE (room, epoch) IN \
     (SELECT room, epoch FROM dead_letters ORDER BY at_ms DESC, room, epoch LIMIT 1000000 OFFSET $1)";
const SELECT_ALL: &str = "SELECT result FROM dead_letters ORDER BY at_ms, room, epoch";
const DELETE_ONE: &str = "DELETE FROM dead_letters WHERE room = $1 AND epoch = $2";
const COUNT: &str = "SELECT COUNT(*) AS letters FROM dead_letters";

impl Store {
    /// How many there are.
    pub async fn dead_letters(&self) -> anyhow::Result<u64> {
        let row = sqlx::query(COUNT).fetch_one(&self.pool).await?;
        Ok(row.try_get::<i64, _>("letters")?.max(0).cast_unsigned())
    }

    /// Hands all of them in again, as after an update that mends their cause; returns how many are left.
    pub async fn retry_dead_letters(&self) -> anyhow::Result<u64> {
        let rows = sqlx::query(SELECT_ALL).fetch_all(&self.pool).await?;
        for row in rows {
            let Ok(result) = serde_json::from_str::<MatchResult>(row.try_get("result")?) else { continue };
            if let Ok(Recorded::Stored | Recorded::Duplicate) = self.record(&result).await {
                self.unbury(&result).await?;
            }
        }
        self.dead_letters().await
    }

    async fn unbury(&self, result: &MatchResult) -> Result<(), Error> {
        let mut writer = self.writer.lock().await;
        let mut connection = writer.begin().await?;
        let deleted = sqlx::query(DELETE_ONE)
            .bind(column_of(result.room.0))
            .bind(i64::from(result.epoch))
            .execute(&mut connection)
            .await;
        writer.finish(connection, deleted).await.map(drop)
    }
}

/// Sets a result aside, within a transaction.
pub async fn bury(
    connection: &mut AnyConnection,
    result: &MatchResult,
    cause: &NotStored,
) -> Result<(), Error> {
    let mut cause = cause.to_string();
    cause.truncate(cause.floor_char_boundary(CAUSE_BYTES_MAX));
    let text = serde_json::to_string(result).map_err(|error| Error::Encode(error.into()))?;
    sqlx::query(BURY)
        .bind(column_of(result.room.0))
        .bind(i64::from(result.epoch))
        .bind(column_of(unix_now_ms()))
        .bind(cause)
        .bind(text)
        .execute(&mut *connection)
        .await?;
    sqlx::query(FORGET_OLDEST).bind(DEAD_LETTERS_MAX).execute(connection).await.map(drop)
}
