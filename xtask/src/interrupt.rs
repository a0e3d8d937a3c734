//! Ctrl-C and `--timeout`: a command that is stopped ends what it started and says how to go on.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::context::Context;
use crate::processes::job;
use crate::report::{Exit, Failure};

/// True while a command runs that comes to its own end when it is asked to stop.
static ENDS_ITSELF: AtomicBool = AtomicBool::new(false);
static ASKED: Notify = Notify::const_new();

/// For a command that runs until it is stopped: returns when it is, and leaves the end to the command. Only a second
/// signal ends it the hard way.
pub async fn asked_to_stop() {
    ENDS_ITSELF.store(true, Ordering::Relaxed);
    ASKED.notified().await;
}

/// Runs a command until it ends, a signal arrives or the overall deadline passes. Whatever it was
/// doing is dropped at its next wait; state files are written whole, so the same command continues.
pub async fn guard(context: &Context, command: impl Future<Output = Result<()>>) -> Result<()> {
    let mut command = pin!(command);
    let mut found = tokio::select! {
        ended = &mut command => return ended,
        name = stopped() => format!("{name} stopped it."),
        text = deadline(context) => text,
    };
    if ENDS_ITSELF.load(Ordering::Relaxed) {
        ASKED.notify_one();
        found = tokio::select! {
            ended = &mut command => return ended,
            name = stopped() => format!("a second signal ({name}) stopped it on its way out."),
        };
    }
    job::end_all().await;
    Err(Failure {
        exit: Exit::Interrupted,
        doing: "running the command".to_owned(),
        found,
        cause: String::new(),
        fix: "run the same command again: it continues from here; `cargo xtask down` removes what is there"
            .to_owned(),
    }
    .into())
}

async fn stopped() -> &'static str {
    let listen = |kind| signal(kind).ok();
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt()), listen(SignalKind::terminate()));
    let mut hangup = listen(SignalKind::hangup());
    tokio::select! {
        Some(()) = async { interrupt.as_mut()?.recv().await } => "Ctrl-C",
        Some(()) = async { terminate.as_mut()?.recv().await } => "SIGTERM",
        Some(()) = async { hangup.as_mut()?.recv().await } => "The end of the terminal",
        else => pending().await,
    }
}

async fn deadline(context: &Context) -> String {
    match context.timeout {
        Some(limit) => tokio::time::sleep(limit).await,
        None => pending().await,
    }
    format!("it was not done within the {} s of --timeout.", context.timeout.unwrap_or_default().as_secs())
}
