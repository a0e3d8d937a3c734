//! Admission control.

use super::{Board, HEADROOM_MIN, OpenRefusal};
use crate::domain::{MatchSettings, Mode, Pool, RoomId, SEAT_HOLD_TICKS, StateRate};
use crate::net::requirement::Requirement;
use crate::protocol::bus::RoomReport;
use crate::protocol::proof::LinkKey;
use crate::protocol::version::Protocols;
use crate::roles::room::RoomOptions;

fn board(threads: u16, rooms_max: u32) -> Board {
    Board::new(RoomOptions {
        host: "room-0".to_string(),
        node: "here".to_string(),
        link_address: "127.0.0.1:7000".to_string(),
        protocols: Protocols::default(),
        link_key: LinkKey::new(b"secret"),
        requirement: Requirement::default(),
        threads,
        rooms_max,
        understudies: 0,
        replays: None,
    })
}

fn settings(room: u64) -> MatchSettings {
    MatchSettings {
        room: RoomId(room),
        seed: 1,
        pool: Pool::Public,
        match_ticks: 600,
        fill_to_players: 4,
        mode: Mode::default(),
        state_rate: StateRate::default(),
        seat_hold_ticks: SEAT_HOLD_TICKS,
    }
}

#[test]
fn rooms_spread_over_threads_up_to_the_limit() {
    let board = board(2, 3);
    for room in 1..=3 {
        assert_eq!(board.open(settings(room)), Ok(()));
    }
    assert_eq!(board.open(settings(4)), Err(OpenRefusal::Full(3)));
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
    board.note(0, |report| report.headroom = HEADROOM_MIN / 2.0);
    assert!(matches!(board.open(settings(1)), Err(OpenRefusal::Headroom { .. })));
}

#[test]
fn a_burst_of_rooms_is_charged_before_it_is_measured() {
    let board = board(1, 1000);
    let room = RoomReport {
        room: RoomId(0),
        pool: Pool::Public,
        humans: Vec::new(),
        seated: Vec::new(),
        free_seats: 0,
        ticks_left: 0,
        cost_us: 833,
    };
    board.open(settings(0)).unwrap();
    board.note(0, |report| {
        report.headroom = 0.6;
        report.rooms = vec![RoomReport { cost_us: 6_666, ..room.clone() }];
    });
    assert_eq!(board.open(settings(1)), Err(refusal(6_666, 20)));
    // One room takes 5 % of the thread: 14 more leave the quarter that must stay.
    board.note(0, |report| {
        report.headroom = 0.95;
        report.rooms = vec![room];
    });
    let opened = (1..100).take_while(|room| board.open(settings(*room)).is_ok()).count();
    assert!((13..=14).contains(&opened), "{opened}");
    let refused = board.open(settings(200)).unwrap_err();
    assert_eq!(refused.label(), "headroom");
    assert!(refused.to_string().contains("µs a tick"), "{refused}");
}

fn refusal(room_us: u32, left_percent: i32) -> OpenRefusal {
    OpenRefusal::Headroom { room_us, left_percent, needed_percent: 25 }
}

#[test]
fn a_draining_host_takes_no_more_rooms_and_says_so() {
    let board = board(1, 10);
    board.drain();
    assert_eq!(board.open(settings(1)), Err(OpenRefusal::Draining));
    assert!(board.report().draining);
}
