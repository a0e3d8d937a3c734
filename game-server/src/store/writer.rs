//! The one connection that writes, and transactions that were really committed.
//!
//! A COMMIT that fails leaves its connection inside a transaction that the library no longer counts; whatever is
//! "committed" on it later is only a savepoint. So a connection that has seen an error is closed, and a commit is believed
//! when SQL itself says that nothing is open any more.

use sqlx::{AnyConnection, Connection, Error, Row};

use crate::store::opening;

/// Opens connections as they are needed and keeps one that is known to be well.
pub struct Writer {
    url: String,
    connection: Option<AnyConnection>,
}

impl Writer {
    /// Goes on with a connection that has just been opened.
    pub fn new(url: String, connection: AnyConnection) -> Writer {
        Writer { url, connection: Some(connection) }
    }

    /// Begins a transaction on a connection that now belongs to the caller: dropped on the way, it is closed.
    pub async fn begin(&mut self) -> Result<AnyConnection, Error> {
        if let Some(mut connection) = self.connection.take() {
            if begin(&mut connection).await.is_ok() {
                return Ok(connection);
            }
            // The server was restarted, say; nothing has been written yet.
            close(connection).await;
        }
        let mut connection = opening::connect(&self.url).await?;
        begin(&mut connection).await?;
        Ok(connection)
    }

    /// Commits what went well; after any error the connection is closed.
    pub async fn finish<T>(
        &mut self,
        mut connection: AnyConnection,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        let committed = match outcome {
            Ok(value) => commit(&mut connection).await.map(|()| value),
            Err(error) => Err(error),
        };
        match committed {
            Ok(value) => {
                self.connection = Some(connection);
                Ok(value)
            }
            Err(error) => {
                close(connection).await;
                Err(error)
            }
        }
    }

    /// Closes what is open, so that SQLite folds its log into the file.
    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            close(connection).await;
        }
    }
}

async fn close(connection: AnyConnection) {
    // It is of no use any more, whatever it says.
    let _ = connection.close_hard().await;
}

fn is_sqlite(connection: &AnyConnection) -> bool {
    connection.backend_name() == opening::SQLITE
}

/// SQLite's write lock is taken at once: a read that turns into a write could not wait for it.
async fn begin(connection: &mut AnyConnection) -> Result<(), Error> {
    let begin = if is_sqlite(connection) { "BEGIN IMMEDIATE" } else { "BEGIN" };
    sqlx::query(begin).execute(connection).await.map(drop)
}

async fn commit(connection: &mut AnyConnection) -> Result<(), Error> {
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    if is_sqlite(connection) {
        // Inside a transaction this is an error.
        sqlx::query("BEGIN").execute(&mut *connection).await?;
        return sqlx::query("ROLLBACK").execute(connection).await.map(drop);
    }
    // Inside a transaction PostgreSQL only warns of a BEGIN; one that has written has a number.
    let still_open = sqlx::query("SELECT txid_current_if_assigned() IS NOT NULL AS still_open");
    match still_open.fetch_one(connection).await?.try_get("still_open")? {
        false => Ok(()),
        true => Err(Error::Protocol("a COMMIT went well and its transaction is still open".to_owned())),
    }
}

#[cfg(test)]
mod tests;
