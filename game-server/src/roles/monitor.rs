//! The `monitor` role: measures what the node it runs on does to a loop of 60 Hz, before players feel it.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::mpsc;

use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{NodeReport, SUBJECT_NODES};
use crate::roles::monitor::readings::{cpu_pressure_percent, cpu_stat_paths, p99, throttled_periods};
use crate::telemetry;

mod readings;

/// The period of a room's tick: what a sleeper misses, a room would miss.
const SLEEP: Duration = Duration::from_micros(16_667);
/// Samples of one report: one second.
const SAMPLES: usize = 60;
/// Reports that wait for the bus; older than a few seconds nobody wants them.
const REPORTS_WAITING_MAX: usize = 4;

/// Reports about this node once a second until a drain is asked for.
pub async fn run(bus: Bus, node: String, ready: Readiness, shutdown: Shutdown) -> anyhow::Result<()> {
    let (sender, mut seconds) = mpsc::channel(REPORTS_WAITING_MAX);
    // A thread of its own: timers of the runtime are rounded to milliseconds and wait for other tasks.
    std::thread::Builder::new()
        .name("sleeper".to_owned())
        .spawn(move || measure_wakes(&sender))
        .context("starting the sleeper thread")?;
    let mut throttling = Throttling::default();
    ready.set(true);
    loop {
        let wake_late_p99_us = tokio::select! {
            () = shutdown.draining() => break,
            second = seconds.recv() => second.context("the sleeper thread is gone")?,
        };
        let report = NodeReport {
            node: node.clone(),
            wake_late_p99_us,
            cpu_pressure_percent: read("/proc/pressure/cpu").and_then(|text| cpu_pressure_percent(&text)),
            throttled_periods: throttling.since_last(),
        };
        show(&report);
        if let Err(error) = bus.publish(SUBJECT_NODES, &report).await {
            tracing::debug!(%error, "a node report was lost");
        }
    }
    ready.set(false);
    Ok(())
}

/// Sends the 99th percentile of every second until nobody listens.
fn measure_wakes(seconds: &mpsc::Sender<u32>) {
    loop {
        let mut late_us: Vec<u32> = (0..SAMPLES).map(|_| sleep_once()).collect();
        // A full queue drops the report: the next one is newer.
        if let Err(mpsc::error::TrySendError::Closed(_)) = seconds.try_send(p99(&mut late_us)) {
            return;
        }
    }
}

fn sleep_once() -> u32 {
    let asleep_at = Instant::now();
    std::thread::sleep(SLEEP);
    u32::try_from(asleep_at.elapsed().saturating_sub(SLEEP).as_micros()).unwrap_or(u32::MAX)
}

/// Remembers the kernel's counter, which only grows.
#[derive(Default)]
struct Throttling {
    before: Option<u64>,
}

impl Throttling {
    /// Periods throttled since the last call; nothing on the first, or where the kernel does not say.
    fn since_last(&mut self) -> Option<u64> {
        let paths = cpu_stat_paths(&read("/proc/self/cgroup")?);
        let total = paths.iter().find_map(|path| throttled_periods(&read(path)?))?;
        let before = self.before.replace(total)?;
        Some(total.saturating_sub(before))
    }
}

/// These files are made by the kernel on the spot: reading them never waits for a disk.
fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn show(report: &NodeReport) {
    metrics::gauge!(telemetry::NODE_WAKE_LATE).set(f64::from(report.wake_late_p99_us) / 1e6);
    if let Some(percent) = report.cpu_pressure_percent {
        metrics::gauge!(telemetry::NODE_CPU_PRESSURE).set(f64::from(percent) / 100.0);
    }
    if let Some(periods) = report.throttled_periods {
        metrics::counter!(telemetry::NODE_THROTTLED).increment(periods);
    }
}

#[cfg(test)]
mod tests;
