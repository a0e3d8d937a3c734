//! Who makes room, who is late, and who is left alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Doing, Plain, PlainPlace};
use crate::roles::gateway::limits::{
    ANSWER_MAX, ANSWER_UNDISTURBED, HEADER_MAX, IDLE_BALANCER_MAX, IDLE_MAX, PLAIN_CONNECTIONS_CROWD,
    PLAIN_CONNECTIONS_MAX, PREFACE_MAX,
};

const MOMENT: Duration = Duration::from_millis(10);

fn has_ended(place: &PlainPlace) -> bool {
    let line = place.line();
    let ended = line.ended();
    let mut ended = std::pin::pin!(ended);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    ended.as_mut().poll(&mut context).is_ready()
}

/// As many as there may be, each a moment after the one before.
fn full(doing: Doing) -> (Arc<Plain>, Vec<PlainPlace>, Instant) {
    let start = Instant::now();
    let plain = Arc::new(Plain::new(start));
    let places = (0..PLAIN_CONNECTIONS_MAX as u32).map(|number| {
        let place = plain.enter(start + MOMENT * number).unwrap();
        place.line().begin(doing, start + MOMENT * number);
        place
    });
    let places = places.collect();
    (plain, places, start + MOMENT * PLAIN_CONNECTIONS_MAX as u32)
}

#[test]
fn the_one_that_has_waited_longest_makes_room() {
    for doing in [Doing::Preface, Doing::Idle, Doing::Head] {
        let (plain, places, now) = full(doing);
        places[0].line().begin(doing, now);
        let newcomer = plain.enter(now).unwrap();
        let ended: Vec<usize> = (0..places.len()).filter(|place| has_ended(&places[*place])).collect();
        assert_eq!(ended, [1], "{doing:?}");
        assert!(!has_ended(&newcomer));
    }
}

#[test]
fn a_request_that_is_answered_is_not_cut_for_a_newcomer_unless_it_is_read_slowly() {
    for doing in [Doing::Answer, Doing::Write] {
        let (plain, places, _) = full(doing);
        let last = Instant::now();
        places.iter().for_each(|place| place.line().begin(doing, last));
        assert!(plain.enter(last + ANSWER_UNDISTURBED - MOMENT).is_none(), "{doing:?}");
        assert_eq!(plain.answering(), PLAIN_CONNECTIONS_MAX);
        places[7].line().begin(Doing::Idle, last + ANSWER_UNDISTURBED - MOMENT);
        let newcomer = plain.enter(last + ANSWER_UNDISTURBED - MOMENT).unwrap();
        newcomer.line().begin(doing, last + ANSWER_UNDISTURBED - MOMENT);
        assert!(has_ended(&places[7]), "{doing:?}");
        let _another = plain.enter(last + ANSWER_UNDISTURBED + MOMENT);
        assert_eq!(places.iter().filter(|place| has_ended(place)).count(), 1, "{doing:?}");
    }
}

#[test]
fn places_come_free() {
    let (plain, mut places, now) = full(Doing::Answer);
    assert!(plain.is_crowded());
    places.truncate(PLAIN_CONNECTIONS_CROWD - 1);
    assert!(!plain.is_crowded());
    assert!(plain.enter(now).is_some());
}

#[test]
fn everything_has_its_time_and_balancers_have_more() {
    let limits = [
        (Doing::Preface, false, PREFACE_MAX),
        (Doing::Idle, false, IDLE_MAX),
        (Doing::Idle, true, IDLE_BALANCER_MAX),
        (Doing::Head, true, HEADER_MAX),
        (Doing::Answer, true, ANSWER_MAX),
        (Doing::Write, false, ANSWER_MAX),
    ];
    for (doing, balancer, limit) in limits {
        let now = Instant::now();
        let plain = Arc::new(Plain::new(now));
        let place = plain.enter(now).unwrap();
        if balancer {
            place.line().is_of_a_balancer();
        }
        place.line().begin(doing, now);
        plain.sweep(now + limit);
        assert!(!has_ended(&place), "{doing:?}");
        plain.sweep(now + limit + MOMENT);
        assert!(has_ended(&place), "{doing:?}");
    }
}

#[test]
fn what_goes_on_is_noted_only_from_where_it_stands() {
    let plain = Arc::new(Plain::new(Instant::now()));
    let place = plain.enter(Instant::now()).unwrap();
    let line = place.line();
    line.is_of_a_balancer();
    line.begin(Doing::Idle, Instant::now());
    line.go_on(Doing::Answer, Doing::Write);
    assert_eq!(line.doing(), Doing::Idle);
    line.go_on(Doing::Idle, Doing::Head);
    assert_eq!(line.doing(), Doing::Head);
    assert!(line.is_exempt());
    line.begin(Doing::Gone, Instant::now());
    assert!(!line.is_exempt(), "a WebSocket is one player's, behind a balancer too");
}
