//! What each stage runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Outcome, StageName, mutants, supply};
use crate::binary;
use crate::context::Context;
use crate::processes::{self, job::Job};
use crate::report::github;
use crate::tidy;

const PACKAGES: [&str; 3] = ["xtask", "log-reader", "game-server"];
/// Names and ports that no developer uses by accident, so that `ci` runs beside a game that is up.
const LOCAL_PORT: &str = "18080";
const CLUSTER_PORT: &str = "18082";
const CLUSTER_NAME: &str = "game-server-it";
/// Takes minutes for builds of its own: `cargo test -p xtask --test it -- --ignored NAME`.
const BY_HAND: &str = "life::cluster::edits";
/// How lines of tests begin that tell times: shown, and decide nothing.
const FIGURES: [&str; 2] = ["nothing to do:", "delivery:"];
/// Counts and ratios, which hold on a slow machine too: nobody is lost, all is understood, nine of ten states that were
/// due arrive, and the payload is what ten fighting players cost. Times are printed and decide nothing.
const LOAD_BUDGETS: [&str; 8] = [
    "--max-disconnects",
    "0",
    "--max-unreadable",
    "0",
    "--min-states-ratio",
    "0.9",
    "--max-bytes-per-second",
    "1500",
];
/// A cold release build on two cores takes five minutes, all tests on a cluster twelve, on a slow machine twice that.
const LIFE_CYCLE_LIMIT: Duration = Duration::from_secs(35 * 60);
/// A cold build of all tests takes four minutes on two cores.
const CARGO_LIMIT: Duration = Duration::from_secs(25 * 60);

pub async fn run(context: &Context, name: StageName) -> Result<Outcome> {
    match name {
        StageName::Fmt => cargo(context, &["fmt", "--all", "--check"]).await,
        StageName::Clippy => each_package(context, clippy_args).await,
        StageName::Tidy => tidy(context),
        StageName::Deny => supply::run(context).await,
        StageName::Test => each_package(context, |package| vec!["test", "--package", package]).await,
        StageName::Processes => needs(context, name, missing_programs(&["nats-server"])).await,
        StageName::Postgres => needs(context, name, missing_initdb()).await,
        StageName::Browser => needs(context, name, missing_programs(&["chromium", "chromedriver"])).await,
        StageName::Mutants => mutants::run(context).await,
        StageName::Local => local(context).await,
        StageName::Cluster => cluster(context).await,
    }
}

