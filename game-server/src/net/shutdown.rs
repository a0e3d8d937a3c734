//! Signals: the first drains, the second ends, and a hang-up does neither.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How far a process is on its way out; it only ever moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Draining,
    Ending,
}

/// The wish that this process goes away, shared by everything in it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    stage: watch::Sender<Stage>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// Nobody has asked yet.
    pub fn new() -> Self {
        Self { stage: watch::Sender::new(Stage::Running) }
    }

    /// Listens for SIGTERM and SIGINT: the first drains, the second ends now. SIGHUP ends nothing: a terminal that was
    /// closed, or the wish that certificates are read again, for which whoever holds them listens too.
    ///
    /// An installed handler is also what makes signals reach a process that is PID 1.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    _ = hang_up.recv() => {
                        tracing::info!("SIGHUP: certificates are read again, where there are any; nothing ends");
                        continue;
                    }
                }
                if shutdown.is_draining() {
                    tracing::info!("second signal: ending now");
                    shutdown.end_now();
                } else {
                    tracing::info!("draining; a second signal ends at once");
                    shutdown.drain();
                }
            }
        });
        Ok(())
    }

    /// Asks to finish what is running and then to exit.
    pub fn drain(&self) {
        self.advance(Stage::Draining);
    }

    /// Asks to exit within seconds, whatever is running.
    pub fn end_now(&self) {
        self.advance(Stage::Ending);
    }

    /// Returns once a drain (or the end) was asked for.
    pub async fn draining(&self) {
        self.reached(Stage::Draining).await;
    }

    /// Returns once the end was asked for.
    pub async fn ending(&self) {
        self.reached(Stage::Ending).await;
    }

    /// Whether a drain (or the end) was asked for.
    pub fn is_draining(&self) -> bool {
        *self.stage.borrow() >= Stage::Draining
    }

    /// Whether the end was asked for.
    pub fn is_ending(&self) -> bool {
        *self.stage.borrow() >= Stage::Ending
    }

    fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let forward = *stage < to;
            *stage = (*stage).max(to);
            forward
        });
    }

    async fn reached(&self, stage: Stage) {
        // It can only fail when the sender is gone, and `self` holds one.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}

#[cfg(test)]
mod tests;
