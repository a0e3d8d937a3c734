//! What each stage runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Outcome, StageName};
use crate::context::Context;
use crate::processes::{self, job::Job};
use crate::tidy;

const PACKAGES: [&str; 2] = ["xtask", "game-server"];
/// Names and ports that no developer uses by accident, so that `ci` runs beside a game that is up.
const LOCAL_PORT: &str = "18080";
const CLUSTER_PORT: &str = "18081";
const CLUSTER_NAME: &str = "game-server-ci";
/// The cluster of `xtask/tests/it/cluster.rs`.
const TESTS_CLUSTER_NAME: &str = "game-server-it";
/// How lines of tests begin that tell times: shown, and decide nothing.
const FIGURES: [&str; 2] = ["nothing to do:", "delivery:"];
/// Counts and ratios, which hold on a slow machine too: nobody is lost, nine of ten states arrive (20 a second are
/// sent), and the payload is what ten fighting players cost. Times are printed and decide nothing.
const LOAD_BUDGETS: [&str; 6] =
    ["--max-disconnects", "0", "--min-state-hz", "18", "--max-bytes-per-second", "1500"];
/// A cold release build on two cores takes five minutes, a cluster two.
const LIFE_CYCLE_LIMIT: Duration = Duration::from_secs(20 * 60);
/// A cold build of all tests takes four minutes on two cores.
const CARGO_LIMIT: Duration = Duration::from_secs(25 * 60);

pub async fn run(context: &Context, name: StageName) -> Result<Outcome> {
    match name {
        StageName::Fmt => cargo(context, &["fmt", "--all", "--check"]).await,
        StageName::Clippy => each_package(context, clippy_args).await,
        StageName::Tidy => tidy(context),
        StageName::Test => each_package(context, |package| vec!["test", "--package", package]).await,
        StageName::Processes => needs(context, name, missing_programs(&["nats-server"])).await,
        StageName::Postgres => needs(context, name, missing_initdb()).await,
        StageName::Browser => needs(context, name, missing_programs(&["chromium", "chromedriver"])).await,
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

async fn cargo(context: &Context, args: &[&str]) -> Result<Outcome> {
    let job = Job::cargo(&context.root).args(args).limit(CARGO_LIMIT);
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
    let job = Job::cargo(&context.root).args(args).limit(CARGO_LIMIT);
    let finished = job.run(&context.report).await?;
    if finished.success() && finished.stdout.contains("ok. 0 passed") {
        return Ok(Outcome::Failed(format!("no test is named {filter}")));
    }
    Ok(if finished.success() { Outcome::Passed } else { Outcome::Failed(finished.tail) })
}

fn missing_programs(programs: &[&str]) -> Option<String> {
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

/// The whole life as one process, in a state folder of its own.
async fn local(context: &Context) -> Result<Outcome> {
    let scratch = Scratch::new("local")?;
    let common = ["--target", "local", "--port", LOCAL_PORT];
    let load = [&["load", "--players", "100", "--seconds", "15"], &LOAD_BUDGETS[..]].concat();
    let steps: [&[&str]; 4] = [&["up"], &["up"], &["verify"], &load];
    life_cycle(context, &scratch, &common, &steps).await
}

/// The same on a cluster, where an engine answers and k3d is there.
async fn cluster(context: &Context) -> Result<Outcome> {
    if let Some(missing) = missing_programs(&["docker", "k3d"]) {
        return Ok(Outcome::Skipped(missing));
    }
    let engine = Job::new("docker", &context.root).args(["version", "--format", "{{.Server.Version}}"]);
    let answer = engine.limit(Duration::from_secs(10)).run(&context.report).await?;
    if !answer.success() {
        return Ok(Outcome::Skipped(format!("Docker does not answer: {}", answer.tail)));
    }
    let scratch = Scratch::new("cluster")?;
    let common = ["--target", "k3d", "--cluster", CLUSTER_NAME, "--port", CLUSTER_PORT];
    let steps: [&[&str]; 4] = [&["up"], &["status"], &["verify"], &["deploy"]];
    let outcome = life_cycle(context, &scratch, &common, &steps).await?;
    if outcome != Outcome::Passed {
        return Ok(outcome);
    }
    cluster_tests(context, &scratch).await
}

/// The ignored tests of the module `cluster` of `xtask/tests/it`, which share a cluster of their own.
async fn cluster_tests(context: &Context, scratch: &Scratch) -> Result<Outcome> {
    let args = ["test", "--package", "xtask", "--test", "it", "--", "--ignored", "--nocapture", "cluster::"];
    let job = Job::cargo(&context.root).args(args).args(["--test-threads", "1"]);
    let job = job.env("XTASK_IT_STATE", scratch.0.clone()).limit(LIFE_CYCLE_LIMIT);
    let finished = job.run(&context.report).await?;
    for line in finished.stdout.lines().filter(|line| FIGURES.iter().any(|figure| line.starts_with(figure))) {
        context.report.note("cluster", line);
    }
    let common = ["--target", "k3d", "--cluster", TESTS_CLUSTER_NAME];
    let down = ourselves(context, scratch, &["down", "--yes"], &common).await?;
    match finished.success() {
        true if finished.stdout.contains("ok. 0 passed") => {
            Ok(Outcome::Failed("no test is named cluster::".to_owned()))
        }
        true => Ok(down),
        false => Ok(Outcome::Failed(finished.tail)),
    }
}

/// Runs the steps until one fails, then `down` in any case; a failing `down` fails the stage.
async fn life_cycle(
    context: &Context,
    scratch: &Scratch,
    common: &[&str],
    steps: &[&[&str]],
) -> Result<Outcome> {
    let mut outcome = Outcome::Passed;
    for step in steps {
        outcome = ourselves(context, scratch, step, common).await?;
        if outcome != Outcome::Passed {
            break;
        }
    }
    let down = ourselves(context, scratch, &["down", "--yes"], common).await?;
    Ok(if outcome == Outcome::Passed { down } else { outcome })
}

async fn ourselves(context: &Context, scratch: &Scratch, step: &[&str], common: &[&str]) -> Result<Outcome> {
    // As a user types it: the tests may have put a new build in the place of the one that runs now.
    let job = Job::cargo(&context.root).args(["run", "--quiet", "--package", "xtask", "--"]);
    let job = job.args(step).args(common);
    let job = job.env("XDG_STATE_HOME", scratch.0.clone()).limit(LIFE_CYCLE_LIMIT);
    let finished = job.run(&context.report).await?;
    if finished.success() {
        return Ok(Outcome::Passed);
    }
    let text = format!("{} ended with {}.\n{}", step.join(" "), finished.ending(), finished.tail);
    Ok(Outcome::Failed(text))
}

/// A state folder for one stage, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(stage: &str) -> Result<Self> {
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
