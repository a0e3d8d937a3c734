//! Which target a command means, and which are up.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::cli::TargetName;
use crate::context::Context;
use crate::processes;
use crate::report::{Exit, Failure};

/// A target of which something is there: what its state folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub target: TargetName,
    /// Name of the cluster; `local` for the process.
    pub name: String,
    /// Where players join.
    pub url: String,
}

/// Written by `local` at a start, removed by `down`.
const PROCESS_FILE: &str = "process.json";
/// Written by `cluster` before it creates anything, removed by `down`.
const CLUSTER_FILE: &str = "cluster.json";

/// The context with the name of the cluster that is there filled in where the command line gave none, so that what was
/// made under another name than k3d.yaml's is found again.
pub fn with_known_cluster(context: &Context) -> Context {
    let mut known = context.clone();
    if context.cluster.is_none() && matches!(context.target, None | Some(TargetName::K3d)) {
        let clusters = records(&context.state).into_iter().filter(|record| record.target == TargetName::K3d);
        if let [only] = clusters.collect::<Vec<Record>>().as_slice() {
            known.known_cluster = Some(only.name.clone());
        }
    }
    known
}

/// The target that `up` and `doctor` work on: the flag, else the one that is up, else k3d where it
/// is installed, else local with one line that says so.
pub fn for_up(context: &Context) -> Result<TargetName> {
    if let Some(target) = &context.target {
        return Ok(target.clone());
    }
    if context.cluster.is_some() {
        return Ok(TargetName::K3d);
    }
    if let [only] = records(&context.state).as_slice() {
        return Ok(only.target.clone());
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

/// Refuses a command that is about a cluster where `--target local` asks for none, before Docker is asked for anything.
pub fn require_cluster(context: &Context, command: &str, does: &str) -> Result<()> {
    if context.target != Some(TargetName::Local) {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Usage,
        doing: format!("starting `{command}` with --target local"),
        found: format!("{command} {does}, and the target local is one process without a cluster."),
        cause: String::new(),
        fix: format!("`cargo xtask up --target local` starts the process; `cargo xtask {command} --target k3d` works on a cluster"),
    }
    .into())
}

/// The target that a command works on as far as it is known without looking anywhere else.
pub fn recorded(context: &Context) -> Option<TargetName> {
    that_is_up(context).ok().flatten()
}

/// The target that `status`, `logs`, `stop` and `down` act on; `None` when nothing is up. Somebody else's cluster is
/// never guessed: it is named each time.
pub fn that_is_up(context: &Context) -> Result<Option<TargetName>> {
    if let Some(target) = &context.target {
        return Ok(Some(target.clone()));
    }
    if context.cluster.is_some() {
        return Ok(Some(TargetName::K3d));
    }
    match records(&context.state).as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.target.clone())),
        several => Err(ambiguous(several).into()),
    }
}

/// Every target of which something is there, by name.
pub fn records(state: &Path) -> Vec<Record> {
    let folders = std::fs::read_dir(state).into_iter().flatten().flatten();
    let mut records: Vec<Record> = folders.filter_map(|entry| record(&entry.path())).collect();
    records.sort_by(|a, b| a.name.cmp(&b.name));
    records
}

/// An unreadable file counts as none; the command that owns it writes it anew.
fn record(folder: &Path) -> Option<Record> {
    let name = folder.file_name()?.to_str()?.to_owned();
    let read = |file: &str| serde_json::from_slice::<Value>(&std::fs::read(folder.join(file)).ok()?).ok();
    if let Some(process) = read(PROCESS_FILE) {
        let url = process["url"].as_str()?.to_owned();
        return Some(Record { target: TargetName::Local, name, url });
    }
    let cluster = read(CLUSTER_FILE)?;
    let port = cluster["published"].get("port").or(cluster.get("port"))?;
    let url = format!("http://127.0.0.1:{port}");
    Some(Record { target: TargetName::K3d, name, url })
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

fn ambiguous(records: &[Record]) -> Failure {
    let names: Vec<String> =
        records.iter().map(|record| format!("{} at {}", record.name, record.url)).collect();
    let flag = |record: &Record| match &record.target {
        TargetName::K3d => format!("--cluster {}", record.name),
        other => format!("--target {}", other.text()),
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
