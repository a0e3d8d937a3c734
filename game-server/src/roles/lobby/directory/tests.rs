//! Promises count, reports may lag, and the dead are forgotten.

use std::time::{Duration, Instant};

use crate::domain::{MatchSettings, Mode, PlayerId, Pool, RoomId, SEAT_HOLD_TICKS, StateRate};
use crate::protocol::bus::{HostReport, NodeReport, RoomReport, SeatRequest};
use crate::roles::lobby::directory::{
    Decision, Directory, PROMISES_PER_ADDRESS, RESERVATION, RESERVATION_FIRM,
};
use crate::roles::lobby::ratings::Ratings;
use crate::roles::lobby::waiting::WaitReason;

const MATCH_TICKS: u32 = 18_000;

struct Fixture {
    directory: Directory,
    ratings: Ratings,
    now: Instant,
}

impl Fixture {
    fn with(hosts: Vec<HostReport>) -> Fixture {
        let now = Instant::now();
        let mut directory = Directory::new(MATCH_TICKS);
        for host in hosts {
            directory.note_host(host, now);
        }
        Fixture { directory, ratings: Ratings::default(), now }
    }

    fn decide(&mut self, request: &SeatRequest) -> Decision {
        self.directory.decide(request, &self.ratings, self.now)
    }

    fn pass(&mut self, time: Duration, hosts: Vec<HostReport>) {
        self.now += time;
        for host in hosts {
            self.directory.note_host(host, self.now);
        }
    }
}

fn asks(player: u64) -> SeatRequest {
    SeatRequest {
        player: PlayerId(player),
        name: "Ann".to_owned(),
        pool: Pool::Public,
        party: String::new(),
        waited_ms: 0,
        address: None,
    }
}

fn settings() -> MatchSettings {
    MatchSettings {
        room: RoomId(7),
        seed: 1,
        pool: Pool::Public,
        match_ticks: MATCH_TICKS,
        fill_to_players: 4,
        mode: Mode::default(),
        state_rate: StateRate::default(),
        seat_hold_ticks: SEAT_HOLD_TICKS,
    }
}

fn room(id: u64, humans: &[u64]) -> RoomReport {
    RoomReport {
        room: RoomId(id),
        pool: Pool::Public,
        humans: humans.iter().map(|player| PlayerId(*player)).collect(),
        seated: Vec::new(),
        free_seats: 10 - humans.len() as u8,
        ticks_left: MATCH_TICKS,
        cost_us: 0,
    }
}

fn host(name: &str, rooms: Vec<RoomReport>) -> HostReport {
    HostReport {
        host: name.to_owned(),
        node: format!("node of {name}"),
        link_address: format!("{name}:7000"),
        rooms_max: 10,
        draining: false,
        tick_headroom: 1.0,
        tick_gap_excess_p99_us: 0,
        room_cost_p50_us: 0,
        room_cost_p99_us: 0,
        rooms,
    }
}

#[test]
fn simultaneous_requests_never_overfill_a_room() {
    let mut fixture = Fixture::with(vec![host("room-0", vec![room(1, &[1, 2, 3, 4, 5, 6, 7])])]);
    for player in 100..103 {
        assert_eq!(fixture.decide(&asks(player)), Decision::Seat(RoomId(1)));
    }
    assert_eq!(fixture.decide(&asks(103)), Decision::Open { host: "room-0".to_owned() });
}

#[test]
fn a_promise_is_kept_however_often_it_is_asked_for_and_runs_out() {
    let full_but_one = || vec![host("room-0", vec![room(1, &[1, 2, 3, 4, 5, 6, 7, 8, 9])])];
    let mut fixture = Fixture::with(full_but_one());
    assert_eq!(fixture.decide(&asks(100)), Decision::Seat(RoomId(1)));
    assert_eq!(fixture.decide(&asks(100)), Decision::Seat(RoomId(1)));
    assert!(matches!(fixture.decide(&asks(101)), Decision::Open { .. }));
    fixture.pass(RESERVATION, full_but_one());
    assert_eq!(fixture.decide(&asks(101)), Decision::Seat(RoomId(1)));
}

