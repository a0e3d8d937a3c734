//! Programs that outlive the command: started detached, known by pid and start time.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::report::Report;

/// How often an ending process is looked at.
const POLL: Duration = Duration::from_millis(25);

/// A process that cannot be mistaken for another one: pids are recycled, start times are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// As the system gives it: ticks since boot on Linux, a date elsewhere.
    pub started: String,
}

impl Identity {
    /// Who has this pid now; `None` when nobody has, or only a zombie.
    pub fn of(pid: u32) -> Option<Self> {
        start_time(pid).map(|started| Self { pid, started })
    }

    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// SIGTERM, if this very process still runs; false in a dry run.
    pub fn terminate(&self, report: &Report) -> bool {
        self.signal(report, Signal::TERM, "TERM")
    }

    /// SIGKILL, if this very process still runs; false in a dry run.
    pub fn kill(&self, report: &Report) -> bool {
        self.signal(report, Signal::KILL, "KILL")
    }

    /// True as soon as it has ended, false when `limit` passes first.
    pub async fn wait_for_end(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    fn signal(&self, report: &Report, signal: Signal, name: &str) -> bool {
        if !self.is_alive() {
            return !report.dry_run;
        }
        let made = report.call("kill", &format!("kill -{name} {}", self.pid), "");
        if let (true, Some(pid)) = (made, i32::try_from(self.pid).ok().and_then(Pid::from_raw)) {
            // It may end between the look and the signal; then there is nothing left to do.
            let _ = kill_process(pid, signal);
        }
        made
    }
}

/// What is started.
pub struct Command<'a> {
    pub program: &'a Path,
    pub args: &'a [OsString],
    /// Variables of its environment besides ours.
    pub variables: &'a [(&'a str, OsString)],
}

/// Starts a program in the background, in a process group of its own so that neither Ctrl-C nor
/// the end of the terminal reaches it; both its outputs are appended to `log`. `None` in a dry run.
pub fn start(report: &Report, command: Command<'_>, folder: &Path, log: &Path) -> Result<Option<Identity>> {
    let Command { program, args, variables } = command;
    let set: Vec<(OsString, OsString)> =
        variables.iter().map(|(name, value)| (OsString::from(name), value.clone())).collect();
    let line = super::command_line(&set, program.as_os_str(), args);
    if !report.call(&super::tool(program.as_os_str()), &line, "") {
        return Ok(None);
    }
    let open = || OpenOptions::new().create(true).append(true).open(log);
    let out = open().with_context(|| format!("opening {}", log.display()))?;
    let program_with =
        variables.iter().fold(duct::cmd(program, args), |cmd, (name, value)| cmd.env(name, value));
    let handle = program_with
        .dir(folder)
        .stdin_null()
        .stdout_file(out.try_clone()?)
        .stderr_file(out)
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        })
        .unchecked()
        .start()
        .with_context(|| format!("starting {}", program.display()))?;
    let pid = handle.pids().first().copied().context("a started program has a pid")?;
    // Kept for as long as we run: only a parent that waits turns a dead child into no child.
    std::thread::spawn(move || handle.wait().map(|_| ()));
    let identity = Identity::of(pid);
    identity.map(Some).with_context(|| format!("{} ended at once; see {}", program.display(), log.display()))
}

#[cfg(target_os = "linux")]
fn start_time(pid: u32) -> Option<String> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

#[cfg(not(target_os = "linux"))]
fn start_time(pid: u32) -> Option<String> {
    let text = super::read(Path::new("/"), "ps", &["-o", "lstart=", "-p", &pid.to_string()]).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Field 22 of `/proc/PID/stat`, unless the process is a zombie. The name in field 2 may hold
/// anything, brackets and blanks included, so counting starts after its last bracket.
#[cfg(target_os = "linux")]
pub fn parse_stat(text: &str) -> Option<String> {
    let rest = &text[text.rfind(')')? + 1..];
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    (state != "Z" && state != "X").then(|| started.to_owned())
}
