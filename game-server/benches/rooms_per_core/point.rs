//! N rooms, measured once.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use game_server::domain::PLAYERS_PER_ROOM_MAX;
use game_server::telemetry;
use serde::Serialize;

use crate::arguments::{Options, Setup};
use crate::machine;
use crate::metrics::Metrics;
use crate::parts::{Process, Seen, Word};

/// What a point must keep, by the definition of the benchmark.
const GAP_EXCESS_MAX: Duration = Duration::from_millis(4);
const LATE_RATIO_MAX: f64 = 0.01;
const TICKS_RATIO_MIN: f64 = 0.999;
const STATES_RATIO_MIN: f64 = 0.99;
/// What makes it void.
const FLOOR_MAX: Duration = Duration::from_millis(2);
const OTHERS_MAX: f64 = 0.05;
const GENERATOR_MAX: f64 = 0.85;
const INPUTS_RATIO_MIN: f64 = 0.99;

/// What is the same for all points of a search.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    pub setup: Setup,
    pub rules: u16,
    pub seconds: u32,
    pub warm_up_s: u32,
    pub server_core: usize,
    pub generator_core: usize,
}

/// How a point went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    #[default]
    Pass,
    /// Why not.
    Fail(String),
    /// Says nothing about the server, for this reason.
    Void(String),
}

/// Everything that was seen at a point.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Point {
    pub rooms: u32,
    pub verdict: Verdict,
    /// Tick gap beyond 16.67 ms: 99th percentile, and the part above 4 ms.
    pub gap_p99_ms: f64,
    pub late_ratio: f64,
    pub ticks: u64,
    pub ticks_ratio: f64,
    pub states: u64,
    pub states_ratio: f64,
    pub inputs_ratio: f64,
    pub joined: u32,
    pub disconnects: u32,
    /// Inputs that came after their tick, a second.
    pub late_inputs_per_second: f64,
    pub bytes_per_second: f64,
    /// Processor time of either process, and of everybody else on the server's core, as a part of a core.
    pub server_busy: f64,
    pub generator_busy: f64,
    pub others_busy: f64,
    /// What one tick of one room took on the simulation thread, encoding included, in µs.
    pub room_cost_p50_us: f64,
    /// How late a thread that only sleeps woke on the server's core, 99th percentile.
    pub floor_p99_ms: f64,
}

impl Conditions {
    pub fn new(options: &Options, setup: Setup, rules: u16) -> Conditions {
        Conditions {
            setup,
            rules,
            seconds: options.seconds,
            warm_up_s: options.warm_up,
            server_core: options.server_core,
            generator_core: options.generator_core,
        }
    }

    /// Starts server and generator, lets them run, and looks twice.
    pub fn measure(&self, rooms: u32) -> anyhow::Result<Point> {
        let setup = match self.setup {
            Setup::All => "all",
            Setup::Host => "host",
        };
        let text = |number: u32| number.to_string();
        let (rooms_text, rules) = (text(rooms), self.rules.to_string());
        let mut server =
            Process::start(&["serve", setup, &self.server_core.to_string(), &rooms_text, &rules])?;
        let (address, admin) = match server.hear().context("waiting for the server")? {
            Word::Ready { address, admin } => (address, admin),
            Word::Refused { reason } => return Ok(Point::refused(rooms, reason)),
            other => bail!("the server did not say where it is: {other:?}"),
        };
        let (core, warm_up, seconds) =
            (self.generator_core.to_string(), text(self.warm_up_s), text(self.seconds));
        let mut generator =
            Process::start(&["play", setup, &core, &address, &rooms_text, &warm_up, &seconds])?;
        let Word::Measuring = generator.hear().context("waiting for the generator")? else {
            bail!("the generator did not say when it starts");
        };
        let before = Look::take(self, &admin, &server, &generator)?;
        let floor = machine::doze(self.server_core, Duration::from_secs(self.seconds.into()))?;
        let after = Look::take(self, &admin, &server, &generator)?;
        let Word::Seen(seen) = generator.hear().context("waiting for what the generator saw")? else {
            bail!("the generator did not say what it saw");
        };
        Point::new(rooms, &before, &after, seen, floor)
    }
}

