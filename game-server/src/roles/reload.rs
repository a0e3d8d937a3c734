//! Runs another role as a child and starts it anew whenever its binary is replaced: how a build gets into a running pod.
//!
//! The pod, its address and its readiness stay; only the process in it is another one. A build that crashes is started
//! again with a pause and waits for the next one, so that it never costs the back-off of the kubelet.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Arrivals, SignalKind, signal};
use tokio::time::{Instant, sleep, timeout};

/// How often the file is looked at; a look costs microseconds.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Two signals closer together than this may arrive as one, and it takes two to end a match.
const SIGNAL_EVERY: Duration = Duration::from_millis(50);
/// With its matches ended a role has only results to store.
const END_MAX: Duration = Duration::from_secs(5);
/// Between the end of a child that failed and the next try.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What tells one build from the next: a new file is another inode, whatever its time.
type Identity = (u64, u64, i64, i64);

/// Runs `role` until it ends by itself without an error, or a signal ended it.
pub async fn run(binary: &Path, role: &[OsString]) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    loop {
        let running = identity(binary);
        let program = match running {
            Some(_) => binary.to_path_buf(),
            None => std::env::current_exe().context("finding this program")?,
        };
        let mut child = start(&program, role)?;
        tracing::info!(program = %program.display(), pid = child.id(), "started");
        match watch(&mut child, binary, running, &mut signals).await? {
            Ended::Replaced => end(&mut child).await?,
            Ended::Itself(status) if status.success() => return Ok(()),
            Ended::Itself(status) => {
                tracing::error!(%status, "the role failed; it is started again with the next build, or in a moment");
                if signals.ask_to_go_within(RETRY_AFTER).await {
                    return Ok(());
                }
            }
            Ended::Signalled(status) => {
                anyhow::ensure!(status.success(), "the role ended with {status}");
                return Ok(());
            }
        }
    }
}

/// Why a child runs no more, or must not.
enum Ended {
    Replaced,
    Itself(ExitStatus),
    Signalled(ExitStatus),
}

async fn watch(
    child: &mut Child,
    binary: &Path,
    running: Option<Identity>,
    signals: &mut Signals,
) -> anyhow::Result<Ended> {
    let mut signalled = false;
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status.context("waiting for the role")?;
                return Ok(if signalled { Ended::Signalled(status) } else { Ended::Itself(status) });
            }
            signal = signals.arrive() => {
                // After a hang-up the role reads its certificates again, and neither of the two ends.
                signalled |= signal != Signal::HUP;
                pass_on(child, signal);
            }
            () = sleep(LOOK_EVERY), if !signalled => {
                // A file that is gone for a moment is on its way to be replaced.
                if identity(binary).is_some_and(|now| Some(now) != running) {
                    return Ok(Ended::Replaced);
                }
            }
        }
    }
}

fn start(program: &PathBuf, role: &[OsString]) -> anyhow::Result<Child> {
    let mut command = Command::new(program);
    command.args(role).kill_on_drop(true);
    command.spawn().with_context(|| format!("starting {}", program.display()))
}

/// SIGTERM until it obeys: the first drains, the second ends its matches with a result.
async fn end(child: &mut Child) -> anyhow::Result<()> {
    let deadline = Instant::now() + END_MAX;
    while Instant::now() < deadline {
        terminate(child);
        if timeout(SIGNAL_EVERY, child.wait()).await.is_ok() {
            return Ok(());
        }
    }
    tracing::warn!("the role did not end in time and was killed");
    child.kill().await.context("ending the role")
}

fn terminate(child: &Child) {
    pass_on(child, Signal::TERM);
}

fn pass_on(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself; then there is nothing left to do.
        let _ = kill_process(pid, signal);
    }
}

fn identity(binary: &Path) -> Option<Identity> {
    let file = std::fs::metadata(binary).ok()?;
    Some((file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

/// The signals that ask a role to go, and the one that does not.
struct Signals {
    terminate: Arrivals,
    interrupt: Arrivals,
    hang_up: Arrivals,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// What the role is told.
    async fn arrive(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.interrupt.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
        }
    }

    async fn ask_to_go_within(&mut self, limit: Duration) -> bool {
        timeout(limit, self.arrive()).await == Ok(Signal::TERM)
    }
}
