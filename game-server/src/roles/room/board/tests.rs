//! Admission control.

use super::{Board, HEADROOM_MIN, OpenRefusal, ThreadReport};
use crate::domain::{MatchSettings, Pool, RoomId};
use crate::protocol::version::Protocols;
use crate::roles::room::RoomOptions;

fn board(threads: u16, rooms_max: u32) -> Board {
    Board::new(RoomOptions {
        host: "room-0".to_string(),
        node: "here".to_string(),
        link_address: "127.0.0.1:7000".to_string(),
        protocols: Protocols::default(),
        threads,
        rooms_max,
    })
}

fn settings(room: u64) -> MatchSettings {
    MatchSettings { room: RoomId(room), seed: 1, pool: Pool::Public, match_ticks: 600, fill_to_players: 4 }
}

#[test]
fn rooms_spread_over_threads_up_to_the_limit() {
    let board = board(2, 3);
    for room in 1..=3 {
        assert_eq!(board.open(settings(room)), Ok(()));
    }
    assert_eq!(board.open(settings(4)), Err(OpenRefusal::Full));
    assert_ne!(board.thread_of(RoomId(1)), board.thread_of(RoomId(2)));
    board.closed(RoomId(1));
    assert_eq!(board.open(settings(4)), Ok(()));
}

#[test]
fn asking_twice_opens_once() {
    let board = board(1, 1);
    assert_eq!(board.open(settings(1)), Ok(()));
    assert_eq!(board.open(settings(1)), Ok(()));
    assert_eq!(board.rooms_open(), 1);
}

#[test]
fn a_busy_thread_takes_no_more_rooms() {
    let board = board(1, 10);
    board.note(0, ThreadReport { headroom: HEADROOM_MIN / 2.0, ..ThreadReport::default() });
    assert_eq!(board.open(settings(1)), Err(OpenRefusal::Headroom));
}

#[test]
fn a_draining_host_takes_no_more_rooms_and_says_so() {
    let board = board(1, 10);
    board.drain();
    assert_eq!(board.open(settings(1)), Err(OpenRefusal::Draining));
    assert!(board.report().draining);
}
