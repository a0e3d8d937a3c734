//! Which target a command means, and which are up.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::cli::TargetName;
use crate::context::{Context, write_whole};
use crate::processes;
use crate::report::{Exit, Failure};

/// What `up` leaves behind on success and `down` takes away: which targets a user has running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// `local` or `k3d`.
    pub target: String,
    /// Name of the cluster; the same as the target for `local`.
    pub name: String,
    /// Where players join.
    pub url: String,
    /// Hash of the sources and settings that are running; `up` compares it.
    pub stamp: String,
}

const RECORD_FILE: &str = "up.json";

/// The target that `up` and `doctor` work on: the flag, else the one that is up, else k3d where it
/// is installed, else local with one line that says so.
pub fn for_up(context: &Context) -> Result<TargetName> {
    if let Some(target) = context.target {
        return Ok(target);
    }
    if context.cluster.is_some() {
        return Ok(TargetName::K3d);
    }
    if let [only] = records(&context.state).as_slice() {
        return Ok(name_of(only));
    }
    let missing = missing_for_k3d();
    if missing.is_empty() {
        return Ok(TargetName::K3d);
    }
    let text = format!(
        "local: one process, because {missing} not installed; for a cluster like production, get Docker \
         (https://docs.docker.com/get-docker) and k3d (https://k3d.io/#installation)"
    );
    context.report.note("target", &text);
    Ok(TargetName::Local)
}

/// The target that `status`, `logs`, `stop` and `down` act on; `None` when nothing is up.
pub fn that_is_up(context: &Context) -> Result<Option<TargetName>> {
    if let Some(target) = context.target {
        return Ok(Some(target));
    }
    if context.cluster.is_some() {
        return Ok(Some(TargetName::K3d));
    }
    match records(&context.state).as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(name_of(only))),
        several => Err(ambiguous(several).into()),
    }
}

/// Every target that is recorded as up, by name.
pub fn records(state: &Path) -> Vec<Record> {
    let folders = std::fs::read_dir(state).into_iter().flatten().flatten();
    let mut records: Vec<Record> = folders.filter_map(|entry| read(&entry.path())).collect();
    records.sort_by(|a, b| a.name.cmp(&b.name));
    records
}

/// The record in one state folder; an unreadable one counts as none, `up` writes it anew.
pub fn read(folder: &Path) -> Option<Record> {
    let text = std::fs::read(folder.join(RECORD_FILE)).ok()?;
    serde_json::from_slice(&text).ok()
}

pub fn write(folder: &Path, record: &Record) -> Result<()> {
    write_whole(
        &folder.join(RECORD_FILE),
        serde_json::to_string_pretty(record)?.as_bytes(),
    )
}

pub fn forget(folder: &Path) {
    // Gone already is as good.
    let _ = std::fs::remove_file(folder.join(RECORD_FILE));
}

/// `k3d is`, `Docker and k3d are`, or nothing when both are installed.
fn missing_for_k3d() -> String {
    let docker = processes::find("docker").is_some()
        || std::env::var_os("DOCKER_HOST").is_some()
        || PathBuf::from("/var/run/docker.sock").exists();
    match (docker, processes::find("k3d").is_some()) {
        (true, true) => String::new(),
        (true, false) => "k3d is".to_owned(),
        (false, true) => "Docker is".to_owned(),
        (false, false) => "Docker and k3d are".to_owned(),
    }
}

fn name_of(record: &Record) -> TargetName {
    if record.target == "local" {
        TargetName::Local
    } else {
        TargetName::K3d
    }
}

fn ambiguous(records: &[Record]) -> Failure {
    let names: Vec<String> = records
        .iter()
        .map(|record| format!("{} at {}", record.name, record.url))
        .collect();
    let flag = |record: &Record| match name_of(record) {
        TargetName::Local => "--target local".to_owned(),
        TargetName::K3d => format!("--cluster {}", record.name),
    };
    let flags: Vec<String> = records.iter().map(flag).collect();
    Failure {
        exit: Exit::Usage,
        doing: "finding out which target is meant".to_owned(),
        found: format!("{} are up ({}).", records.len(), names.join(", ")),
        cause: String::new(),
        fix: format!("add {}", flags.join(" or ")),
    }
}
