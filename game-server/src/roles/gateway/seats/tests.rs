//! What a heartbeat says holds until the next of the same host.

use crate::domain::{PlayerId, Pool, RoomId};
use crate::protocol::bus::{HostReport, RoomReport, Seated};
use crate::roles::gateway::seats::Seats;

fn report(host: &str, rooms: &[(u64, &[(u64, &str)])]) -> HostReport {
    let room = |(room, people): &(u64, &[(u64, &str)])| RoomReport {
        room: RoomId(*room),
        pool: Pool::Public,
        humans: Vec::new(),
        seated: people
            .iter()
            .map(|(player, name)| Seated { player: PlayerId(*player), name: (*name).to_owned() })
            .collect(),
        free_seats: 0,
        ticks_left: 0,
        cost_us: 0,
    };
    HostReport {
        host: host.to_owned(),
        node: String::new(),
        link_address: String::new(),
        rooms_max: 1,
        draining: false,
        tick_headroom: 1.0,
        tick_gap_excess_p99_us: 0,
        room_cost_p50_us: 0,
        room_cost_p99_us: 0,
        rooms: rooms.iter().map(room).collect(),
    }
}

#[test]
fn names_are_those_of_the_newest_heartbeat() {
    let seats = Seats::default();
    seats.note(report("a", &[(1, &[(10, "Ann"), (11, "Ann 2")]), (2, &[(12, "Ben")])]));
    seats.note(report("b", &[(3, &[(13, "Cleo")])]));
    assert_eq!(seats.name_of(RoomId(1), PlayerId(11)).as_deref(), Some("Ann 2"));
    assert_eq!(seats.name_of(RoomId(2), PlayerId(11)), None, "a seat is in one room");
    assert_eq!(seats.looks_of_others(RoomId(1), PlayerId(11)).len(), 1);
    seats.note(report("a", &[(1, &[(11, "Ann 2")])]));
    assert_eq!(seats.name_of(RoomId(1), PlayerId(10)), None);
    assert_eq!(seats.name_of(RoomId(2), PlayerId(12)), None);
    assert_eq!(seats.name_of(RoomId(3), PlayerId(13)).as_deref(), Some("Cleo"));
}
