//! The one place that runs k3d: own kubeconfig, own deadline, no trust in its exit code alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::processes::find;
use crate::processes::job::{Finished, Job};
use crate::report::{Exit, Failure};
use crate::target::{SCRATCH_FOLDER, Target};

/// Runs k3d to its end; a non-zero exit code is an answer.
pub async fn run(
    context: &Context,
    target: &Target,
    args: &[&str],
    stdin: &str,
    limit: Duration,
) -> Result<Finished> {
    let Some(program) = find("k3d") else {
        return Err(Failure {
            exit: Exit::Prerequisite,
            doing: format!("working on the cluster {}", target.name()),
            found: "k3d is not on PATH.".to_owned(),
            cause: String::new(),
            fix: "install it (https://k3d.io/#installation), or play without a cluster: `cargo xtask up --target local`"
                .to_owned(),
        }
        .into());
    };
    // k3d leaves a file a node behind in the folder for temporary files: it gets one of its own.
    let scratch = Scratch::new(target)?;
    // k3d rewrites whatever KUBECONFIG names, even when told not to: it only ever sees our file.
    let job = Job::new(program, &context.root)
        .args(args)
        .env("KUBECONFIG", target.kubeconfig())
        .env("LOG_COLORS", "0")
        .env("TMPDIR", scratch.path())
        .stdin(stdin)
        .limit(limit);
    job.run(&context.report).await
}

/// A folder for one run, removed with what was left in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(target: &Target) -> Result<Self> {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let folder = target.folder().join(SCRATCH_FOLDER).join(run);
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Self(folder))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays after an interruption goes with the cluster.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The line that names the cause: the first error that is not part of k3d's own clean-up, else the last line.
pub fn cause(output: &str) -> String {
    let error =
        output.lines().find(|line| line.contains("level=error") && !line.contains("No such container"));
    let fatal = output.lines().rfind(|line| line.contains("level=fatal"));
    let line = error.or(fatal).or(output.lines().last()).unwrap_or_default();
    let message =
        line.split_once("msg=\"").map_or(line, |(_, message)| message.trim_end().trim_end_matches('"'));
    message.replace("\\\"", "\"")
}

#[cfg(test)]
mod tests;
