//! Cores, processor time, descriptors: Linux as it is seen from a benchmark.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

/// `USER_HZ` of every Linux: the unit of processor time in /proc.
const CLOCK_TICKS_PER_SECOND: f64 = 100.0;
/// One sleep of the thread that only sleeps.
const NAP: Duration = Duration::from_micros(16_667);

/// Keeps the calling thread, and the threads and processes it starts from here on, on one core.
pub fn pin(core: usize) -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).with_context(|| format!("this process may not run on core {core}"))
}

/// Allows as many open files as the hard limit does; ten players of a room are ten sockets.
pub fn raise_descriptors(needed: u64) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .context("raising the limit of open files")?;
    let most = limit.maximum.unwrap_or(u64::MAX);
    ensure!(
        most >= needed,
        "needs {needed} open files and may have {most}: raise the hard limit (ulimit -Hn)"
    );
    Ok(())
}

/// Processor time of a process with all its threads, in seconds.
pub fn process_s(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("reading processor time")?;
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it (proc(5)).
    let after_name = stat.rsplit_once(')').context("/proc/PID/stat has no name")?.1;
    let mut fields = after_name.split_whitespace().skip(11).map(str::parse::<f64>);
    let mut next =
        || fields.next().context("/proc/PID/stat is short")?.context("/proc/PID/stat has no number");
    Ok((next()? + next()?) / CLOCK_TICKS_PER_SECOND)
}

/// Time that a core was not idle, whoever used it, in seconds.
pub fn core_s(core: usize) -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/stat").context("reading processor time")?;
    let line = stat.lines().find_map(|line| line.strip_prefix(&format!("cpu{core} ")));
    let fields = line.with_context(|| format!("there is no core {core}"))?.split_whitespace();
    let ticks: Vec<f64> = fields.map_while(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest time is part of user time.
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|field| ticks.get(*field)).sum::<f64>();
    Ok(busy / CLOCK_TICKS_PER_SECOND)
}

/// How late a thread that does nothing else woke on a core, 99th percentile: what the machine itself does to 60 Hz.
pub fn doze(core: usize, duration: Duration) -> anyhow::Result<Duration> {
    pin(core)?;
    let (start, mut late) = (Instant::now(), Vec::new());
    let mut due = start + NAP;
    while due < start + duration {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        late.push(due.elapsed());
        due += NAP;
    }
    late.sort_unstable();
    let rank = (late.len() * 99).div_ceil(100).max(1);
    late.get(rank - 1).copied().context("too short to sleep in")
}
