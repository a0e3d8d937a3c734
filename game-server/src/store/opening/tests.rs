//! Messages and older databases.

use sqlx::Row;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::store::opening::{connect, open, without_password};

#[test]
fn a_password_never_reaches_a_message() {
    assert_eq!(without_password("postgres://user:p@ss@host/db"), "postgres://…@host/db");
    assert_eq!(without_password("sqlite:///tmp/x"), "sqlite:///tmp/x");
}

#[tokio::test]
async fn a_database_of_the_first_schema_opens_and_keeps_what_it_has() {
    sqlx::any::install_default_drivers();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/ranking.sqlite?mode=rwc", folder.path().display());
    let mut connection = connect(&url).await.unwrap();
    let first = sqlx::SqlStr::from_static(include_str!("../migrations/0001_results_and_players.sql"));
    let first = Migration::new(1, "results and players".into(), MigrationType::Simple, first, false);
    Migrator::with_migrations(vec![first]).run(&mut connection).await.unwrap();
    let player = "INSERT INTO players (player, name, rating, deviation, standing, matches, wins, kills, deaths) \
         VALUES (7, 'Ann', 1600, 200, 1200, 12, 3, 40, 30)";
    sqlx::query(player).execute(&mut connection).await.unwrap();
    sqlx::query("INSERT INTO matches (room, epoch, ended_at_ms) VALUES (1, 0, 2)")
        .execute(&mut connection)
        .await
        .unwrap();
    drop(connection);
    for _ in 0..2 {
        let mut connection = open(&url).await.unwrap();
        let row = sqlx::query("SELECT rating, rated_matches, day, day_opponents FROM players");
        let row = row.fetch_one(&mut connection).await.unwrap();
        assert_eq!(row.get::<f64, _>("rating"), 1_600.0);
        assert_eq!((row.get::<i64, _>("rated_matches"), row.get::<i64, _>("day")), (12, 0));
        assert_eq!(row.get::<String, _>("day_opponents"), "");
        // As the build before would still write.
        sqlx::query("UPDATE players SET matches = matches + 1").execute(&mut connection).await.unwrap();
    }
}
