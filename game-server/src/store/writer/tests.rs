//! A commit that fails leaves nothing behind that could look like a later one.

use sqlx::{Connection, Executor};

use crate::store::opening;
use crate::store::writer::Writer;

async fn writer(folder: &tempfile::TempDir) -> Writer {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}/ranking.sqlite?mode=rwc", folder.path().display());
    let connection = opening::open(&url).await.unwrap();
    Writer::new(url, connection)
}

async fn letters(folder: &tempfile::TempDir) -> i64 {
    let url = format!("sqlite://{}/ranking.sqlite", folder.path().display());
    let mut other = opening::connect(&url).await.unwrap();
    sqlx::query_scalar("SELECT COUNT(*) FROM dead_letters").fetch_one(&mut other).await.unwrap()
}

const INSERT: &str = "INSERT INTO dead_letters (room, epoch, at_ms, cause, result) VALUES ($1, 0, 0, '', '')";

async fn insert(writer: &mut Writer, room: i64) -> Result<(), sqlx::Error> {
    let mut connection = writer.begin().await?;
    let inserted = sqlx::query(INSERT).bind(room).execute(&mut connection).await.map(drop);
    writer.finish(connection, inserted).await
}

#[tokio::test]
async fn a_commit_that_fails_is_not_believed_and_the_next_one_is_real() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder).await;
    // A deferred constraint fails at COMMIT and leaves the transaction open, as a full disk does.
    for sql in [
        "CREATE TABLE parent (id BIGINT PRIMARY KEY)",
        "CREATE TABLE child (parent BIGINT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
    ] {
        let mut connection = writer.begin().await.unwrap();
        let made = connection.execute(sql).await.map(drop);
        writer.finish(connection, made).await.unwrap();
    }
    for room in 0..5 {
        let mut connection = writer.begin().await.unwrap();
        connection.execute("PRAGMA defer_foreign_keys = ON").await.unwrap();
        let orphan = connection.execute("INSERT INTO child VALUES (1)").await.map(drop);
        assert!(writer.finish(connection, orphan).await.is_err(), "nobody has the id 1");
        insert(&mut writer, room).await.unwrap();
        assert_eq!(letters(&folder).await, room + 1, "another connection sees it at once");
    }
}

#[tokio::test]
async fn a_connection_that_died_meanwhile_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder).await;
    let mut connection = writer.begin().await.unwrap();
    connection.execute("ROLLBACK").await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    // Kept although something is open on it: the next BEGIN fails, and a new connection takes its place.
    writer.connection = Some(connection);
    insert(&mut writer, 1).await.unwrap();
    assert_eq!(letters(&folder).await, 1);
    let well = writer.connection.take().unwrap();
    well.close().await.unwrap();
}
