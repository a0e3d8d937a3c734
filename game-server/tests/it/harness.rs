//! What the tests share: processes that always end, conditions with a limit, players that follow a script.

use std::future::Future;
use std::time::{Duration, Instant};

pub mod balancer;
pub mod http;
pub mod namespace;
pub mod netem;
pub mod player;
pub mod process;
pub mod raw;
pub mod servers;
pub mod stranger;

/// Nothing that the tests wait for takes this long, not even on a machine that is busy with something else.
pub const LIMIT: Duration = Duration::from_secs(60);
/// How often a condition that cannot be awaited is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Held by tests that fill the machine or compare one moment with another: they take turns.
pub static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Shows a figure, or why a test checks nothing here, with `--nocapture`.
#[expect(clippy::print_stdout, reason = "only what is printed is captured")]
pub fn tell(text: &str) {
    println!("{text}");
}

/// Looks until there is something; panics with `what` at the limit.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Awaits one thing; panics with `what` at the limit.
pub async fn within_limit<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {LIMIT:?}: {what}"),
    }
}
