//! Who was there for how long.

use crate::domain::{PlayerId, Presence};
use crate::roles::room::attendance::{Attendance, PEOPLE_MAX};

const ANN: PlayerId = PlayerId(1);
const BEN: PlayerId = PlayerId(2);

#[test]
fn time_without_a_connection_does_not_count() {
    let mut attendance = Attendance::default();
    attendance.seat(ANN, 7);
    attendance.come(ANN, 0);
    attendance.come(ANN, 50);
    attendance.go(ANN, 100);
    attendance.go(ANN, 150);
    attendance.come(ANN, 200);
    attendance.come(BEN, 290);
    let presences = attendance.presences(300);
    assert_eq!(
        presences,
        [
            Presence { player: ANN, ticks: 200, party: Some(7) },
            Presence { player: BEN, ticks: 10, party: None }
        ]
    );
}

#[test]
fn asking_again_alone_does_not_part_a_party() {
    let mut attendance = Attendance::default();
    attendance.come(ANN, 0);
    for (party, known) in [(0, 0), (7, 7), (0, 7), (8, 7)] {
        attendance.seat(ANN, party);
        assert_eq!(attendance.presences(1)[0].party, Some(known));
    }
}

#[test]
fn thousands_who_pass_through_push_out_nobody_who_stays() {
    let mut attendance = Attendance::default();
    (1..=10).for_each(|player| attendance.come(PlayerId(player), 0));
    attendance.go(PlayerId(10), 1_000);
    for player in 100..5_100_u64 {
        let now = player as u32;
        attendance.come(PlayerId(player), now);
        attendance.go(PlayerId(player), now + 1);
    }
    let presences = attendance.presences(10_000);
    assert_eq!(presences.len(), PEOPLE_MAX);
    assert!((1..=10).all(|player| presences.iter().any(|one| one.player == PlayerId(player))));
}
