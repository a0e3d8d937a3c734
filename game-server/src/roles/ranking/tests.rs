//! The role on a local bus and a temporary store.

use std::time::Duration;

use crate::domain::{MatchResult, PlayerId, PlayerResult, Pool, RoomId, Slot};
use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{Ranking, RankingRequest, ResultAck, SUBJECT_RANKING, SUBJECT_RESULT};
use crate::roles::ranking::run;
use crate::store::Store;

const LIMIT: Duration = Duration::from_secs(10);

fn result(pool: Pool) -> MatchResult {
    let line = |player, kills| PlayerResult {
        slot: Slot(0),
        player: PlayerId(player),
        name: format!("player {player}"),
        bot: false,
        kills,
        deaths: 0,
    };
    MatchResult {
        room: RoomId(u64::MAX),
        epoch: 0,
        pool,
        ended_at_ms: 1,
        players: vec![line(1, 5), line(2, 3)],
        ticks: 0,
        presences: Vec::new(),
    }
}

#[tokio::test]
async fn results_count_once_and_show_on_the_leaderboard() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite://{}/ranking.sqlite", folder.path().display())).await.unwrap();
    let (bus, ready, shutdown) = (Bus::local(), Readiness::default(), Shutdown::new());
    let role = tokio::spawn(run(bus.clone(), store, ready.clone(), shutdown.clone()));
    while !ready.get() {
        tokio::task::yield_now().await;
    }
    for (pool, stored, duplicate) in
        [(Pool::Bots, true, false), (Pool::Public, true, false), (Pool::Public, true, true)]
    {
        let ack: ResultAck = bus.request(SUBJECT_RESULT, &result(pool), LIMIT).await.unwrap();
        assert_eq!(ack, ResultAck { stored, duplicate, dead_letter: false });
    }
    let question = RankingRequest { limit: 1, around: Some(PlayerId(2)) };
    let ranking: Ranking = bus.request(SUBJECT_RANKING, &question, LIMIT).await.unwrap();
    assert_eq!(ranking.top.len(), 1);
    assert_eq!((ranking.top[0].player, ranking.top[0].wins), (PlayerId(1), 1));
    assert_eq!(ranking.around.iter().map(|row| row.rank).collect::<Vec<_>>(), [1, 2]);
    shutdown.drain();
    tokio::time::timeout(LIMIT, role).await.unwrap().unwrap().unwrap();
}
