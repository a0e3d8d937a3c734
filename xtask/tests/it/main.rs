//! The automation as it is typed: the program itself is run, in state folders of its own.

mod cluster;
mod completions;
mod diagnose;
mod doctor;
mod dry_run;
mod events;
mod github;
mod help;
mod life;
mod logs;
mod registry;
mod remote;
mod schema;
mod targets;
mod tidy;
mod usage;

use std::io::Write as _;
use std::path::Path;

use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

/// Runs `cargo xtask ARGS` with its state in `state`, and no cluster of the user's in sight.
async fn xtask(state: &Path, args: &[&str]) -> Finished {
    let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args);
    let job = job.env("XDG_STATE_HOME", state).env("NO_COLOR", "1");
    // These tests may themselves run on one of GitHub's runners.
    let job = xtask::report::github::VARIABLES.into_iter().fold(job, Job::env_remove);
    job.run(&Report::quiet()).await.unwrap()
}

/// A line for whoever reads the output of the tests: why one is left out, what one measured.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
