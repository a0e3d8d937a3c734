//! Other programs: found, run, timed out, ended; the only place that spawns.

use std::ffi::{OsStr, OsString};
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

/// The last part of a program's path.
fn tool(program: &OsStr) -> String {
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}

/// A command as a shell would be given it: variables, program, arguments.
fn command_line(set: &[(OsString, OsString)], program: &OsStr, args: &[OsString]) -> String {
    let name = tool(program);
    // By its name where that is enough, as it is the case for what a user installed.
    let is_known = name == "cargo" || find(&name).is_some_and(|found| found == Path::new(program));
    let program = if is_known { name } else { program.to_string_lossy().into_owned() };
    let set =
        set.iter().map(|(name, value)| format!("{}={}", name.display(), quoted(&value.to_string_lossy())));
    let args = args.iter().map(|arg| quoted(&arg.to_string_lossy()));
    set.chain([quoted(&program)]).chain(args).collect::<Vec<_>>().join(" ")
}

/// A word as a shell would be given it.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The cargo that runs us, so that a `+toolchain` on the command line reaches every build.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
