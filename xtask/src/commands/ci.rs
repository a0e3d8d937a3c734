//! `cargo xtask ci`: everything that must hold before a change lands, the same here and on a runner.

/// The stage `mutants`: broken lines that tests must notice.
mod mutants;
/// What each stage runs.
mod stages;
/// The closing list, for people and for hosted runners.
mod summary;
/// The stage `deny`: licences, sources, advisories.
mod supply;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::context::Context;
use crate::report::event::StepState;
use crate::report::{Exit, Failure};

/// Everything that must hold before a change lands; run it before you push
///
/// Stages: fmt, clippy, tidy (these need nothing but Rust); deny (cargo-deny: licences, sources, banned crates, and
/// advisories where their database can be reached); test; mutants (cargo-mutants: lines that changed since $CI_BASE,
/// else HEAD~1, are broken one at a time, and a unit test must notice); processes (nats-server), postgres (initdb),
/// browser (chromium and chromedriver); local (up, verify, load with budgets, down as one process) and cluster (up,
/// verify, down on a k3d cluster of its own). A stage whose tools are missing is skipped with its reason.
///
/// Example: cargo xtask ci --only clippy --only test
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run these stages only
    #[arg(long, value_name = "STAGE")]
    only: Vec<StageName>,
    /// Count a skip of this stage as a failure
    #[arg(long, value_name = "STAGE")]
    require: Vec<StageName>,
}

/// In the order in which they run: cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum StageName {
    Fmt,
    Clippy,
    Tidy,
    Deny,
    Test,
    Mutants,
    Processes,
    Postgres,
    Browser,
    Local,
    Cluster,
}

impl StageName {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Tidy => "tidy",
            Self::Deny => "deny",
            Self::Test => "test",
            Self::Mutants => "mutants",
            Self::Processes => "processes",
            Self::Postgres => "postgres",
            Self::Browser => "browser",
            Self::Local => "local",
            Self::Cluster => "cluster",
        }
    }
}

/// How a stage ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    /// With the evidence, as much as fits a screen or two.
    Failed(String),
    /// With what is missing.
    Skipped(String),
}

/// One line of the closing list.
#[derive(Debug, Clone)]
pub struct StageResult {
    pub name: StageName,
    pub outcome: Outcome,
    pub elapsed: Duration,
}

/// Runs the stages one after the other, all of them even when one fails, and ends with the counts.
pub async fn run(context: &Context, args: Args) -> Result<()> {
    let stages = <StageName as clap::ValueEnum>::value_variants();
    let wanted = stages.iter().filter(|stage| args.only.is_empty() || args.only.contains(stage));
    let mut results = Vec::new();
    for &name in wanted {
        let result = run_stage(context, name, args.require.contains(&name)).await;
        summary::stage_closed(context, &result);
        context.report.add_time(name.text(), StepState::Done, result.elapsed);
        results.push(result);
    }
    summary::print(context, &results);
    let failed: Vec<&str> =
        results.iter().filter(|result| is_failure(result)).map(|r| r.name.text()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Bug,
        doing: "running the checks".to_owned(),
        found: format!("these stages failed: {}.", failed.join(", ")),
        cause: String::new(),
        fix: format!("see above; to repeat one stage: cargo xtask ci --only {}", failed[0]),
    }
    .into())
}

async fn run_stage(context: &Context, name: StageName, required: bool) -> StageResult {
    summary::stage_opened(context, name);
    let started = Instant::now();
    let outcome = match stages::run(context, name).await {
        Ok(Outcome::Passed) if context.dry_run => Outcome::Skipped("a dry run".to_owned()),
        Ok(Outcome::Skipped(reason)) if required => {
            Outcome::Failed(format!("required, but it cannot run here: {reason}"))
        }
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(format!("{error:#}")),
    };
    StageResult { name, outcome, elapsed: started.elapsed() }
}

const fn is_failure(result: &StageResult) -> bool {
    matches!(result.outcome, Outcome::Failed(_))
}
