//! Figures of all players together, and the budgets they must keep.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::roles::bots::BotsOptions;
use crate::roles::bots::figures::Figures;

/// Reasons that a report lists; more would hide the first.
const ERRORS_MAX: usize = 8;
/// Input packets of one player a second.
pub const INPUTS_HZ: f64 = 30.0;

/// Limits from the command line; one that is not given is not checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budgets {
    pub max_disconnects: Option<u32>,
    pub max_join_p99_ms: Option<u32>,
    pub min_state_hz: Option<f64>,
    pub min_states_ratio: Option<f64>,
    pub max_unreadable: Option<u32>,
    pub max_bytes_per_second: Option<u32>,
    pub max_tick_gap_excess_p99_us: Option<u32>,
}

/// What a load run found; these are the fields of its JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub ok: bool,
    pub url: String,
    pub seconds: u32,
    pub players: u32,
    /// Players who got at least one state.
    pub joined: u32,
    /// Matches entered, all players together.
    pub matches: u32,
    /// From pressing play to the first state, lobby included.
    pub join_p50_ms: f64,
    pub join_p99_ms: f64,
    /// States per second: of the median player and of the worst-served one.
    pub state_hz: f64,
    pub state_hz_min: f64,
    /// WebSocket payload to one player: mean and the most.
    pub bytes_per_second: f64,
    pub bytes_per_second_max: f64,
    pub round_trip_p50_ms: f64,
    pub round_trip_p99_ms: f64,
    /// The server tells the 99th percentile of (tick gap − 16 667 µs) over the last second; this is the median of what it
    /// told, and `tick_gap_excess_worst_us` the worst second.
    pub tick_gap_excess_p99_us: u32,
    pub tick_gap_excess_worst_us: u32,
    /// Connections that ended before their time.
    pub disconnects: u32,
    /// States that came, and how many were due in the time that was played.
    pub states: u64,
    pub states_due: u64,
    /// What came of what was due; a count, so it says the same on a slow machine as long as the server keeps up.
    pub states_ratio: f64,
    /// Input packets that left, of those that were due: below 1 the bots themselves were too slow.
    pub inputs_ratio: f64,
    /// Messages, states included, that could not be read.
    pub unreadable: u64,
    pub hits: u64,
    pub kills: u64,
    /// World units walked, all players together.
    pub distance: f64,
    /// Why connections ended or could not be made, most frequent first.
    pub errors: Vec<String>,
    /// Budgets that were missed, in words; empty when `ok`.
    pub missed: Vec<String>,
}

impl Report {
    pub fn new(options: &BotsOptions, figures: &[Figures]) -> Report {
        let all = |values: fn(&Figures) -> &[f64]| sorted(figures.iter().flat_map(values).copied());
        let each = |value: fn(&Figures) -> Option<f64>| sorted(figures.iter().filter_map(value));
        let sum = |value: fn(&Figures) -> u64| figures.iter().map(value).sum::<u64>();
        let joins = all(|player| &player.join_ms);
        let round_trips = all(|player| &player.round_trip_ms);
        let rates = each(Figures::state_hz);
        let bytes = each(Figures::bytes_per_second);
        let gaps =
            sorted(figures.iter().flat_map(|player| &player.tick_gap_excess_us).map(|gap| f64::from(*gap)));
        let played_s = figures.iter().map(|player| player.played).sum::<Duration>().as_secs_f64();
        let states_due = played_s * f64::from(u8::from(options.state_rate));
        let inputs_due = played_s * INPUTS_HZ;
        let states = sum(|player| player.states);
        let mut report = Report {
            ok: true,
            url: options.url.clone(),
            seconds: options.seconds,
            players: options.players,
            joined: figures.iter().filter(|player| player.states > 0).count() as u32,
            matches: figures.iter().map(|player| player.matches).sum(),
            join_p50_ms: tenths(percentile(&joins, 50)),
            join_p99_ms: tenths(percentile(&joins, 99)),
            state_hz: tenths(percentile(&rates, 50)),
            state_hz_min: tenths(percentile(&rates, 0)),
            bytes_per_second: tenths(bytes.iter().sum::<f64>() / bytes.len().max(1) as f64),
            bytes_per_second_max: tenths(percentile(&bytes, 100)),
            round_trip_p50_ms: tenths(percentile(&round_trips, 50)),
            round_trip_p99_ms: tenths(percentile(&round_trips, 99)),
            tick_gap_excess_p99_us: percentile(&gaps, 50) as u32,
            tick_gap_excess_worst_us: percentile(&gaps, 100) as u32,
            disconnects: sum(|player| player.disconnects.len() as u64) as u32,
            states,
            states_due: states_due.round() as u64,
            states_ratio: thousandths(states as f64 / states_due.max(1.0)),
            inputs_ratio: thousandths(sum(|player| player.inputs_sent) as f64 / inputs_due.max(1.0)),
            unreadable: sum(|player| player.unreadable),
            hits: sum(|player| player.hits),
            kills: sum(|player| player.kills),
            distance: tenths(figures.iter().map(|player| player.distance).sum()),
            errors: errors(figures),
            missed: Vec::new(),
        };
        report.missed = report.missed_budgets(&options.budgets);
        report.ok = report.missed.is_empty();
        report
    }

