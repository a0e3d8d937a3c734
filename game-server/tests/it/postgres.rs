//! The store on a throw-away PostgreSQL: the same code and the same SQL as on SQLite.

use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use game_server::domain::{MatchResult, PlayerId, PlayerResult, Pool, Presence, RoomId, Slot};
use game_server::store::Store;
use game_server::store::results::Recorded;
use tempfile::TempDir;

use crate::harness::eventually;
use crate::harness::process::{Process, command, free_address};

/// Where Debian and Ubuntu keep the server's programs, which are not on PATH.
const VERSIONS: &str = "/usr/lib/postgresql";
/// `nobody`: PostgreSQL refuses to run as root.
const UNPRIVILEGED_ID: u32 = 65_534;

struct Postgres {
    url: String,
    _server: Process,
    _folder: TempDir,
}

impl Postgres {
    async fn start() -> Postgres {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder for its data");
        if is_root() {
            chown(folder.path(), Some(UNPRIVILEGED_ID), Some(UNPRIVILEGED_ID)).expect("its own folder");
            chown(&data, Some(UNPRIVILEGED_ID), Some(UNPRIVILEGED_ID)).expect("its own folder");
        }
        init(&data);
        let address = free_address();
        let server = run(&data, address, folder.path());
        eventually("PostgreSQL accepts connections", async || {
            tokio::net::TcpStream::connect(address).await.ok()
        })
        .await;
        Postgres { url: format!("postgres://game@{address}/postgres"), _server: server, _folder: folder }
    }

    /// It accepts connections a moment before it accepts logins.
    async fn open(&self) -> Store {
        eventually("the store opens", async || Store::open(&self.url).await.ok()).await
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// The words that run a program of PostgreSQL without privileges.
fn unprivileged(program: &str) -> Vec<String> {
    let versions = std::fs::read_dir(VERSIONS).unwrap_or_else(|error| panic!("{VERSIONS}: {error}"));
    let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin").join(program)));
    let program: PathBuf = programs.filter(|path| path.exists()).max().expect("PostgreSQL is installed");
    let program = program.display().to_string();
    if !is_root() {
        return vec![program];
    }
    let ids = [format!("--reuid={UNPRIVILEGED_ID}"), format!("--regid={UNPRIVILEGED_ID}")];
    [vec!["setpriv".to_owned()], ids.to_vec(), vec!["--clear-groups".to_owned(), program]].concat()
}

fn init(data: &Path) {
    let words = unprivileged("initdb");
    let output = command(&words[0])
        .args(&words[1..])
        .args(["--username=game", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
        .arg(data)
        .output()
        .expect("initdb runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn run(data: &Path, address: SocketAddr, folder: &Path) -> Process {
    let mut words = unprivileged("postgres");
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let own =
        ["-D", &data.display().to_string(), "-h", &host, "-p", &port, "-k", "", "-F"].map(str::to_owned);
    words.extend(own);
    Process::start("postgres", &words[0], &words[1..], folder)
}

fn line(player: u64, bot: bool, kills: u16) -> PlayerResult {
    PlayerResult {
        slot: Slot(0),
        player: PlayerId(player),
        name: format!("Zoë {player}"),
        bot,
        kills,
        deaths: 1,
    }
}

fn result(room: u64, players: Vec<PlayerResult>) -> MatchResult {
    let people = players.iter().filter(|line| !line.bot);
    let presences = people.map(|line| Presence { player: line.player, ticks: 600, party: Some(0) }).collect();
    MatchResult {
        room: RoomId(room),
        epoch: 0,
        pool: Pool::Public,
        ended_at_ms: u64::MAX,
        players,
        ticks: 600,
        presences,
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL's initdb"]
async fn results_count_once_with_ids_of_all_sizes_and_survive_a_reconnect() {
    let postgres = Postgres::start().await;
    let store = postgres.open().await;
    let played = result(u64::MAX, vec![line(u64::MAX, false, 5), line(1 << 63, false, 3), line(3, true, 1)]);
    assert_eq!(store.record(&played).await.expect("stored"), Recorded::Stored);
    assert_eq!(store.record(&played).await.expect("known"), Recorded::Duplicate);
    let headless = MatchResult { pool: Pool::Bots, room: RoomId(1), ..played };
    assert_eq!(store.record(&headless).await.expect("ignored"), Recorded::NotRanked);
    let top = store.top(10).await.expect("rows");
    let ids: Vec<(u64, u64)> = top.iter().map(|one| (one.rank, one.player.0)).collect();
    assert_eq!(ids, [(1, u64::MAX), (2, 1 << 63)]);
    assert_eq!(
        (top[0].name.as_str(), top[0].matches, top[0].wins, top[0].kills),
        ("Zoë 18446744073709551615", 1, 1, 5)
    );
    store.close().await;
    assert_eq!(postgres.open().await.top(10).await.expect("rows"), top);
}

#[tokio::test]
#[ignore = "needs PostgreSQL's initdb"]
async fn a_player_is_shown_with_two_neighbours_either_side() {
    let postgres = Postgres::start().await;
    let store = postgres.open().await;
    let players = (1..=9).map(|player| line(player, false, 100 - player as u16)).collect();
    store.record(&result(1, players)).await.expect("stored");
    for (player, expected) in [(5, vec![3, 4, 5, 6, 7]), (1, vec![1, 2, 3]), (9, vec![7, 8, 9]), (99, vec![])]
    {
        let around = store.around(PlayerId(player)).await.expect("rows");
        assert_eq!(around.iter().map(|one| one.rank).collect::<Vec<_>>(), expected);
        assert!(around.iter().all(|one| one.rank == one.player.0));
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL's initdb"]
async fn results_handed_in_at_the_same_time_all_count_once() {
    let postgres = Postgres::start().await;
    let store = postgres.open().await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..40 {
        let store = store.clone();
        // Every match comes twice and shares its players with all others, in changing order.
        let mut players = vec![line(1, false, 1), line(2, false, 1), line(3, false, 0)];
        players.rotate_left(writer as usize % 3);
        let played = result(writer / 2, players);
        writers.spawn(async move { store.record(&played).await });
    }
    let written = writers.join_all().await;
    let count = |wanted| written.iter().filter(|one| one.as_ref().is_ok_and(|got| *got == wanted)).count();
    assert_eq!((count(Recorded::Stored), count(Recorded::Duplicate)), (20, 20), "{written:?}");
    assert_eq!(store.top(1).await.expect("rows")[0].matches, 20);
}
