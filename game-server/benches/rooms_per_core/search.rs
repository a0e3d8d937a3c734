//! The largest N that passes.

use anyhow::ensure;
use game_server::domain::PLAYERS_PER_ROOM_MAX;
use serde::Serialize;

use crate::arguments::{Options, Setup};
use crate::point::{Conditions, Point, Verdict};
use crate::table;

/// A void point is tried this many times before it counts as one that did not pass.
const TRIES: u32 = 3;
/// How much more is tried after a point that passed, while none has failed.
const STEP: f64 = 1.25;
/// The result is exact to this part of itself.
const RESOLUTION: f64 = 0.04;

/// All points of one search and what came of it.
#[derive(Debug, Serialize)]
pub struct Found {
    pub setup: String,
    /// How many times as heavy as shipped the rules were.
    pub rules: u16,
    /// The largest N that passed; 0 when none did.
    pub rooms: u32,
    pub points: Vec<Point>,
}

/// Searches, or measures one point, for each setup and weight of the rules.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let setups = if options.setup.is_empty() { &[Setup::All, Setup::Host][..] } else { &options.setup };
    let mut found = Vec::new();
    for rules in &options.rules {
        for setup in setups {
            let conditions = Conditions::new(options, *setup, *rules);
            let show = |point: &Point| if options.json { Ok(()) } else { table::row(point) };
            if !options.json {
                table::head(&conditions)?;
            }
            let (points, rooms) = match options.rooms {
                Some(rooms) => {
                    let point = conditions.measure(rooms)?;
                    show(&point)?;
                    let passed = if point.verdict == Verdict::Pass { rooms } else { 0 };
                    (vec![point], passed)
                }
                None => search(first_guess(*setup, *rules), |rooms| {
                    let point = conditions.measure(rooms)?;
                    show(&point)?;
                    Ok(point)
                })?,
            };
            found.push(Found { setup: format!("{setup:?}").to_lowercase(), rules: *rules, rooms, points });
        }
    }
    table::result(&found, options.json)
}

/// Near what is known, so that the search is short.
fn first_guess(setup: Setup, rules: u16) -> u32 {
    match (setup, rules) {
        (Setup::All, 1) => 150,
        (Setup::All, _) => 90,
        (Setup::Host, 1) => 400,
        (Setup::Host, _) => 150,
    }
}

/// Upwards until a point does not pass, then halving what is between.
fn search(
    first: u32,
    mut measure: impl FnMut(u32) -> anyhow::Result<Point>,
) -> anyhow::Result<(Vec<Point>, u32)> {
    let (mut points, mut passed, mut failed, mut next) = (Vec::new(), 0, None, first);
    loop {
        let mut passes = false;
        for _ in 0..TRIES {
            let point = measure(next)?;
            let is_void = matches!(point.verdict, Verdict::Void(_));
            passes = point.verdict == Verdict::Pass;
            points.push(point);
            if !is_void {
                break;
            }
        }
        if passes {
            passed = next;
        } else {
            failed = Some(next);
        }
        next = match failed {
            None => (f64::from(passed) * STEP).ceil() as u32,
            Some(failed) => passed + (failed - passed) / 2,
        };
        let step = next.abs_diff(passed);
        if step == 0 || f64::from(step) < f64::from(passed) * RESOLUTION / 2.0 {
            return Ok((points, passed));
        }
    }
}

/// Holds the machinery of the benchmark, by counts alone: a slow machine passes as well.
pub fn smoke() -> anyhow::Result<()> {
    search_finds_the_largest_that_passes()?;
    for setup in [Setup::All, Setup::Host] {
        let conditions =
            Conditions { setup, rules: 2, seconds: 4, warm_up_s: 1, server_core: 0, generator_core: 0 };
        let point = conditions.measure(1)?;
        ensure!(point.joined == PLAYERS_PER_ROOM_MAX as u32, "{setup:?}: players missing: {point:?}");
        ensure!(point.disconnects == 0, "{setup:?}: disconnects: {point:?}");
        ensure!(point.ticks > 0 && point.ticks_ratio > 0.0, "{setup:?}: no ticks: {point:?}");
        ensure!(point.states > 0 && point.states_ratio < 1.5, "{setup:?}: states: {point:?}");
        ensure!(point.inputs_ratio > 0.0 && point.bytes_per_second > 0.0, "{setup:?}: no traffic: {point:?}");
        ensure!(point.server_busy > 0.0 && point.floor_p99_ms > 0.0, "{setup:?}: no clock: {point:?}");
    }
    Ok(())
}

/// On a server that carries 137 rooms, where every first look is void.
fn search_finds_the_largest_that_passes() -> anyhow::Result<()> {
    let mut seen = Vec::new();
    let (points, found) = search(150, |rooms| {
        let verdict = match (seen.contains(&rooms), rooms <= 137) {
            (false, _) => Verdict::Void("first look".to_owned()),
            (true, true) => Verdict::Pass,
            (true, false) => Verdict::Fail("late ticks".to_owned()),
        };
        seen.push(rooms);
        Ok(Point { rooms, verdict, ..Point::default() })
    })?;
    ensure!((132..=137).contains(&found), "found {found} of 137 rooms");
    ensure!(points.len() == seen.len() && points.len() < 30, "{} points", points.len());
    let (_, none) =
        search(8, |rooms| Ok(Point { rooms, verdict: Verdict::Void(String::new()), ..Point::default() }))?;
    ensure!(none == 0, "{none} rooms of void points");
    Ok(())
}