#[test]
fn a_seat_that_nobody_takes_is_soon_promised_to_somebody_else_and_still_found_by_its_owner() {
    let full_but_one = || vec![host("room-0", vec![room(1, &[1, 2, 3, 4, 5, 6, 7, 8, 9])])];
    let mut fixture = Fixture::with(full_but_one());
    assert_eq!(fixture.decide(&asks(100)), Decision::Seat(RoomId(1)));
    fixture.pass(RESERVATION_FIRM, full_but_one());
    assert_eq!(fixture.decide(&asks(101)), Decision::Seat(RoomId(1)));
    assert_eq!(fixture.decide(&asks(100)), Decision::Seat(RoomId(1)));
}

#[test]
fn an_address_has_few_promises_until_its_people_are_there() {
    let address = Some("203.0.113.7".parse().unwrap());
    let from = |player| SeatRequest { address, ..asks(player) };
    let rooms = |humans: &[u64]| vec![host("room-0", vec![room(1, humans), room(2, &[]), room(3, &[])])];
    let mut fixture = Fixture::with(rooms(&[]));
    for player in 0..PROMISES_PER_ADDRESS as u64 {
        assert!(matches!(fixture.decide(&from(player)), Decision::Seat(_)));
        assert!(matches!(fixture.decide(&from(player)), Decision::Seat(_)), "asked twice");
    }
    assert_eq!(fixture.decide(&from(100)), Decision::Wait(WaitReason::Address));
    assert!(matches!(fixture.decide(&asks(101)), Decision::Seat(_)), "somebody else");
    fixture.pass(Duration::from_millis(500), rooms(&[0, 1, 2]));
    for player in 200..203 {
        assert!(matches!(fixture.decide(&from(player)), Decision::Seat(_)));
    }
    assert_eq!(fixture.decide(&from(203)), Decision::Wait(WaitReason::Address));
    fixture.pass(RESERVATION, rooms(&[0, 1, 2]));
    assert!(matches!(fixture.decide(&from(203)), Decision::Seat(_)));
}

/// What the lobby does for a decision to open a room, and the rooms that are there then.
fn open(fixture: &mut Fixture, request: &SeatRequest, number: u64) {
    let settings = MatchSettings { room: RoomId(number), ..settings() };
    fixture.directory.note_opening(&settings, "room-0", fixture.now);
    fixture.directory.reserve(request, RoomId(number), fixture.now);
}

#[test]
fn promises_alone_open_a_few_rooms_and_people_as_many_as_they_need() {
    let big = |rooms| HostReport { rooms_max: 160, ..host("room-0", rooms) };
    let mut fixture = Fixture::with(vec![big(vec![])]);
    let (mut opened, mut waiting) = (0, 0);
    for player in 0..2_000 {
        match fixture.decide(&asks(player)) {
            Decision::Open { .. } => {
                opened += 1;
                open(&mut fixture, &asks(player), opened);
            }
            Decision::Seat(_) => {}
            Decision::Wait(reason) => {
                assert_eq!(reason, WaitReason::Crowd);
                waiting += 1;
            }
        }
    }
    assert_eq!((opened, waiting), (20, 1_800));
    // Forty of those who were promised a seat take it; asking again when one is there counts for nothing.
    let full: Vec<_> = (1..=opened).map(|number| room(number, &[])).collect();
    let there = |fixture: &Fixture| {
        let mut rooms = full.clone();
        for player in 0..40 {
            let own = fixture.directory.reservations[&PlayerId(player)].room;
            rooms[own.0 as usize - 1].humans.push(PlayerId(player));
        }
        rooms
    };
    let rooms = there(&fixture);
    for _ in 0..3 {
        fixture.pass(Duration::from_millis(500), vec![big(rooms.clone())]);
        for player in 0..40 {
            assert!(matches!(fixture.decide(&asks(player)), Decision::Seat(_)));
        }
    }
    let more =
        (10_000..12_000).filter(|player| matches!(fixture.decide(&asks(*player)), Decision::Open { .. }));
    assert!(more.count() >= 10);
}