    fn missed_budgets(&self, budgets: &Budgets) -> Vec<String> {
        let mut missed = Vec::new();
        if self.joined < self.players {
            missed.push(format!("only {} of {} players got into a match", self.joined, self.players));
        }
        let mut at_most = |name: &str, value: f64, limit: Option<u32>| {
            if let Some(limit) = limit.filter(|limit| value > f64::from(*limit)) {
                missed.push(format!("{name} is {value}, the budget is {limit}"));
            }
        };
        at_most("disconnects", self.disconnects.into(), budgets.max_disconnects);
        at_most("unreadable", self.unreadable as f64, budgets.max_unreadable);
        at_most("join_p99_ms", self.join_p99_ms, budgets.max_join_p99_ms);
        at_most("bytes_per_second", self.bytes_per_second, budgets.max_bytes_per_second);
        at_most(
            "tick_gap_excess_p99_us",
            self.tick_gap_excess_p99_us.into(),
            budgets.max_tick_gap_excess_p99_us,
        );
        let mut at_least = |name: &str, value: f64, limit: Option<f64>| {
            if let Some(limit) = limit.filter(|limit| value < *limit) {
                missed.push(format!("{name} is {value}, the budget is {limit}"));
            }
        };
        at_least("state_hz_min", self.state_hz_min, budgets.min_state_hz);
        at_least("states_ratio", self.states_ratio, budgets.min_states_ratio);
        missed
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} of {} players joined at {}, {} s",
            self.joined, self.players, self.url, self.seconds
        )?;
        writeln!(out, "  join         p50 {} ms, p99 {} ms", self.join_p50_ms, self.join_p99_ms)?;
        writeln!(
            out,
            "  states       {} Hz, worst player {} Hz; {} of {} due",
            self.state_hz, self.state_hz_min, self.states, self.states_due
        )?;
        writeln!(
            out,
            "  payload      {} B/s, most {} B/s",
            self.bytes_per_second, self.bytes_per_second_max
        )?;
        writeln!(out, "  round trip   p50 {} ms, p99 {} ms", self.round_trip_p50_ms, self.round_trip_p99_ms)?;
        writeln!(
            out,
            "  tick gap     p99 {} µs over 16.67 ms, {} µs in the worst second",
            self.tick_gap_excess_p99_us, self.tick_gap_excess_worst_us
        )?;
        writeln!(out, "  connections  {} lost, {} messages unreadable", self.disconnects, self.unreadable)?;
        write!(
            out,
            "  play         {} matches, {} hits, {} kills, {} units walked",
            self.matches, self.hits, self.kills, self.distance
        )?;
        for error in &self.errors {
            write!(out, "\n  seen         {error}")?;
        }
        for missed in &self.missed {
            write!(out, "\n  MISSED       {missed}")?;
        }
        Ok(())
    }
}

/// What went wrong with connections, with how often.
fn errors(figures: &[Figures]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for reason in figures.iter().flat_map(|player| player.disconnects.iter().chain(&player.join_failures)) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut most_first: Vec<(&str, u32)> = counts.into_iter().collect();
    most_first.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    most_first.iter().take(ERRORS_MAX).map(|(reason, count)| format!("{count} × {reason}")).collect()
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The nearest rank; 0 when there is nothing.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
