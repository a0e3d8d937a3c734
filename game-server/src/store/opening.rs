//! From a URL to a connection with the right settings and schema.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, Connection, SqlStr};

use crate::store::trouble::Trouble;

/// How the library calls it.
pub const SQLITE: &str = "SQLite";
/// WAL lets readers go on beside a writer. FULL waits for the disk at every commit: what was acknowledged is there after
/// a loss of power too. The busy limit stays below what readers wait for a connection.
const SQLITE_SETTINGS: [&str; 3] =
    ["PRAGMA busy_timeout = 4000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"];
/// A server that was told not to wait for its disk waits for it here; one that waits for more is left as it is.
const POSTGRES_DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// A URL that is understood, its folder made.
pub fn prepared(url: &str) -> anyhow::Result<(String, Option<PathBuf>)> {
    let Some(rest) = url.strip_prefix("sqlite:") else {
        return Ok((url.to_owned(), None));
    };
    let path = PathBuf::from(rest.trim_start_matches("//").split('?').next().unwrap_or_default());
    if let Some(folder) = path.parent() {
        make_folder(folder)
            .with_context(|| format!("cannot make the folder {} of the ranking store", folder.display()))?;
    }
    // SQLite makes a missing file only when asked.
    let mode = if rest.contains('?') { "" } else { "?mode=rwc" };
    Ok((format!("sqlite:{rest}{mode}"), Some(path)))
}

/// A folder that is new must itself survive a loss of power, and that is up to its parent.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() || folder.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let parents = folder.ancestors().skip(1).map(|parent| match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    });
    for parent in parents {
        // A folder that may not be read was not made here.
        if let Ok(parent) = std::fs::File::open(parent) {
            let _ = parent.sync_all();
        }
    }
    Ok(())
}

/// One connection with its settings, of a pool or not.
pub async fn connect(url: &str) -> Result<AnyConnection, sqlx::Error> {
    let mut connection = AnyConnection::connect(url).await?;
    configure(&mut connection).await?;
    Ok(connection)
}

/// Settings that every connection has.
pub async fn configure(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if connection.backend_name() != SQLITE {
        return sqlx::query(POSTGRES_DURABLE).execute(connection).await.map(drop);
    }
    for setting in SQLITE_SETTINGS {
        sqlx::query(setting).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The first connection, with the schema brought up to date; says what is wrong with the database.
pub async fn open(url: &str) -> anyhow::Result<AnyConnection> {
    let opened = async {
        let mut connection = connect(url).await?;
        migrations()
            .run_direct(None, &mut connection, false)
            .await
            .context("bringing its schema up to date")?;
        if connection.backend_name() == SQLITE {
            // A file that may only be read opens like any other, and BEGIN IMMEDIATE only reads there; better to hear it
            // now than at the first result.
            for sql in ["BEGIN IMMEDIATE", "UPDATE retention SET id = id", "ROLLBACK"] {
                sqlx::query(sql).execute(&mut connection).await?;
            }
        }
        anyhow::Ok(connection)
    };
    opened.await.map_err(|error| {
        let advice = Trouble::of_any(&error).advice();
        error.context(format!("cannot open the ranking store {}: {advice}", without_password(url)))
    })
}

fn migrations() -> Migrator {
    let one = |version, name: &'static str, text| {
        let text = SqlStr::from_static(text);
        Migration::new(version, name.into(), MigrationType::Simple, text, false)
    };
    let mut migrator = Migrator::with_migrations(vec![
        one(1, "results and players", include_str!("migrations/0001_results_and_players.sql")),
        one(
            2,
            "dead letters, retention and daily bounds",
            include_str!("migrations/0002_dead_letters_retention_and_daily_bounds.sql"),
        ),
    ]);
    // Migrations only add, so the build before a rollout goes on with what the build after it has made.
    migrator.set_ignore_missing(true);
    migrator
}

/// `postgres://user:secret@host/name` without the secret, for messages.
pub fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests;
