//! What the server's own metrics say about a stretch of time: two looks at its admin port, subtracted.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, ensure};
use game_server::telemetry;

/// The server is busy, but not for this long.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Every series by its name and labels.
pub struct Metrics(BTreeMap<String, f64>);

/// Tick gaps beyond 16.667 ms.
#[derive(Debug, Clone, Copy)]
pub struct Gaps {
    /// Interpolated within its bucket.
    pub p99_ms: f64,
    /// Part of the gaps that exceeded a tick by more than the limit.
    pub late_ratio: f64,
}

impl Metrics {
    /// Asks the admin port at `host:port`.
    pub fn read(admin: &str) -> anyhow::Result<Metrics> {
        let mut stream = TcpStream::connect(admin).context("connecting to the server's admin port")?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.write_all(format!("GET /metrics HTTP/1.0\r\nhost: {admin}\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("reading the server's metrics")?;
        let (head, body) = answer.split_once("\r\n\r\n").context("the admin port speaks no HTTP")?;
        ensure!(head.contains(" 200 "), "the admin port answered {head}");
        let series = body.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(Metrics(series.collect()))
    }

    /// The value of a series; 0 when there is none yet.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// How much a counter grew since `before`.
    pub fn grew(&self, before: &Metrics, name: &str) -> f64 {
        self.get(name) - before.get(name)
    }

    /// The tick gaps since `before`, all late where none was exported; the limit has to be the bound of a bucket.
    pub fn gaps(&self, before: &Metrics, limit: Duration) -> anyhow::Result<Gaps> {
        let prefix = format!("{}_bucket{{le=\"", telemetry::TICK_GAP_EXCESS);
        let bucket = |name: &String| {
            let bound = name.strip_prefix(&prefix)?.strip_suffix("\"}")?;
            Some((bound.parse::<f64>().unwrap_or(f64::INFINITY), self.grew(before, name)))
        };
        let mut buckets: Vec<(f64, f64)> = self.0.keys().filter_map(bucket).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = buckets.last().map_or(0.0, |(_, count)| *count);
        if all == 0.0 {
            return Ok(Gaps { p99_ms: 0.0, late_ratio: 1.0 });
        }
        let limit_s = limit.as_secs_f64();
        let in_time = buckets.iter().find(|(bound, _)| (bound - limit_s).abs() < 1e-9);
        let (_, in_time) = in_time.with_context(|| format!("no bucket of tick gaps ends at {limit:?}"))?;
        Ok(Gaps { p99_ms: percentile_s(&buckets, all * 0.99) * 1e3, late_ratio: 1.0 - in_time / all })
    }
}

/// Where the count reaches `wanted`, taking what is in a bucket as spread evenly; the last bound when beyond it.
fn percentile_s(buckets: &[(f64, f64)], wanted: f64) -> f64 {
    let (mut below, mut before) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= wanted && bound.is_finite() {
            return below + (bound - below) * (wanted - before) / (count - before).max(1.0);
        }
        if bound.is_finite() {
            (below, before) = (*bound, *count);
        }
    }
    below
}
