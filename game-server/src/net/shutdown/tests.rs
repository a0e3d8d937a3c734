//! Stages only move forward and wake those who wait.

use super::Shutdown;

#[tokio::test]
async fn drain_wakes_waiters_but_does_not_end() {
    let shutdown = Shutdown::new();
    let waiter = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { shutdown.draining().await }
    });
    shutdown.drain();
    waiter.await.unwrap();
    assert!(shutdown.is_draining());
    assert!(!shutdown.is_ending());
}

#[tokio::test]
async fn the_end_is_also_a_drain_and_is_never_taken_back() {
    let shutdown = Shutdown::new();
    shutdown.end_now();
    shutdown.drain();
    shutdown.draining().await;
    shutdown.ending().await;
    assert!(shutdown.is_ending());
}