#[test]
fn a_player_who_has_arrived_is_not_counted_twice() {
    let mut fixture = Fixture::with(vec![host("room-0", vec![room(1, &[1, 2, 3, 4, 5, 6, 7, 8])])]);
    assert_eq!(fixture.decide(&asks(100)), Decision::Seat(RoomId(1)));
    fixture.pass(
        Duration::from_millis(500),
        vec![host("room-0", vec![room(1, &[1, 2, 3, 4, 5, 6, 7, 8, 100])])],
    );
    assert_eq!(fixture.decide(&asks(101)), Decision::Seat(RoomId(1)));
}

#[test]
fn a_reload_leads_back_into_the_own_match_even_on_a_draining_host() {
    let draining = HostReport { draining: true, ..host("room-0", vec![room(1, &[5])]) };
    let mut fixture = Fixture::with(vec![draining, host("room-1", vec![room(2, &[6])])]);
    assert_eq!(fixture.decide(&asks(5)), Decision::Seat(RoomId(1)));
    assert_eq!(fixture.decide(&asks(9)), Decision::Seat(RoomId(2)));
}

#[test]
fn a_room_being_opened_takes_the_next_players_before_any_heartbeat_shows_it() {
    let mut fixture = Fixture::with(vec![host("room-0", vec![])]);
    assert_eq!(fixture.decide(&asks(1)), Decision::Open { host: "room-0".to_owned() });
    let settings = settings();
    fixture.directory.note_opening(&settings, "room-0", fixture.now);
    fixture.directory.reserve(&asks(1), RoomId(7), fixture.now);
    assert_eq!(fixture.decide(&asks(2)), Decision::Seat(RoomId(7)));
    assert_eq!(
        fixture.directory.locate(RoomId(7), fixture.now),
        Some(("room-0:7000".to_owned(), MATCH_TICKS))
    );
    fixture.directory.note_open_failed(RoomId(7), "room-0", fixture.now);
    assert_eq!(fixture.decide(&asks(2)), Decision::Wait(WaitReason::Refused));
}

#[test]
fn a_silent_host_is_forgotten() {
    let mut fixture = Fixture::with(vec![host("room-0", vec![room(1, &[1])])]);
    fixture.pass(Duration::from_secs(3), vec![]);
    assert_eq!(fixture.decide(&asks(2)), Decision::Wait(WaitReason::NoHost));
    fixture.pass(Duration::ZERO, vec![host("room-0", vec![])]);
    assert!(matches!(fixture.decide(&asks(2)), Decision::Open { .. }));
}

#[test]
fn a_late_node_is_avoided_until_its_report_is_old() {
    let hosts = || vec![host("room-0", vec![]), host("room-1", vec![])];
    let mut fixture = Fixture::with(hosts());
    let late = NodeReport {
        node: "node of room-0".to_owned(),
        wake_late_p99_us: 50_000,
        cpu_pressure_percent: None,
        throttled_periods: None,
    };
    fixture.directory.note_node(late, fixture.now);
    assert_eq!(fixture.decide(&asks(1)), Decision::Open { host: "room-1".to_owned() });
    fixture.pass(Duration::from_secs(5), hosts());
    assert_eq!(fixture.decide(&asks(1)), Decision::Open { host: "room-0".to_owned() });
}

#[test]
fn a_party_follows_its_first_member() {
    let mut fixture =
        Fixture::with(vec![host("room-0", vec![room(1, &[1, 2, 3, 4, 5, 6, 7, 8]), room(2, &[11, 12])])]);
    let with_party = |player| SeatRequest { party: "friends".to_owned(), ..asks(player) };
    assert_eq!(fixture.decide(&with_party(100)), Decision::Seat(RoomId(2)));
    assert_eq!(fixture.decide(&asks(101)), Decision::Seat(RoomId(1)));
    assert_eq!(fixture.decide(&with_party(102)), Decision::Seat(RoomId(2)));
}

#[test]
fn time_passes_between_heartbeats() {
    let mut fixture =
        Fixture::with(vec![host("room-0", vec![RoomReport { ticks_left: 1_860, ..room(1, &[1]) }])]);
    assert_eq!(fixture.decide(&asks(2)), Decision::Seat(RoomId(1)));
    fixture.now += Duration::from_secs(1);
    assert!(matches!(fixture.decide(&asks(3)), Decision::Open { .. }));
}
