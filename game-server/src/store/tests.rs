//! The store on SQLite; `tests/it/postgres.rs` asks the same of PostgreSQL.

use crate::domain::{MatchResult, PlayerId, PlayerResult, Pool, RoomId, Slot};
use crate::store::leaderboard::Standing;
use crate::store::rating::Rating;
use crate::store::results::Recorded;
use crate::store::{Store, column_of, id_of, without_password};

struct TemporaryStore {
    store: Store,
    folder: tempfile::TempDir,
}

impl TemporaryStore {
    async fn open() -> TemporaryStore {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&url_in(&folder)).await.unwrap();
        TemporaryStore { store, folder }
    }
}

fn url_in(folder: &tempfile::TempDir) -> String {
    format!("sqlite://{}/deeper/ranking.sqlite", folder.path().display())
}

fn line(player: u64, bot: bool, kills: u16) -> PlayerResult {
    PlayerResult {
        slot: Slot(0),
        player: PlayerId(player),
        name: format!("player {player}"),
        bot,
        kills,
        deaths: 1,
    }
}

fn result(room: u64, players: Vec<PlayerResult>) -> MatchResult {
    MatchResult { room: RoomId(room), epoch: 0, pool: Pool::Public, ended_at_ms: 1_700_000_000_000, players }
}

fn ids(standings: &[Standing]) -> Vec<(u64, u64)> {
    standings.iter().map(|one| (one.rank, one.player.0)).collect()
}

#[tokio::test]
async fn a_result_counts_once_however_often_it_is_handed_in() {
    let temporary = TemporaryStore::open().await;
    let played = result(7, vec![line(1, false, 5), line(2, false, 3)]);
    assert_eq!(temporary.store.record(&played).await.unwrap(), Recorded::Stored);
    let first = temporary.store.top(10).await.unwrap();
    for _ in 0..3 {
        assert_eq!(temporary.store.record(&played).await.unwrap(), Recorded::Duplicate);
    }
    assert_eq!(temporary.store.top(10).await.unwrap(), first);
    assert_eq!(ids(&first), [(1, 1), (2, 2)]);
    assert_eq!((first[0].matches, first[0].wins, first[0].kills, first[0].deaths), (1, 1, 5, 1));
    let resumed = MatchResult { epoch: 1, ..played };
    assert_eq!(temporary.store.record(&resumed).await.unwrap(), Recorded::Stored);
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let temporary = TemporaryStore::open().await;
    let played = result(u64::MAX, vec![line(u64::MAX, false, 5), line(1 << 63, false, 3), line(3, true, 9)]);
    temporary.store.record(&played).await.unwrap();
    let before = temporary.store.top(10).await.unwrap();
    temporary.store.close().await;
    let reopened = Store::open(&url_in(&temporary.folder)).await.unwrap();
    assert_eq!(reopened.top(10).await.unwrap(), before);
    assert_eq!(ids(&before), [(1, u64::MAX), (2, 1 << 63)]);
    assert_eq!(reopened.record(&played).await.unwrap(), Recorded::Duplicate);
}

#[tokio::test]
async fn practice_against_bots_counts_for_nothing() {
    let temporary = TemporaryStore::open().await;
    let practice = result(1, vec![line(1, false, 9), line(50, true, 4)]);
    assert_eq!(temporary.store.record(&practice).await.unwrap(), Recorded::Stored);
    assert_eq!(temporary.store.top(10).await.unwrap(), []);
    assert_eq!(temporary.store.record(&practice).await.unwrap(), Recorded::Duplicate);
}

#[tokio::test]
async fn bots_are_never_rated_but_nobody_wins_behind_one() {
    let temporary = TemporaryStore::open().await;
    let played = result(1, vec![line(50, true, 9), line(1, false, 4), line(2, false, 3)]);
    temporary.store.record(&played).await.unwrap();
    let top = temporary.store.top(10).await.unwrap();
    assert_eq!(ids(&top), [(1, 1), (2, 2)]);
    assert_eq!((top[0].matches, top[0].wins, top[0].kills), (1, 0, 4));
    assert!(top[0].rating.rating > Rating::START.rating);
}

#[tokio::test]
async fn matches_of_headless_players_leave_no_trace() {
    let temporary = TemporaryStore::open().await;
    let played = MatchResult { pool: Pool::Bots, ..result(1, vec![line(1, false, 4), line(2, false, 3)]) };
    assert_eq!(temporary.store.record(&played).await.unwrap(), Recorded::NotRanked);
    assert_eq!(temporary.store.top(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_player_is_shown_with_two_neighbours_either_side() {
    let temporary = TemporaryStore::open().await;
    let players = (1..=9).map(|player| line(player, false, 100 - player as u16)).collect();
    temporary.store.record(&result(1, players)).await.unwrap();
    let around = async |player| ids(&temporary.store.around(PlayerId(player)).await.unwrap());
    assert_eq!(around(5).await, [(3, 3), (4, 4), (5, 5), (6, 6), (7, 7)]);
    assert_eq!(around(1).await, [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(around(9).await, [(7, 7), (8, 8), (9, 9)]);
    assert_eq!(around(99).await, []);
    assert_eq!(ids(&temporary.store.top(2).await.unwrap()), [(1, 1), (2, 2)]);
}

#[tokio::test]
async fn players_of_equal_standing_have_ranks_of_their_own() {
    let temporary = TemporaryStore::open().await;
    for player in [1, 3] {
        let draw = vec![line(player, false, 3), line(player + 1, false, 3)];
        temporary.store.record(&result(player, draw)).await.unwrap();
    }
    let top = ids(&temporary.store.top(10).await.unwrap());
    assert_eq!(top.iter().map(|(rank, _)| *rank).collect::<Vec<_>>(), [1, 2, 3, 4]);
    for (rank, player) in top {
        let around = temporary.store.around(PlayerId(player)).await.unwrap();
        assert!(ids(&around).contains(&(rank, player)));
    }
}

#[tokio::test]
async fn results_handed_in_at_the_same_time_all_count() {
    let temporary = TemporaryStore::open().await;
    let mut writers = tokio::task::JoinSet::new();
    for room in 0..20 {
        let store = temporary.store.clone();
        let played = result(room, vec![line(1, false, 1), line(2, false, 1)]);
        writers.spawn(async move { store.record(&played).await });
    }
    let written = writers.join_all().await;
    assert!(written.iter().all(|one| matches!(one, Ok(Recorded::Stored))), "{written:?}");
    assert_eq!(temporary.store.top(1).await.unwrap()[0].matches, 20);
}

#[test]
fn ids_keep_all_their_bits_in_a_signed_column() {
    for id in [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1] {
        assert_eq!(id_of(column_of(id)), id);
    }
}

#[test]
fn a_password_never_reaches_a_message() {
    assert_eq!(without_password("postgres://user:p@ss@host/db"), "postgres://…@host/db");
    assert_eq!(without_password("sqlite:///tmp/x"), "sqlite:///tmp/x");
}
