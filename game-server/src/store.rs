//! Match results and ratings in SQLite or PostgreSQL, by URL, with the same code and the same SQL.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;

use crate::store::lock::Lock;
use crate::store::writer::Writer;

/// What is known of players while results are counted.
mod accounts;
/// Results that cannot be stored.
pub mod dead_letters;
/// Reading the leaderboard.
pub mod leaderboard;
/// One process on one database file.
mod lock;
/// From a URL to a connection.
mod opening;
/// How a finished match moves ratings.
pub mod rating;
/// Writing results, once.
pub mod results;
/// How many matches are kept.
pub mod retention;
/// Statements that write many rows.
mod rows;
/// What errors mean.
mod trouble;
/// Transactions that were really committed.
mod writer;

/// Enough for the few requests per second of a leaderboard.
const READERS_MAX: u32 = 4;
/// How long a reader waits for a free connection before it is told that the store is out of reach.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);

/// Connections to one database; clones share them.
#[derive(Clone)]
pub struct Store {
    url: String,
    /// For reading only.
    pool: AnyPool,
    writer: Arc<tokio::sync::Mutex<Writer>>,
    lock: Arc<Mutex<Option<Lock>>>,
    matches_kept: u32,
}

impl Store {
    /// Opens `sqlite://PATH` (made when missing, folder included) or `postgres://…` and brings its schema up to date.
    pub async fn open(url: &str) -> anyhow::Result<Store> {
        sqlx::any::install_default_drivers();
        let (url, file) = opening::prepared(url)?;
        let lock = file.map(|file| Lock::take(&file)).transpose()?;
        let connection = opening::open(&url).await?;
        let pool = AnyPoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(ACQUIRE_LIMIT)
            .after_connect(|connection, _| Box::pin(opening::configure(connection)))
            .connect_lazy(&url)?;
        let writer = Arc::new(tokio::sync::Mutex::new(Writer::new(url.clone(), connection)));
        let lock = Arc::new(Mutex::new(lock));
        Ok(Store { url, pool, writer, lock, matches_kept: retention::MATCHES_KEPT })
    }

    /// The same with another number of matches that are kept.
    pub fn keeping(self, matches_kept: u32) -> Store {
        Store { matches_kept, ..self }
    }

    /// Waits for running statements and closes every connection, so that SQLite folds its log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
        self.writer.lock().await.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// A pool that waited in vain does not say for what; a connection of its own does.
    async fn explained(&self, error: sqlx::Error) -> sqlx::Error {
        match error {
            sqlx::Error::PoolTimedOut => opening::connect(&self.url).await.err().unwrap_or(error),
            error => error,
        }
    }
}

/// The signed number with the same bits: databases have no unsigned 64-bit column.
fn column_of(id: u64) -> i64 {
    id.cast_signed()
}

/// Reverses [`column_of`].
fn id_of(column: i64) -> u64 {
    column.cast_unsigned()
}

fn unix_now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests;
