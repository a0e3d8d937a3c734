//! Match results and ratings in SQLite or PostgreSQL, by URL, with the same code and the same SQL.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use sqlx::SqlStr;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool};

/// Reading the leaderboard.
pub mod leaderboard;
/// How a finished match moves ratings.
pub mod rating;
/// Writing a result, once.
pub mod results;

/// Enough for the few requests per second of a leaderboard; SQLite writes one at a time anyway.
const CONNECTIONS_MAX: u32 = 4;
/// How long a caller waits for a free connection before it is told that the store is out of reach.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// WAL lets readers go on beside a writer; NORMAL may lose the last results when the machine loses power, never when
/// the process dies; the busy limit stays below [`ACQUIRE_LIMIT`].
const SQLITE_SETTINGS: [&str; 3] =
    ["PRAGMA busy_timeout = 4000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"];

/// A pool of connections to one database; clones share it.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
}

impl Store {
    /// Opens `sqlite://PATH` (made when missing, folder included) or `postgres://…` and brings its schema up to date.
    pub async fn open(url: &str) -> anyhow::Result<Store> {
        sqlx::any::install_default_drivers();
        let url = match url.strip_prefix("sqlite:") {
            Some(rest) => sqlite_url(rest)?,
            None => url.to_owned(),
        };
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_LIMIT)
            .after_connect(|connection, _| Box::pin(configure(connection)))
            .connect(&url)
            .await
            .with_context(|| format!("cannot open the ranking store {}", without_password(&url)))?;
        migrations().run(&pool).await.context("cannot bring the schema of the ranking store up to date")?;
        Ok(Store { pool })
    }

    /// Waits for running statements and closes every connection, so that SQLite folds its log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn migrations() -> Migrator {
    let first = SqlStr::from_static(include_str!("store/migrations/0001_results_and_players.sql"));
    Migrator::with_migrations(vec![Migration::new(
        1,
        "results and players".into(),
        MigrationType::Simple,
        first,
        false,
    )])
}

async fn configure(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if connection.backend_name() == "SQLite" {
        for setting in SQLITE_SETTINGS {
            sqlx::query(setting).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// SQLite makes a missing file only when asked, and never its folder.
fn sqlite_url(rest: &str) -> anyhow::Result<String> {
    let path = rest.trim_start_matches("//").split('?').next().unwrap_or_default();
    if let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {} of the ranking store", folder.display()))?;
    }
    let has_parameters = rest.contains('?');
    Ok(match has_parameters {
        true => format!("sqlite:{rest}"),
        false => format!("sqlite:{rest}?mode=rwc"),
    })
}

/// `postgres://user:secret@host/name` without the secret, for messages.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => url.to_owned(),
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

#[cfg(test)]
mod tests;