fn clippy_args(package: &'static str) -> Vec<&'static str> {
    vec!["clippy", "--package", package, "--all-targets", "--", "--deny", "warnings"]
}

fn tidy(context: &Context) -> Result<Outcome> {
    let findings = tidy::check(&context.root)?;
    let lines: Vec<String> = findings.iter().map(|f| format!("{}:{}: {}", f.path, f.line, f.text)).collect();
    Ok(if lines.is_empty() { Outcome::Passed } else { Outcome::Failed(lines.join("\n")) })
}

async fn each_package(
    context: &Context,
    args: impl Fn(&'static str) -> Vec<&'static str>,
) -> Result<Outcome> {
    for package in PACKAGES {
        let outcome = cargo(context, &args(package)).await?;
        if outcome != Outcome::Passed {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Passed)
}

/// Without backtraces: what is shown of a failure is its end, and that is to be its message.
pub fn cargo_job(context: &Context, args: &[&str]) -> Job {
    Job::cargo(&context.root).args(args).env("RUST_BACKTRACE", "0")
}

pub async fn cargo(context: &Context, args: &[&str]) -> Result<Outcome> {
    let job = cargo_job(context, args).limit(CARGO_LIMIT);
    let finished = job.run(&context.report).await?;
    Ok(if finished.success() { Outcome::Passed } else { Outcome::Failed(finished.tail) })
}

/// The ignored tests of one module of `game-server/tests/it`, whose name is the stage's.
async fn needs(context: &Context, name: StageName, missing: Option<String>) -> Result<Outcome> {
    if let Some(missing) = missing {
        return Ok(Outcome::Skipped(missing));
    }
    let filter = format!("{}::", name.text());
    let args = ["test", "--package", "game-server", "--test", "it", "--", "--ignored", &filter];
    let job = cargo_job(context, &args).limit(CARGO_LIMIT);
    let finished = job.run(&context.report).await?;
    if finished.success() && finished.stdout.contains("ok. 0 passed") {
        return Ok(Outcome::Failed(format!("no test is named {filter}")));
    }
    Ok(if finished.success() { Outcome::Passed } else { Outcome::Failed(finished.tail) })
}

pub fn missing_programs(programs: &[&str]) -> Option<String> {
    let missing: Vec<&str> =
        programs.iter().copied().filter(|name| processes::find(name).is_none()).collect();
    (!missing.is_empty()).then(|| format!("{} not on PATH", missing.join(" and ")))
}

/// PostgreSQL's `initdb` lies beside its version, not on PATH.
fn missing_initdb() -> Option<String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.into_iter().any(|version| version.path().join("bin/initdb").exists());
    (!found && processes::find("initdb").is_none()).then(|| "PostgreSQL's initdb is not installed".to_owned())
}

/// The whole life as one process, in a state folder of its own; then every match of it once more, from its log.
async fn local(context: &Context) -> Result<Outcome> {
    let scratch = Scratch::new("local")?;
    let common = ["--target", "local", "--port", LOCAL_PORT];
    let load = [&["load", "--players", "100", "--seconds", "15"], &LOAD_BUDGETS[..]].concat();
    let steps: [&[&str]; 5] = [&["up"], &["up"], &["verify"], &load, &["diagnose"]];
    let mut outcome = life_cycle(context, &scratch, &common, &steps).await?;
    if outcome == Outcome::Passed {
        outcome = replay(context, &scratch).await?;
    }
    if outcome == Outcome::Passed { own_tests(context, "local::").await } else { Ok(outcome) }
}

/// Logs that `down` cut off are fine as far as they go.
async fn replay(context: &Context, scratch: &Scratch) -> Result<Outcome> {
    let logs = scratch.0.join("game-server/local/data/replays");
    let job = Job::new(binary::path(context), &context.root).args(["replay", "--partial"]).args([logs]);
    let finished = job.limit(LIFE_CYCLE_LIMIT).run(&context.report).await?;
    Ok(if finished.success() { Outcome::Passed } else { Outcome::Failed(finished.tail) })
}

/// The ignored tests of `xtask/tests/it` below a module of this name, one at a time.
async fn own_tests(context: &Context, filter: &str) -> Result<Outcome> {
    let args =
        ["test", "--package", "xtask", "--test", "it", "--", "--ignored", "--test-threads", "1", filter];
    let job = cargo_job(context, &args).limit(LIFE_CYCLE_LIMIT);
    let finished = job.run(&context.report).await?;
    if finished.success() && finished.stdout.contains("ok. 0 passed") {
        return Ok(Outcome::Failed(format!("no test is named {filter}")));
    }
    Ok(if finished.success() { Outcome::Passed } else { Outcome::Failed(finished.tail) })
}

/// The same on a cluster, where an engine answers and k3d is there.
async fn cluster(context: &Context) -> Result<Outcome> {
    if let Some(missing) = missing_programs(&["docker", "k3d"]) {
        return Ok(Outcome::Skipped(missing));
    }
    let engine = Job::new("docker", &context.root).args(["version", "--format", "{{.Server.Version}}"]);
    let engine = engine.changes_nothing();
    let answer = engine.limit(Duration::from_secs(10)).run(&context.report).await?;
    if !answer.success() {
        return Ok(Outcome::Skipped(format!("Docker does not answer: {}", answer.tail)));
    }
    let scratch = Scratch::new("cluster")?;
    let common = ["--target", "k3d", "--cluster", CLUSTER_NAME, "--port", CLUSTER_PORT];
    let steps: [&[&str]; 5] = [&["up"], &["status"], &["verify"], &["deploy"], &["diagnose"]];
    let mut outcome = steps_in_turn(context, &scratch, &common, &steps).await?;
    if outcome == Outcome::Passed {
        outcome = cluster_tests(context, &scratch).await?;
    }
    down(context, &scratch, &common, outcome).await
}

/// The ignored tests of the module `cluster` of `xtask/tests/it`, one after the other on the cluster of this stage.
async fn cluster_tests(context: &Context, scratch: &Scratch) -> Result<Outcome> {
    let args = ["test", "--package", "xtask", "--test", "it", "--", "--ignored", "--nocapture", "cluster::"];
    let job = cargo_job(context, &args).args(["--test-threads", "1"]);
    let job = job.args(["--skip", BY_HAND]);
    context.report.note("cluster", &format!("left out, since it builds for minutes: {BY_HAND}"));
    let job = job.env("GAME_SERVER_TEST_CLUSTER", CLUSTER_NAME).env("XDG_STATE_HOME", scratch.0.clone());
    let finished = job.limit(LIFE_CYCLE_LIMIT).run(&context.report).await?;
    for line in finished.stdout.lines().filter(|line| FIGURES.iter().any(|figure| line.starts_with(figure))) {
        context.report.note("cluster", line);
    }
    match finished.success() {
        true if finished.stdout.contains("ok. 0 passed") => {
            Ok(Outcome::Failed("no test of xtask is named cluster::".to_owned()))
        }
        true => Ok(Outcome::Passed),
        false => Ok(Outcome::Failed(finished.tail)),
    }
}

/// Runs the steps until one fails, then `down` in any case.
async fn life_cycle(
    context: &Context,
    scratch: &Scratch,
    common: &[&str],
    steps: &[&[&str]],
) -> Result<Outcome> {
    let outcome = steps_in_turn(context, scratch, common, steps).await?;
    down(context, scratch, common, outcome).await
}

async fn steps_in_turn(
    context: &Context,
    scratch: &Scratch,
    common: &[&str],
    steps: &[&[&str]],
) -> Result<Outcome> {
    for step in steps {
        let outcome = ourselves(context, scratch, step, common).await?;
        if outcome != Outcome::Passed {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Passed)
}

/// A failing `down` fails a stage that was well until then.
async fn down(context: &Context, scratch: &Scratch, common: &[&str], before: Outcome) -> Result<Outcome> {
    let down = ourselves(context, scratch, &["down", "--yes"], common).await?;
    Ok(if before == Outcome::Passed { down } else { before })
}

async fn ourselves(context: &Context, scratch: &Scratch, step: &[&str], common: &[&str]) -> Result<Outcome> {
    // As a user types it: the tests may have put a new build in the place of the one that runs now.
    let job = Job::cargo(&context.root).args(["run", "--quiet", "--package", "xtask", "--"]);
    let job = job.args(step).args(common);
    // What it says is quoted where it fails: it is not a run of its own to the runner.
    let job = github::VARIABLES.into_iter().fold(job, Job::env_remove);
    let job = job.env("XDG_STATE_HOME", scratch.0.clone()).limit(LIFE_CYCLE_LIMIT);
    let finished = job.run(&context.report).await?;
    if finished.success() {
        return Ok(Outcome::Passed);
    }
    let text = format!("{} ended with {}.\n{}", step.join(" "), finished.ending(), finished.tail);
    Ok(Outcome::Failed(text))
}

/// A state folder for one stage, removed afterwards.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(stage: &str) -> Result<Self> {
        let name = format!("game-server-ci-{stage}-{}", std::process::id());
        let folder = Path::new(&std::env::temp_dir()).join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder of temporary files that stays is not worth failing over.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
