//! What was acknowledged is there: after a full disk, a kill, a loss of power; and nothing blocks what comes behind it.
//!
//! The ranking is the binary, the bus is this test, and the database is read by SQL: nothing here is the server's code.

use std::collections::HashSet;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::{AnyConnection, Connection, Row};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::harness::process::{Process, command, free_address};
use crate::harness::{TURN, eventually, http};

mod bus;
mod disk;
mod floor;
mod power;

use bus::{Bus, Link, result};

/// A ranking of its own.
struct Ranking {
    process: Process,
    link: Link,
    admin: SocketAddr,
}

fn args(bus: &Bus, url: &str, admin: SocketAddr) -> Vec<String> {
    ["ranking", "--nats-url", &bus.url(), "--database-url", url, "--admin-listen", &admin.to_string()]
        .map(str::to_owned)
        .to_vec()
}

impl Ranking {
    async fn start(bus: &Bus, url: &str, folder: &Path) -> Ranking {
        let admin = free_address();
        let process = Process::role("ranking", &args(bus, url, admin), folder);
        let link = bus.link().await;
        Ranking { process, link, admin }
    }

    async fn hand_in(&mut self, rooms: impl IntoIterator<Item = u64>) {
        for room in rooms {
            assert!(self.link.hand_in(room, &result(room)).await, "the ranking is there");
        }
    }

    async fn readiness(&self) -> String {
        http::get(self.admin, "/readyz").await.expect("an answer").1
    }
}

fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}/ranking.sqlite", folder.display())
}

async fn read(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(url).await.expect("the database opens")
}

/// Rooms whose match is in the database; each must be there once, with its lines, and count once for its people.
async fn stored(url: &str) -> HashSet<u64> {
    let mut connection = read(url).await;
    let rows = sqlx::query("SELECT room FROM matches").fetch_all(&mut connection).await.expect("rows");
    let rooms: HashSet<u64> = rows.iter().map(|row| row.get::<i64, _>("room").cast_unsigned()).collect();
    let matches = rows.len() as i64;
    assert_eq!(rooms.len(), rows.len());
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM match_players", 10 * matches),
        ("SELECT CAST(COALESCE(SUM(matches), 0) AS BIGINT) FROM players", 10 * matches),
    ] {
        let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect("a number");
        assert_eq!(found, expected, "{sql}");
    }
    connection.close().await.expect("it closes");
    rooms
}

/// A test that cannot be made here says why.
fn skip(why: &str, detail: &str) {
    writeln!(std::io::stderr(), "skipped: {why}: {}", detail.trim()).expect("stderr");
}

fn all_are_there(acknowledged: &HashSet<u64>, stored: &HashSet<u64>) {
    let lost: Vec<&u64> = acknowledged.difference(stored).collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged results are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
}

/// A hundred times, each after some acknowledgements more, with results on the way; those of the kill come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_lose_nothing_that_was_acknowledged_and_count_nothing_twice() {
    const KILLS: u64 = 100;
    let _turn = TURN.lock().await;
    let (bus, folder) = (Bus::open().await, TempDir::new().expect("a folder"));
    let url = sqlite(folder.path());
    let mut acknowledged = HashSet::new();
    let mut next = 0;
    for kill in 0..KILLS {
        let mut ranking = Ranking::start(&bus, &url, folder.path()).await;
        let first: u64 = next;
        // What was not acknowledged is handed in again, and some of what was.
        ranking
            .hand_in((0..next).filter(|room| !acknowledged.contains(room) || room % 50 == kill % 50))
            .await;
        let wanted = (kill % 7) as usize;
        ranking.hand_in(next..next + 40).await;
        next += 40;
        let fresh = |link: &Link| link.acknowledged().keys().filter(|room| **room >= first).count();
        eventually("some are acknowledged", async || (fresh(&ranking.link) >= wanted).then_some(())).await;
        // Anywhere in the commits that follow.
        sleep(Duration::from_micros(kill * 137 % 5_000)).await;
        ranking.process.kill();
        acknowledged.extend(ranking.link.acknowledged().into_keys());
    }
    let stored = stored(&url).await;
    all_are_there(&acknowledged, &stored);
    assert!(acknowledged.len() as u64 > KILLS, "{} were acknowledged", acknowledged.len());
    writeln!(
        std::io::stdout(),
        "{KILLS} kills: {} handed in, {} acknowledged, {} stored",
        next,
        acknowledged.len(),
        stored.len()
    )
    .expect("stdout");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_the_database_refuses_blocks_nothing_and_shows() {
    let (bus, folder) = (Bus::open().await, TempDir::new().expect("a folder"));
    let url = sqlite(folder.path());
    let mut ranking = Ranking::start(&bus, &url, folder.path()).await;
    ranking.hand_in([1]).await;
    ranking.link.until_acknowledged(1).await;
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON matches WHEN NEW.room = 5 \
         BEGIN SELECT RAISE(ABORT, 'unlucky'); END";
    let mut connection = read(&url).await;
    sqlx::query(trigger).execute(&mut connection).await.expect("a trigger");
    ranking.hand_in(2..40).await;
    ranking.link.until_acknowledged(39).await;
    assert_eq!(ranking.link.acknowledged()[&5]["dead_letter"], true);
    assert_eq!(ranking.link.acknowledged()[&6]["dead_letter"], false);
    assert!(
        ranking.readiness().await.starts_with("ready\ndead letters: 1 "),
        "{}",
        ranking.readiness().await
    );
    assert_eq!(http::metric(ranking.admin, "game_results_dead_letters").await, 1.0);
    let kept: String =
        sqlx::query_scalar("SELECT result FROM dead_letters").fetch_one(&mut connection).await.expect("one");
    assert!(kept.contains("Player 7"), "{kept}");
    // Its cause is mended, and the next start takes it up.
    sqlx::query("DROP TRIGGER refuse").execute(&mut connection).await.expect("it goes");
    connection.close().await.expect("it closes");
    assert!(ranking.process.terminate().await.success());
    let again = Ranking::start(&bus, &url, folder.path()).await;
    eventually("nothing is set aside any more", async || {
        (again.readiness().await == "ready\n").then_some(())
    })
    .await;
    assert_eq!(stored(&url).await, (1..40).collect());
}

