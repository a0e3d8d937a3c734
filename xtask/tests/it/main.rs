//! The automation as it is typed: the program itself is run, in state folders of its own.

mod cluster;
mod doctor;
mod help;
mod targets;
mod tidy;
mod usage;

use std::path::Path;

use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

/// Runs `cargo xtask ARGS` with its state in `state`, and no cluster of the user's in sight.
async fn xtask(state: &Path, args: &[&str]) -> Finished {
    let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args);
    let job = job.env("XDG_STATE_HOME", state).env("NO_COLOR", "1");
    job.run(&Report::new(false, true, false)).await.unwrap()
}
