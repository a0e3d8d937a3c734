//! What the state and the log of the process amount to.

use super::*;

fn ended(log: &[&str]) -> Known {
    let log = log.iter().map(|line| (*line).to_owned()).collect();
    Known { was_started: true, log, ..Known::default() }
}

#[test]
fn the_log_says_why_the_process_has_ended() {
    let panic =
        check(&ended(&["thread 'main' panicked at src/store.rs:7:1:", "the store is damaged"])).unwrap();
    assert_eq!(panic.id, "panic");
    assert!(panic.paragraph(None).contains("src/store.rs:7:1: the store is damaged"));
    assert_eq!(check(&ended(&["Error: Address already in use (os error 98)"])).unwrap().id, "port-clash");
    let gone = check(&ended(&["INFO a player has left"])).unwrap();
    assert_eq!(gone.id, "process-gone");
    assert!(gone.paragraph(None).contains("a player has left"));
}

#[test]
fn a_process_that_is_ready_has_no_cause() {
    let alive = Known { is_alive: true, ..ended(&[]) };
    assert_eq!(check(&alive).unwrap().id, "process-not-ready");
    assert_eq!(check(&Known { is_ready: true, ..alive }), None);
    assert_eq!(check(&Known::default()).unwrap().id, "process-missing");
}