/// What the ranking says when it cannot start, as somebody who is not root.
fn refusal(folder: &Path, url: &str) -> String {
    let is_root = is_root();
    let nobody: &[&str] = &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    // One that starts after all would wait for its bus.
    let mut program = command("timeout");
    program.arg("60").args(if is_root { nobody } else { &[] }).arg(env!("CARGO_BIN_EXE_game-server"));
    program.current_dir(folder).args(["ranking", "--database-url", url, "--admin-listen", "127.0.0.1:0"]);
    let output = program.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    text
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// The folder of a ranking that has ended, open to everybody.
async fn folder_with_results(bus: &Bus) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let mut ranking = Ranking::start(bus, &sqlite(folder.path()), folder.path()).await;
    ranking.hand_in(0..300).await;
    ranking.link.until_acknowledged(300).await;
    assert!(ranking.process.terminate().await.success());
    for path in [
        folder.path().to_owned(),
        folder.path().join("ranking.sqlite"),
        folder.path().join("ranking.sqlite.lock"),
    ] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).expect("its own");
    }
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_database_is_named() {
    let bus = Bus::open().await;
    let folder = folder_with_results(&bus).await;
    let (file, url) = (folder.path().join("ranking.sqlite"), sqlite(folder.path()));
    let well = std::fs::read(&file).expect("the database");
    let said = |word: &str| {
        let text = refusal(folder.path(), &url);
        assert!(text.contains("cannot open the ranking store") && text.contains(word), "{word}: {text}");
        assert!(!text.contains("pool timed out"), "{text}");
    };
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o444)).expect("its own");
    said("may only be read");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o777)).expect("its own");
    // The header, and the pages behind it.
    std::fs::write(&file, b"not a database, but long enough to look like one, which is what matters here")
        .expect("its own");
    said("is damaged");
    let mut torn = well.clone();
    torn[100..8_192].fill(0x5a);
    std::fs::write(&file, &torn).expect("its own");
    said("is damaged");
    std::fs::write(&file, &well).expect("its own");
    let mut other = read(&url).await;
    sqlx::query("PRAGMA locking_mode = EXCLUSIVE").execute(&mut other).await.expect("a setting");
    sqlx::query("CREATE TABLE held (id BIGINT)").execute(&mut other).await.expect("a table");
    said("locked");
    other.close().await.expect("it closes");
    std::fs::remove_file(&file).expect("its own");
    std::fs::create_dir(&file).expect("a folder in its place");
    said("cannot be opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_folder_says_so_and_ends() {
    let (bus, folder) = (Bus::open().await, TempDir::new().expect("a folder"));
    let url = sqlite(folder.path());
    let mut ranking = Ranking::start(&bus, &url, folder.path()).await;
    for path in [folder.path().to_owned(), folder.path().join("ranking.sqlite.lock")] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).expect("its own");
    }
    let text = refusal(folder.path(), &url);
    assert!(text.contains("has it open. One process at a time may use a data folder"), "{text}");
    // The first one goes on.
    ranking.hand_in(0..10).await;
    ranking.link.until_acknowledged(10).await;
    // And a kill leaves no lock behind.
    ranking.process.kill();
    let mut next = Ranking::start(&bus, &url, folder.path()).await;
    next.hand_in(0..20).await;
    next.link.until_acknowledged(20).await;
}
