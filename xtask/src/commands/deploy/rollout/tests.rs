//! What is said while pods drain.

use super::*;

#[test]
fn a_draining_pod_says_how_long_it_takes() {
    let metrics = "# TYPE game_players gauge\ngame_players{pool=\"public\"} 3\ngame_players{pool=\"bots\"} 1\ngame_match_ticks_left 5700\n";
    assert_eq!(drain_text(metrics), "4 players, 95 s left");
    assert_eq!(drain_text("other 1\n"), "`--now` ends them");
}

#[test]
fn workloads_that_wait_for_the_same_are_named_together() {
    let waiting =
        [("nats", "not looked at yet"), ("chat", "0 of 2 pods are ready"), ("room", "not looked at yet")];
    let waiting = waiting.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(told(&waiting), "nats, room: not looked at yet; chat: 0 of 2 pods are ready");
    assert_eq!(told(&[]), "");
}

fn cause(object: &str, settles_s: u64) -> Cause {
    let settles = Duration::from_secs(settles_s);
    Cause { object: object.to_owned(), settles, ..Cause::unreadable("") }
}

#[test]
fn a_cause_is_certain_once_it_has_lasted() {
    let mut progress = Progress::new();
    let (now, earlier) = (Instant::now(), Instant::now().checked_sub(Duration::from_secs(60)).unwrap());
    progress.remember(vec![cause("Deployment/lobby", 30), cause("Deployment/chat", 3000)], now);
    assert_eq!(progress.certain(), None);
    assert_eq!(progress.likely().unwrap().object, "Deployment/lobby");
    progress.remember(vec![cause("Deployment/chat", 3000), cause("Deployment/lobby", 30)], earlier);
    assert_eq!(progress.certain(), None, "it is remembered since it was seen first");
    progress.remember(Vec::new(), earlier);
    progress.remember(vec![cause("Deployment/chat", 3000), cause("Deployment/lobby", 30)], earlier);
    let certain = progress.certain().unwrap();
    assert_eq!(certain.object, "Deployment/lobby");
    assert_eq!(progress.others(certain), ["Deployment/chat (manifest-unreadable)"]);
}
