//! The store on SQLite; `tests/it/postgres.rs` asks the same of PostgreSQL.

use crate::domain::{MatchResult, PlayerId, PlayerResult, Pool, Presence, RoomId, Slot};
use crate::store::leaderboard::Standing;
use crate::store::rating::Rating;
use crate::store::results::Recorded;
use crate::store::{Store, column_of, id_of, retention, unix_now_ms};

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

/// Everybody came alone and was there from the start to the end.
fn result(room: u64, players: Vec<PlayerResult>) -> MatchResult {
    let people = players.iter().filter(|line| !line.bot);
    let presences = people.map(|line| Presence { player: line.player, ticks: 600, party: Some(0) }).collect();
    let ended_at_ms = 1_700_000_000_000 + room % 1_000_000;
    MatchResult {
        room: RoomId(room),
        epoch: 0,
        pool: Pool::Public,
        ended_at_ms,
        players,
        ticks: 600,
        presences,
    }
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

#[tokio::test]
async fn many_results_are_stored_in_one_commit_and_each_counts() {
    let temporary = TemporaryStore::open().await;
    let mut results: Vec<MatchResult> =
        (0..30).map(|room| result(room, vec![line(1, false, 2), line(2, false, 1)])).collect();
    results.push(results[3].clone());
    results.push(MatchResult { pool: Pool::Bots, ..result(99, vec![line(1, false, 2), line(2, false, 1)]) });
    let recorded = temporary.store.record_all(&results).await;
    let recorded: Vec<Recorded> = recorded.into_iter().map(Result::unwrap).collect();
    assert_eq!(recorded[..30], [Recorded::Stored; 30]);
    assert_eq!(recorded[30..], [Recorded::Duplicate, Recorded::NotRanked]);
    let together = temporary.store.top(10).await.unwrap();
    assert_eq!((together[0].matches, together[0].wins, together[0].kills), (30, 30, 60));
    let alone = TemporaryStore::open().await;
    for result in &results {
        alone.store.record(result).await.unwrap();
    }
    assert_eq!(alone.store.top(10).await.unwrap(), together, "one after the other comes to the same");
}

/// Matches, lines and dead letters that are there.
async fn counts(store: &Store) -> (i64, i64, i64) {
    let count = async |sql: &'static str| sqlx::query_scalar(sql).fetch_one(&store.pool).await.unwrap();
    (
        count("SELECT COUNT(*) FROM matches").await,
        count("SELECT COUNT(*) FROM match_players").await,
        count("SELECT COUNT(*) FROM dead_letters").await,
    )
}

#[tokio::test]
async fn old_matches_go_with_their_lines_and_are_never_counted_again() {
    let temporary = TemporaryStore::open().await;
    let store = temporary.store.clone().keeping(700);
    let results: Vec<MatchResult> =
        (0..2_000).map(|room| result(room, vec![line(1, false, 2), line(2, false, 1)])).collect();
    for results in results.chunks(64) {
        assert!(store.record_all(results).await.iter().all(Result::is_ok));
    }
    let before = store.top(10).await.unwrap();
    assert_eq!(store.prune().await.unwrap(), 1_300);
    assert_eq!(counts(&store).await, (700, 1_400, 0));
    assert_eq!(store.top(10).await.unwrap(), before, "players keep what they have");
    assert_eq!(store.record(&results[5]).await.unwrap(), Recorded::DeadLetter, "it may have been counted");
    assert_eq!(store.record(&results[1_900]).await.unwrap(), Recorded::Duplicate);
    assert_eq!(store.top(10).await.unwrap(), before);
    assert_eq!(store.retry_dead_letters().await.unwrap(), 1, "it stays one");
}

#[tokio::test]
async fn a_database_of_four_days_of_400_rooms_is_below_half_of_its_claim() {
    const CLAIM_BYTES: u64 = 1 << 30;
    const SAMPLE: u64 = 2_000;
    let temporary = TemporaryStore::open().await;
    for room in 0..SAMPLE {
        // Ids and names as long as they get; 500 people, so that matches are most of it.
        let players = (0..10).map(|seat| PlayerResult {
            name: "sixteen chars ab".to_owned(),
            ..line(u64::MAX - (room * 7 + seat) % 500, seat > 4, 12)
        });
        let id = RoomId(room.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let played = MatchResult { room: id, ..result(room, players.collect()) };
        temporary.store.record(&played).await.unwrap();
    }
    temporary.store.close().await;
    let bytes = std::fs::metadata(temporary.folder.path().join("deeper/ranking.sqlite")).unwrap().len();
    let of_a_match = bytes / SAMPLE;
    let kept = of_a_match * u64::from(retention::MATCHES_KEPT);
    assert!(kept < CLAIM_BYTES * 2 / 5, "{of_a_match} bytes a match, {kept} in all");
}

#[tokio::test]
async fn what_the_database_refuses_is_set_aside_and_blocks_nothing() {
    let temporary = TemporaryStore::open().await;
    let store = &temporary.store;
    let mut writer = store.writer.lock().await;
    let mut connection = writer.begin().await.unwrap();
    let refusing = sqlx::query(
        "CREATE TRIGGER refuse BEFORE INSERT ON match_players WHEN NEW.name = 'player 13' \
         BEGIN SELECT RAISE(ABORT, 'unlucky'); END",
    );
    let refusing = refusing.execute(&mut connection).await.map(drop);
    writer.finish(connection, refusing).await.unwrap();
    drop(writer);
    let results: Vec<MatchResult> =
        (10..17).map(|player| result(player, vec![line(player, false, 2), line(99, false, 1)])).collect();
    for _ in 0..2 {
        let recorded = store.record_all(&results).await;
        let set_aside = recorded.iter().map(|one| *one.as_ref().unwrap() == Recorded::DeadLetter);
        assert_eq!(set_aside.collect::<Vec<_>>(), [false, false, false, true, false, false, false]);
    }
    assert_eq!(counts(store).await, (6, 12, 1));
    assert_eq!(store.retry_dead_letters().await.unwrap(), 1, "its cause is still there");
    sqlx::query("DROP TRIGGER refuse").execute(&store.pool).await.unwrap();
    assert_eq!(store.retry_dead_letters().await.unwrap(), 0);
    assert_eq!(counts(store).await, (7, 14, 0));
    let top = store.top(10).await.unwrap();
    assert_eq!(top.iter().find(|one| one.player == PlayerId(99)).unwrap().matches, 7);
}

#[tokio::test]
async fn a_second_store_on_the_same_file_says_who_has_it() {
    let temporary = TemporaryStore::open().await;
    let refused = Store::open(&url_in(&temporary.folder)).await.err().unwrap().to_string();
    assert!(refused.contains(&format!("process {} has it open", std::process::id())), "{refused}");
    temporary.store.close().await;
    Store::open(&url_in(&temporary.folder)).await.unwrap();
}

#[tokio::test]
async fn a_host_with_a_clock_ahead_of_ours_does_not_keep_its_matches_for_ever() {
    let temporary = TemporaryStore::open().await;
    let ahead = MatchResult { ended_at_ms: u64::MAX, ..result(1, vec![line(1, false, 1)]) };
    temporary.store.record(&ahead).await.unwrap();
    let ended: i64 =
        sqlx::query_scalar("SELECT ended_at_ms FROM matches").fetch_one(&temporary.store.pool).await.unwrap();
    assert!(id_of(ended) <= unix_now_ms());
}

/// The rating of player 1 after a match against player 2 whose presences were changed.
async fn rating_after(change: impl Fn(&mut MatchResult)) -> (f64, u64) {
    let temporary = TemporaryStore::open().await;
    let mut played = result(1, vec![line(1, false, 9), line(2, false, 1)]);
    change(&mut played);
    temporary.store.record(&played).await.unwrap();
    let top = temporary.store.top(10).await.unwrap();
    assert_eq!(ids(&top)[0].1, 1);
    (top[0].rating.rating - Rating::START.rating, top[0].matches)
}

#[tokio::test]
async fn only_people_of_different_parties_who_played_half_of_the_match_are_rated() {
    let (moved, matches) = rating_after(|_| {}).await;
    assert!(moved > 0.0 && matches == 1);
    let (moved, _) = rating_after(|played| played.presences[1].ticks = 300).await;
    assert!(moved > 0.0, "exactly half");
    type Change = fn(&mut MatchResult);
    let unrated: [(&str, Change); 6] = [
        ("one was there for less than half", |played| played.presences[1].ticks = 299),
        ("nobody was there", |played| played.presences.clear()),
        ("a match of no length", |played| played.ticks = 0),
        ("one party", |played| played.presences.iter_mut().for_each(|one| one.party = Some(7))),
        ("a lobby of the build before tells of no party", |played| played.presences[0].party = None),
        ("a host of the build before", |played| {
            let mut old = serde_json::to_value(&*played).unwrap();
            old.as_object_mut().unwrap().retain(|key, _| key != "ticks" && key != "presences");
            *played = serde_json::from_value(old).unwrap();
        }),
    ];
    for (why, change) in unrated {
        // It counts, and no rating moves.
        assert_eq!(rating_after(change).await, (0.0, 1), "{why}");
    }
}

#[tokio::test]
async fn a_day_of_farming_is_bounded_in_the_database_too() {
    let temporary = TemporaryStore::open().await;
    for room in 0..60 {
        let played = result(room, vec![line(1, false, 9), line(1_000 + room, false, 1)]);
        temporary.store.record(&played).await.unwrap();
    }
    let best = &temporary.store.top(1).await.unwrap()[0];
    assert_eq!((best.player, best.matches), (PlayerId(1), 60));
    let gained = best.rating.rating - Rating::START.rating;
    assert!((49.0..=50.001).contains(&gained), "{gained}");
    // The next day begins where this one ended.
    sqlx::query("UPDATE players SET day = day - 1").execute(&temporary.store.pool).await.unwrap();
    temporary.store.record(&result(99, vec![line(1, false, 9), line(5_000, false, 1)])).await.unwrap();
    let next = temporary.store.top(1).await.unwrap()[0].rating.rating - Rating::START.rating;
    assert!(next > gained && next < gained + 50.0, "{gained}, then {next}");
}
