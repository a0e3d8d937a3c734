//! Promises alone open few rooms, people as many as they need.

use std::time::{Duration, Instant};

use super::Openings;

/// Opens as many as it may.
fn open_all(openings: &mut Openings, rooms_max: usize, now: Instant) -> usize {
    let mut opened = 0;
    while openings.may_open(rooms_max, now) {
        openings.opened();
        opened += 1;
    }
    opened
}

#[test]
fn without_people_a_few_rooms_are_opened_and_then_one_at_a_time() {
    for (rooms_max, first) in [(1, 4), (150, 18), (600, 75)] {
        let (mut openings, start) = (Openings::default(), Instant::now());
        assert_eq!(open_all(&mut openings, rooms_max, start), first);
        let later: usize = (1..=100)
            .map(|second| open_all(&mut openings, rooms_max, start + Duration::from_secs(second)))
            .sum();
        assert!((9..=10).contains(&later), "{later} in 100 seconds");
    }
}

#[test]
fn a_crowd_that_comes_is_never_held_up_for_long() {
    let (mut openings, start) = (Openings::default(), Instant::now());
    let (mut waiting, mut seats, mut on_the_way) = (1_000_usize, 0_usize, 0_usize);
    for half_seconds in 0_u32..40 {
        openings.came(std::mem::take(&mut on_the_way));
        let now = start + Duration::from_millis(500) * half_seconds;
        while waiting > 0 && (seats > 0 || openings.may_open(150, now)) {
            if seats == 0 {
                openings.opened();
                seats = 10;
            }
            (waiting, seats, on_the_way) = (waiting - 1, seats - 1, on_the_way + 1);
        }
        if waiting == 0 {
            assert!(half_seconds <= 6, "a thousand people wait for {half_seconds} half seconds");
            return;
        }
    }
    panic!("{waiting} people still wait");
}

#[test]
fn a_room_that_does_not_come_costs_nothing_and_nothing_is_saved_up() {
    let (mut openings, start) = (Openings::default(), Instant::now());
    assert!(openings.may_open(150, start));
    for _ in 0..1_000 {
        assert!(openings.may_open(150, start));
        openings.opened();
        openings.failed();
    }
    openings.came(100_000);
    assert_eq!(open_all(&mut openings, 150, start), 18);
}
