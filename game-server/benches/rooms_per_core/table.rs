//! What is printed: a line per point while it is found, then the result.

use std::io::Write;

use serde_json::json;

use crate::arguments::Setup;
use crate::point::{Conditions, Point, Verdict};
use crate::search::Found;

/// Says what the points that follow are about.
pub fn head(conditions: &Conditions) -> anyhow::Result<()> {
    let what = match conditions.setup {
        Setup::All => "gateway and room host in one process, WebSocket players",
        Setup::Host => "room host alone, links of two gateways",
    };
    let rules = match conditions.rules {
        1 => "the rules as shipped".to_owned(),
        times => format!("rules {times} times as heavy"),
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\n{what}; {rules}; server on core {}, {} s a point",
        conditions.server_core, conditions.seconds
    )?;
    writeln!(
        out,
        "{:>5} {:>9} {:>7} {:>8} {:>8} {:>7} {:>6} {:>6} {:>6} {:>8} {:>6}  verdict",
        "rooms",
        "gap p99",
        "> 4 ms",
        "ticks",
        "states",
        "late/s",
        "server",
        "gener.",
        "others",
        "floor",
        "tick",
    )?;
    Ok(out.flush()?)
}

/// One point.
pub fn row(point: &Point) -> anyhow::Result<()> {
    let verdict = match &point.verdict {
        Verdict::Pass => "pass".to_owned(),
        Verdict::Fail(why) => format!("FAIL: {why}"),
        Verdict::Void(why) => format!("void: {why}"),
    };
    let percent = |part: f64| format!("{:.0} %", part * 100.0);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:>5} {:>6.2} ms {:>5.2} % {:>6.2} % {:>6.2} % {:>7.0} {:>6} {:>6} {:>6} {:>5.2} ms {:>3.0} µs  {verdict}",
        point.rooms,
        point.gap_p99_ms,
        point.late_ratio * 100.0,
        point.ticks_ratio * 100.0,
        point.states_ratio * 100.0,
        point.late_inputs_per_second,
        percent(point.server_busy),
        percent(point.generator_busy),
        percent(point.others_busy),
        point.floor_p99_ms,
        point.room_cost_p50_us,
    )?;
    Ok(out.flush()?)
}

/// What was found, for people or as one JSON object.
pub fn result(found: &[Found], as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        writeln!(out, "{}", json!({ "results": found }))?;
        return Ok(());
    }
    writeln!(out, "\nrooms per core")?;
    for one in found {
        writeln!(out, "  {:<5} rules × {:<3} {:>5} rooms", one.setup, one.rules, one.rooms)?;
    }
    Ok(())
}

/// Why there is no result.
pub fn complain(error: &anyhow::Error) {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "rooms_per_core: {error:#}");
}
