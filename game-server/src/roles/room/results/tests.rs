//! Results reach a ranking that is picky, slow or away.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::{MatchResult, Pool, RoomId};
use crate::net::bus::Bus;
use crate::protocol::bus::{ResultAck, SUBJECT_RESULT};
use crate::roles::room::results::{HANDED_IN_AT_ONCE, PENDING_MAX, Results};

const LIMIT: Duration = Duration::from_secs(60);

fn result(room: u64) -> MatchResult {
    MatchResult {
        room: RoomId(room),
        epoch: 0,
        pool: Pool::Public,
        ended_at_ms: 0,
        players: Vec::new(),
        ticks: 0,
        presences: Vec::new(),
    }
}

#[tokio::test]
async fn results_that_are_never_acknowledged_block_none_behind_them() {
    let bus = Bus::local();
    let mut requests = bus.serve(SUBJECT_RESULT, "ranking").await.unwrap();
    let results = Results::start(bus.clone());
    // More than are ever on the bus at once.
    let stuck = 2 * HANDED_IN_AT_ONCE as u64;
    (0..stuck + 100).for_each(|room| results.offer(result(room)));
    let mut taken = HashSet::new();
    let mut unanswered = Vec::new();
    while taken.len() < 100 {
        let (result, responder) =
            tokio::time::timeout(LIMIT, requests.next::<MatchResult>()).await.unwrap().unwrap();
        if result.room.0 < stuck {
            unanswered.push(responder);
        } else {
            taken.insert(result.room.0);
            responder.reply(&ResultAck { stored: true, duplicate: false, dead_letter: false }).await;
        }
    }
    tokio::task::yield_now().await;
    assert_eq!(results.finish(Duration::ZERO).await, stuck as usize);
}

#[tokio::test]
async fn what_is_too_much_is_dropped_and_the_rest_still_comes() {
    let bus = Bus::local();
    let results = Results::start(bus.clone());
    for room in 0..PENDING_MAX as u64 + 5 {
        results.offer(result(room));
        tokio::task::yield_now().await;
    }
    assert_eq!(results.finish(Duration::ZERO).await, PENDING_MAX);
    let mut requests = bus.serve(SUBJECT_RESULT, "ranking").await.unwrap();
    let answering = tokio::spawn(async move {
        while let Some((_, responder)) = requests.next::<MatchResult>().await {
            responder.reply(&ResultAck { stored: true, duplicate: false, dead_letter: false }).await;
        }
    });
    assert_eq!(results.finish(LIMIT).await, 0);
    answering.abort();
}
