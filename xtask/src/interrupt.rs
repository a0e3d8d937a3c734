//! Ctrl-C and `--timeout`: a command that is stopped ends what it started and says how to go on.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::context::Context;
use crate::processes::job;
use crate::report::{Exit, Failure};

/// Variable by which a test stops a command: `deliver:KILL` sends it that signal (KILL, INT, TERM; STOP until
/// the test lets it go on) at that place.
const STOP_VARIABLE: &str = "XTASK_STOP_AT";

/// A place at which a test may stop the command, to see that the same command goes on from there. Every step is one.
pub fn place(name: &str) {
    let asked = std::env::var(STOP_VARIABLE).unwrap_or_default();
    let signal = match asked.split_once(':') {
        Some((place, "KILL")) if place == name => Signal::KILL,
        Some((place, "INT")) if place == name => Signal::INT,
        Some((place, "TERM")) if place == name => Signal::TERM,
        Some((place, "STOP")) if place == name => Signal::STOP,
        _ => return,
    };
    // It cannot fail: the process exists and is our own.
    let _ = kill_process(getpid(), signal);
}

/// The same, a while from now: for the middle of another program's work.
pub fn place_later(name: &'static str, after: Duration) {
    if std::env::var_os(STOP_VARIABLE).is_some() {
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            place(name);
        });
    }
}

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
    // Listening begins before the command does: a signal in its first moment is not lost.
    let first = stopped();
    let mut command = pin!(command);
    let mut found = tokio::select! {
        ended = &mut command => return ended,
        name = first => format!("{name} stopped it."),
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

/// Listens from the call on, not from the first wait on.
fn stopped() -> impl Future<Output = &'static str> {
    let listen = |kind| signal(kind).ok();
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt()), listen(SignalKind::terminate()));
    let mut hangup = listen(SignalKind::hangup());
    async move {
        tokio::select! {
            Some(()) = async { interrupt.as_mut()?.recv().await } => "Ctrl-C",
            Some(()) = async { terminate.as_mut()?.recv().await } => "SIGTERM",
            Some(()) = async { hangup.as_mut()?.recv().await } => "The end of the terminal",
            else => pending().await,
        }
    }
}

async fn deadline(context: &Context) -> String {
    match context.timeout {
        Some(limit) => tokio::time::sleep(limit).await,
        None => pending().await,
    }
    format!("it was not done within the {} s of --timeout.", context.timeout.unwrap_or_default().as_secs())
}
