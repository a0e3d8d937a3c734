//! What is in the way on this machine: facts are gathered once, then pure rules judge them.

use std::time::Instant;

use anyhow::Result;

use crate::cli::TargetName;
use crate::context::Context;
use crate::doctor::judge::{Finding, judge};
use crate::doctor::machine::Machine;
use crate::doctor::rule::{Level, Profile};
use crate::report::{Exit, Failure};

/// What this machine is, in a few lines.
pub mod facts;
/// Reads the machine; the only part that touches it.
pub mod gather;
/// The page of the handbook that is made from the rules.
pub mod handbook;
/// The rules over a snapshot.
pub mod judge;
/// Recognises known failures in a log.
pub mod log;
/// The snapshot itself.
pub mod machine;
/// Findings that a safe command repairs.
pub mod repair;
/// What a rule is.
pub mod rule;
/// Every rule, one file per family.
pub mod rules;
/// What doctor prints: findings, one rule, a log's explanation.
pub mod screen;

#[cfg(test)]
mod tests;

/// How long the gathering may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Only what decides whether a command can go on: well under 0.1 s.
    Quick,
    /// Everything that fits into a second.
    Full,
}

/// Everything that was found out.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    pub machine: Machine,
    pub findings: Vec<Finding>,
    pub seconds: f64,
}

impl Diagnosis {
    pub fn count(&self, level: Level) -> usize {
        self.of_level(level).count()
    }

    pub fn of_level(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.level == level)
    }
}

impl From<&TargetName> for Profile {
    fn from(target: &TargetName) -> Self {
        match target {
            TargetName::K3d => Self::K3d,
            // Building for somebody else's cluster needs of this machine what building for a process does.
            TargetName::Local | TargetName::Named(_) => Self::Local,
        }
    }
}

/// Looks at everything at the same time and judges it.
pub async fn diagnose(context: &Context, profile: Profile, depth: Depth) -> Result<Diagnosis> {
    let started = Instant::now();
    let machine = gather::machine(context, profile, depth).await?;
    let findings = judge(&machine);
    Ok(Diagnosis { machine, findings, seconds: started.elapsed().as_secs_f64() })
}

/// Stops with everything that is in the way of a target; what is merely unwise becomes one line.
pub async fn require(context: &Context, target: &TargetName) -> Result<()> {
    let step = context.report.step("doctor", "checking this machine");
    let diagnosis = diagnose(context, target.into(), Depth::Quick).await?;
    let failed: Vec<&Finding> = diagnosis.of_level(Level::Fail).collect();
    if failed.is_empty() {
        let rest = match diagnosis.count(Level::Warn) {
            0 => String::new(),
            1 => "; one warning, see `cargo xtask doctor`".to_owned(),
            count => format!("; {count} warnings, see `cargo xtask doctor`"),
        };
        step.skipped(&format!("this machine is ready{rest}"));
        return Ok(());
    }
    let line = |finding: &&Finding| format!("{} ({})", finding.evidence.trim_end_matches('.'), finding.id);
    let found: Vec<String> = failed.iter().map(line).collect();
    let fixes: Vec<&str> = failed.iter().map(|finding| finding.fix.as_str()).collect();
    Err(Failure {
        exit: Exit::Prerequisite,
        doing: "checking this machine".to_owned(),
        found: format!("{}.", found.join("; ")),
        cause: failed[0].cause.clone(),
        fix: without_docker(&fixes.join("; then "), target),
    }
    .into())
}

fn without_docker(fix: &str, target: &TargetName) -> String {
    match target {
        TargetName::K3d => format!("{fix}. Or play without Docker: `cargo xtask up --target local`"),
        _ => fix.to_owned(),
    }
}
