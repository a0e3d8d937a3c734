//! One file per family of checks of this machine.

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;

use crate::cli::TargetName;
use crate::context::Context;
use crate::docker::probe::{self, Probe, ProbeError};
use crate::doctor::machine::Machine;
use crate::report::{Exit, Failure};

/// Control groups, as the kubelet needs them.
mod cgroup;
/// The container engine: reachable, of the right kind, new enough.
mod engine;
/// What the checks look at, read once.
mod machine;
/// The mounts table and the file system under the clone.
mod mounts;
/// Name resolution, proxies, VPNs.
mod network;
/// Kernel and distribution: Linux, WSL, a container.
mod platform;
/// The ports that players and the cluster need.
mod ports;
/// Findings that can be repaired without asking.
pub mod repair;
/// Memory, processors, disk, kernel limits.
mod resources;
/// Programs and folders that the commands need.
mod tools;

#[cfg(test)]
mod tests;

/// How much a finding is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Looked at and fine.
    Ok,
    /// Good to know; nothing to do for this target.
    Info,
    /// Works, until it does not.
    Warn,
    /// The target cannot come up like this.
    Fail,
}

/// One thing that was found out about this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable: scripts and people search for it.
    pub id: &'static str,
    pub level: Level,
    /// What is there, with the value that was read.
    pub evidence: String,
    /// Why it matters; empty where the evidence says it.
    pub cause: String,
    /// The exact command or setting; empty where there is nothing to do.
    pub fix: String,
    /// A safe command that `--fix` runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repair: Vec<String>,
}

impl Finding {
    fn new(id: &'static str, level: Level, evidence: impl Into<String>) -> Self {
        let (cause, fix) = (String::new(), String::new());
        Self { id, level, evidence: evidence.into(), cause, fix, repair: Vec::new() }
    }

    fn ok(id: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(id, Level::Ok, evidence)
    }

    fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = cause.into();
        self
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    fn repaired_by(mut self, command: &[&str]) -> Self {
        self.repair = command.iter().map(|word| (*word).to_owned()).collect();
        self
    }
}

/// What the target needs, told to every check.
#[derive(Debug, Clone)]
pub struct Needs {
    pub target: TargetName,
    pub bind_address: String,
    /// Port at which players join.
    pub port: u16,
    /// Ports that our own process or cluster holds already.
    pub own_ports: Vec<u16>,
    /// Name of the cluster, whose own containers are no strangers.
    pub cluster: String,
    /// Image of its nodes; decides what the kubelet accepts.
    pub k3s_image: String,
}

impl Needs {
    fn is_k3d(&self) -> bool {
        self.target == TargetName::K3d
    }

    /// The level of something that only a cluster needs.
    fn for_cluster(&self, level: Level) -> Level {
        if self.is_k3d() { level } else { level.min(Level::Info) }
    }
}

/// Everything that was found out, worst first within the order of the checks.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    pub findings: Vec<Finding>,
    pub needs: Needs,
    pub seconds: f64,
}

impl Diagnosis {
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    pub fn of_level(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.level == level)
    }
}

/// Looks at everything; reads files and asks the engine at the same time, starts no program.
pub async fn diagnose(context: &Context, target: TargetName) -> Result<Diagnosis> {
    let started = Instant::now();
    let needs = machine::needs(context, target)?;
    let root = context.root.clone();
    let (state, build) = (context.state.clone(), context.cargo_target_folder());
    let read = tokio::task::spawn_blocking(move || Machine::read(&root, &state, &build));
    let (machine, engine) = tokio::join!(read, probe::probe());
    let findings = check(&machine?, &engine, &needs);
    Ok(Diagnosis { findings, needs, seconds: started.elapsed().as_secs_f64() })
}

/// Stops with everything that is in the way of a target; what is merely unwise becomes one line.
pub async fn require(context: &Context, target: TargetName) -> Result<()> {
    let step = context.report.step("doctor", "checking this machine");
    let diagnosis = diagnose(context, target).await?;
    let failed: Vec<&Finding> = diagnosis.of_level(Level::Fail).collect();
    if failed.is_empty() {
        let warnings = diagnosis.count(Level::Warn);
        let rest = match warnings {
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
    let cause = failed.iter().map(|finding| finding.cause.as_str()).find(|cause| !cause.is_empty());
    Err(Failure {
        exit: Exit::Prerequisite,
        doing: "checking this machine".to_owned(),
        found: format!("{}.", found.join("; ")),
        cause: cause.unwrap_or_default().to_owned(),
        fix: without_docker(&fixes.join("; then "), target),
    }
    .into())
}

fn without_docker(fix: &str, target: TargetName) -> String {
    match target {
        TargetName::K3d => format!("{fix}. Or play without Docker: `cargo xtask up --target local`"),
        TargetName::Local => fix.to_owned(),
    }
}

/// All checks over what was read; no check reads anything itself.
fn check(machine: &Machine, engine: &Result<Probe, ProbeError>, needs: &Needs) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(platform::check(machine));
    findings.extend(mounts::check(machine, needs));
    findings.extend(tools::check(machine, needs));
    findings.extend(engine::check(machine, engine, needs));
    findings.extend(cgroup::check(machine, engine.as_ref().ok(), needs));
    findings.extend(resources::check(machine, engine.as_ref().ok(), needs));
    findings.extend(ports::check(machine, engine.as_ref().ok(), needs));
    findings.extend(network::check(machine, needs));
    findings
}