/// Counters at one moment.
struct Look {
    at: Instant,
    metrics: Metrics,
    server_s: f64,
    generator_s: f64,
    core_s: f64,
}

impl Look {
    fn take(of: &Conditions, admin: &str, server: &Process, generator: &Process) -> anyhow::Result<Look> {
        Ok(Look {
            metrics: Metrics::read(admin)?,
            server_s: machine::process_s(server.id())?,
            generator_s: machine::process_s(generator.id())?,
            core_s: machine::core_s(of.server_core)?,
            at: Instant::now(),
        })
    }
}

impl Point {
    /// The server did not take that many rooms.
    fn refused(rooms: u32, reason: String) -> Point {
        Point { rooms, verdict: Verdict::Fail(reason), ..Point::default() }
    }

    fn new(rooms: u32, before: &Look, after: &Look, seen: Seen, floor: Duration) -> anyhow::Result<Point> {
        let seconds = (after.at - before.at).as_secs_f64();
        let grew = |name| after.metrics.grew(&before.metrics, name);
        let (ticks, dropped) = (grew(telemetry::TICKS), grew(telemetry::TICKS_DROPPED));
        let gaps = after.metrics.gaps(&before.metrics, GAP_EXCESS_MAX)?;
        let server_s = after.server_s - before.server_s;
        let cost = format!("{}{{quantile=\"0.5\"}}", telemetry::ROOM_COST);
        let mut point = Point {
            rooms,
            verdict: Verdict::Pass,
            gap_p99_ms: gaps.p99_ms,
            late_ratio: gaps.late_ratio,
            ticks: ticks as u64,
            ticks_ratio: ticks / (ticks + dropped).max(1.0),
            states: seen.states,
            states_ratio: seen.states as f64 / seen.states_due.max(1) as f64,
            inputs_ratio: seen.inputs_ratio,
            joined: seen.joined,
            disconnects: seen.disconnects,
            late_inputs_per_second: grew(telemetry::INPUTS_LATE) / seconds,
            bytes_per_second: seen.bytes_per_second,
            server_busy: server_s / seconds,
            generator_busy: (after.generator_s - before.generator_s) / seconds,
            others_busy: (after.core_s - before.core_s - server_s).max(0.0) / seconds,
            room_cost_p50_us: after.metrics.get(&cost) * 1e6,
            floor_p99_ms: floor.as_secs_f64() * 1e3,
        };
        point.verdict = point.judge();
        Ok(point)
    }

    fn judge(&self) -> Verdict {
        // Heartbeats export them twice a second, so a whole window passed without one.
        if self.ticks == 0 {
            return Verdict::Void("no tick was exported".to_owned());
        }
        // A core that the server alone keeps busy delays the sleeper as well, which says nothing about the machine.
        if self.floor_p99_ms > FLOOR_MAX.as_secs_f64() * 1e3 && self.others_busy > OTHERS_MAX {
            return Verdict::Void("the machine is late by itself".to_owned());
        }
        if self.generator_busy > GENERATOR_MAX || self.inputs_ratio < INPUTS_RATIO_MIN {
            return Verdict::Void("the generator is at its limit".to_owned());
        }
        let players = self.rooms * PLAYERS_PER_ROOM_MAX as u32;
        let kept = [
            (self.disconnects == 0, "disconnects"),
            (self.joined == players, "players missing"),
            (self.ticks_ratio >= TICKS_RATIO_MIN, "ticks dropped"),
            (self.late_ratio < LATE_RATIO_MAX, "late ticks"),
            (self.states_ratio >= STATES_RATIO_MIN, "states missing"),
        ];
        let missed: Vec<&str> = kept.iter().filter(|(kept, _)| !kept).map(|(_, what)| *what).collect();
        if missed.is_empty() { Verdict::Pass } else { Verdict::Fail(missed.join(", ")) }
    }
}
