//! A thread that sleeps stands for a process that was stopped.

use std::future::pending;
use std::time::{Duration, Instant};

use super::{Elapsed, PARTS, timeout};

const LIMIT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn awake_it_is_a_timeout_like_any_other() {
    let began = Instant::now();
    assert_eq!(timeout(LIMIT, pending::<()>()).await, Err(Elapsed));
    assert!(began.elapsed() >= LIMIT);
    assert_eq!(timeout(LIMIT, async { 7 }).await, Ok(7));
}

#[tokio::test]
async fn time_slept_through_does_not_count() {
    for stop in [LIMIT, LIMIT * 4] {
        let (began, stopped) = (Instant::now(), tokio::spawn(async move { std::thread::sleep(stop) }));
        assert_eq!(timeout(LIMIT, pending::<()>()).await, Err(Elapsed));
        stopped.await.unwrap();
        let awake = began.elapsed() - stop;
        assert!(awake >= LIMIT - LIMIT / PARTS, "{stop:?}: {awake:?}");
    }
}

#[tokio::test]
async fn what_came_meanwhile_is_in_time() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        std::thread::sleep(LIMIT * 4);
        sender.send(()).unwrap();
    });
    assert_eq!(timeout(LIMIT, receiver).await, Ok(Ok(())));
}
