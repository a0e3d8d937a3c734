//! Rooms are found where their host says they are, for as long as it says so.

use std::time::Duration;

use tokio::time::Instant;

use super::{SILENT_MAX, UNTOLD_MAX, Whereabouts};
use crate::domain::{Pool, RoomId};
use crate::protocol::bus::{HostReport, RoomPlace, RoomReport};

fn report(host: &str, rooms: &[u64]) -> HostReport {
    let room = |id: &u64| RoomReport {
        room: RoomId(*id),
        pool: Pool::Public,
        humans: Vec::new(),
        seated: Vec::new(),
        free_seats: 10,
        ticks_left: 60,
        cost_us: 0,
    };
    HostReport {
        host: host.to_owned(),
        node: String::new(),
        link_address: format!("{host}:7000"),
        rooms_max: 10,
        draining: false,
        tick_headroom: 1.0,
        tick_gap_excess_p99_us: 0,
        room_cost_p50_us: 0,
        room_cost_p99_us: 0,
        rooms: rooms.iter().map(room).collect(),
    }
}

fn told(host: &str, room: u64) -> RoomPlace {
    let link_address = format!("{host}:7000");
    RoomPlace { room: RoomId(room), pool: Pool::Bots, host: host.to_owned(), link_address }
}

fn address(known: &Whereabouts, room: u64) -> Option<String> {
    known.known(RoomId(room)).map(|place| place.link_address)
}

#[test]
fn a_room_is_where_it_was_last_said_to_be() {
    let (known, now) = (Whereabouts::default(), Instant::now());
    known.note_host(&report("room-0", &[1, 2]), now);
    known.note_host(&report("room-1", &[2]), now);
    assert_eq!(address(&known, 1).as_deref(), Some("room-0:7000"));
    assert_eq!(address(&known, 2).as_deref(), Some("room-1:7000"), "it has moved");
    assert_eq!(address(&known, 3), None);
}

#[test]
fn a_new_room_is_known_before_any_heartbeat_has_it() {
    let (known, now) = (Whereabouts::default(), Instant::now());
    known.note_room(told("room-0", 1), now);
    known.note_host(&report("room-0", &[]), now + Duration::from_millis(500));
    let place = known.known(RoomId(1)).unwrap();
    assert_eq!((place.link_address.as_str(), place.pool), ("room-0:7000", Pool::Bots));
}

#[test]
fn a_room_that_its_host_no_longer_tells_of_is_gone_and_a_silent_host_keeps_its_rooms() {
    let (known, now) = (Whereabouts::default(), Instant::now());
    known.note_host(&report("room-0", &[1]), now);
    known.note_host(&report("room-1", &[2]), now);
    known.note_host(&report("room-1", &[]), now + UNTOLD_MAX);
    assert_eq!((address(&known, 1).is_some(), address(&known, 2).is_some()), (true, false));
    known.note_host(&report("room-1", &[]), now + SILENT_MAX);
    assert_eq!(address(&known, 1), None, "nothing is kept for ever");
}

#[tokio::test]
async fn who_asks_a_moment_early_waits_for_the_word_and_not_for_ever() {
    let known = std::sync::Arc::new(Whereabouts::default());
    let asking = tokio::spawn({
        let known = known.clone();
        async move { known.locate(RoomId(1)).await }
    });
    tokio::task::yield_now().await;
    known.note_room(told("room-0", 1), Instant::now());
    assert!(asking.await.unwrap().is_some());
    assert_eq!(known.locate(RoomId(2)).await, None);
}
