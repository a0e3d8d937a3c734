//! Other programs: found, run, timed out, ended; the only place that spawns.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Programs that outlive the command: started detached, known by pid and start time.
pub mod daemon;
/// Long runs: live output or a kept tail, a time limit, an end on Ctrl-C.
pub mod job;
/// Who listens on a port of this machine.
pub mod ports;

#[cfg(test)]
mod tests;

/// Finds a program on PATH.
pub fn find(name: &str) -> Option<PathBuf> {
    which::which(name).ok()
}

/// Runs a short program and gives its standard output; its errors become ours.
pub fn read(folder: &Path, program: &str, args: &[&str]) -> Result<String> {
    let shell = xshell::Shell::new()?;
    shell.change_dir(folder);
    let command = shell.cmd(program).args(args).quiet().ignore_stderr();
    command.read().with_context(|| format!("running {program} {}", args.join(" ")))
}

/// The cargo that runs us, so that a `+toolchain` on the command line reaches every build.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
