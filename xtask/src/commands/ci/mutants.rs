//! The stage `mutants`: lines that a change touches are broken one at a time, and the unit tests must notice.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Outcome;
use super::stages::{Scratch, cargo_job, missing_programs};
use crate::context::Context;
use crate::processes::job::Job;

/// What is compared with where `$CI_BASE` does not say.
const BASE: &str = "HEAD~1";
/// Unit tests take a second or two; a change that makes them hang is noticed by that.
const TEST_LIMIT_S: &str = "30";
/// A mutant takes about ten seconds to build and to test on two cores; the first build is not counted.
const TIME_MAX: Duration = Duration::from_secs(5 * 60);
const SECONDS_EACH: usize = 10;
const MUTANTS_MAX: usize = TIME_MAX.as_secs() as usize / SECONDS_EACH;
/// A slow machine gets as long again, and the build before the first mutant; what was not tried by then is said.
const LIMIT: Duration = Duration::from_secs(3 * TIME_MAX.as_secs());
/// Exit codes of cargo-mutants: some mutants lived; some made the tests hang, which is noticed as well.
const EXIT_MISSED: i32 = 2;
const EXIT_TIMEOUTS: i32 = 3;

pub async fn run(context: &Context) -> Result<Outcome> {
    if let Some(missing) = missing_programs(&["git", "cargo-mutants"]) {
        return Ok(Outcome::Skipped(missing));
    }
    let base = std::env::var("CI_BASE").unwrap_or_else(|_| BASE.to_owned());
    let scratch = Scratch::new("mutants")?;
    let diff =
        Job::new("git", &context.root).args(["diff", &base, "--", "game-server/src"]).changes_nothing();
    let diff = diff.run(&context.report).await?;
    if !diff.success() {
        return Ok(Outcome::Skipped(format!("git knows no {base} to compare with")));
    }
    let file = scratch.0.join("change.diff");
    std::fs::write(&file, &diff.stdout).with_context(|| format!("writing {}", file.display()))?;
    let count = count(context, &file).await?;
    if count == 0 {
        context.report.note("mutants", &format!("nothing of game-server/src changed since {base}"));
        return Ok(Outcome::Passed);
    }
    let shards = count.div_ceil(MUTANTS_MAX);
    if shards > 1 {
        let said = format!("{count} are possible since {base}; one in {shards} is tried");
        context.report.note("mutants", &said);
    }
    try_them(context, &scratch.0, &file, shards).await
}

fn mutants(context: &Context, diff: &Path) -> Job {
    cargo_job(context, &["mutants", "--package", "game-server"]).args(["--in-diff"]).args([diff])
}

async fn count(context: &Context, diff: &Path) -> Result<usize> {
    let listed = mutants(context, diff).args(["--list"]).changes_nothing().run(&context.report).await?;
    Ok(listed.stdout.lines().filter(|line| line.contains(".rs:")).count())
}

async fn try_them(context: &Context, scratch: &Path, diff: &Path, shards: usize) -> Result<Outcome> {
    let job = mutants(context, diff).args(["--shard", &format!("0/{shards}"), "--sharding", "round-robin"]);
    let job = job.args(["--timeout", TEST_LIMIT_S, "--output"]).args([scratch]).args(["--", "--lib"]);
    let finished = job.limit(LIMIT).run(&context.report).await?;
    let read =
        |name: &str| std::fs::read_to_string(scratch.join("mutants.out").join(name)).unwrap_or_default();
    let (missed, caught) = (read("missed.txt"), read("caught.txt").lines().count());
    context.report.note("mutants", &format!("{caught} noticed, {} not", missed.lines().count()));
    match finished.code {
        _ if !missed.is_empty() => Ok(Outcome::Failed(format!("no unit test notices:\n{missed}"))),
        Some(0 | EXIT_TIMEOUTS) => Ok(Outcome::Passed),
        Some(EXIT_MISSED) => Ok(Outcome::Failed(finished.tail)),
        _ if finished.timed_out && caught > 0 => {
            context.report.note("mutants", "the rest was not tried: the time was up");
            Ok(Outcome::Passed)
        }
        _ => Ok(Outcome::Failed(finished.tail)),
    }
}
