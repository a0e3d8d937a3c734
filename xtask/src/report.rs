//! The only printer: steps to stderr, results and JSON to stdout.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use console::style;
use serde_json::{Value, json};

use crate::interrupt;

/// Stable exit codes; clap itself uses 2 for usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Bug = 1,
    Usage = 2,
    Prerequisite = 3,
    Refused = 4,
    Build = 5,
    Cluster = 6,
    Rollout = 7,
    Verify = 8,
    Interrupted = 130,
}

/// A failure that a user can act on: printed as one paragraph.
#[derive(Debug, Clone)]
pub struct Failure {
    pub exit: Exit,
    /// What we were doing, as a clause: "creating the cluster k3s-local".
    pub doing: String,
    /// What happened, with the evidence.
    pub found: String,
    /// The likely cause; empty when `found` says it all.
    pub cause: String,
    /// The command or action that fixes it.
    pub fix: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "While {}: {}", self.doing, self.found)?;
        if !self.cause.is_empty() {
            write!(f, " {}", self.cause)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// How much is printed and in which form.
#[derive(Debug, Clone)]
pub struct Report {
    json: bool,
    quiet: bool,
    pub verbose: bool,
}

/// A running step; `done` or `skipped` closes it with its time.
#[must_use]
#[derive(Debug, Clone)]
pub struct Step {
    report: Report,
    name: &'static str,
    started: Instant,
}

impl Report {
    pub const fn new(json: bool, quiet: bool, verbose: bool) -> Self {
        Self { json, quiet, verbose }
    }

    /// Opens a step: `name` is one word for the margin, `doing` says what is being done.
    pub fn step(&self, name: &'static str, doing: &str) -> Step {
        interrupt::place(name);
        self.event(json!({"event": "step", "step": name, "state": "started", "text": doing}));
        if console::user_attended_stderr() && !self.quiet && !self.json {
            self.write_err(&format!("{:>10}  {doing} …\r", style(name).dim().for_stderr()));
        }
        Step { report: self.clone(), name, started: Instant::now() }
    }

    /// A line of information under the running step.
    pub fn note(&self, name: &'static str, text: &str) {
        self.event(json!({"event": "note", "step": name, "text": text}));
        if !self.quiet && !self.json {
            self.write_err(&format!("{:>10}  {text}\n", style(name).dim().for_stderr()));
        }
    }

    /// Something that is not wrong yet.
    pub fn warn(&self, text: &str) {
        self.event(json!({"event": "warning", "text": text}));
        if !self.json {
            self.write_err(&format!("{:>10}  {text}\n", style("warning").yellow().for_stderr()));
        }
    }

    /// A question, without the end of a line.
    pub fn ask(&self, text: &str) {
        self.write_err(text);
    }

    /// The answer of a command: `text` for people, `value` for machines, on stdout.
    pub fn result(&self, value: Value, text: &str) {
        if self.json {
            self.event(json!({"event": "result", "result": value}));
        } else {
            self.write_out(text);
        }
    }

    /// One event for machines; silent otherwise.
    pub fn event(&self, value: Value) {
        if self.json {
            self.write_out(&format!("{value}\n"));
        }
    }

    /// A line as it is on stdout, for streams such as `logs`.
    pub fn line(&self, text: &str) {
        self.write_out(&format!("{text}\n"));
    }

    /// A line of another program, as it is, for `--verbose`.
    pub fn tool_output(line: &str) {
        let _ = write!(std::io::stderr().lock(), "{line}");
    }

    /// True when events go to stdout instead of text.
    pub fn is_json(&self) -> bool {
        self.json
    }

    fn write_out(&self, text: &str) {
        // A closed pipe (`| head`) is the reader's decision, not an error of ours.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    fn write_err(&self, text: &str) {
        let clear = if console::user_attended_stderr() { "\x1b[2K" } else { "" };
        let _ = write!(std::io::stderr().lock(), "{clear}{text}");
    }
}

impl Step {
    /// Says how far it is: in place on a terminal, not at all elsewhere.
    pub fn progress(&self, text: &str) {
        if console::user_attended_stderr() && !self.report.quiet && !self.report.json {
            let time = format_seconds(self.started.elapsed());
            self.report.write_err(&format!("{:>10}  {text}  {time}\r", style(self.name).dim().for_stderr()));
        }
    }

    /// Closes the step as done; `text` says what is true now.
    pub fn done(self, text: &str) {
        self.close("done", text);
    }

    /// Closes the step as not needed; `text` says why.
    pub fn skipped(self, text: &str) {
        self.close("unchanged", text);
    }

    fn close(self, state: &str, text: &str) {
        let elapsed = self.started.elapsed();
        let seconds = elapsed.as_secs_f64();
        self.report.event(
            json!({"event": "step", "step": self.name, "state": state, "text": text, "seconds": seconds}),
        );
        if !self.report.quiet && !self.report.json {
            let name = match state {
                "done" => style(self.name).green().bold(),
                _ => style(self.name).cyan(),
            };
            let time = style(format_seconds(elapsed)).dim().for_stderr();
            self.report.write_err(&format!("{:>10}  {text}  {time}\n", name.for_stderr()));
        }
    }
}

/// `0.04 s`, `3.2 s` or `2 min 05 s`.
pub fn format_seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{seconds:.2} s"),
        seconds if seconds < 100.0 => format!("{seconds:.1} s"),
        seconds => format!("{} min {:02} s", seconds as u64 / 60, seconds as u64 % 60),
    }
}

/// `13.0 MB` or `3.1 kB`.
pub fn format_bytes(bytes: usize) -> String {
    match bytes as f64 {
        bytes if bytes < 1e5 => format!("{:.1} kB", bytes / 1e3),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

/// Prints an error once, as a paragraph or as JSON, and gives the exit code it stands for.
pub fn exit_with(error: &anyhow::Error, json: bool) -> ExitCode {
    let failure = error.downcast_ref::<Failure>();
    let exit = failure.map_or(Exit::Bug, |failure| failure.exit);
    if json {
        let fix = failure.map_or("", |failure| failure.fix.as_str());
        let value = json!({"event": "error", "code": exit as u8, "text": format!("{error:#}"), "fix": fix});
        let _ = writeln!(std::io::stdout().lock(), "{value}");
    } else {
        let mut err = std::io::stderr().lock();
        let clear = if console::user_attended_stderr() { "\x1b[2K" } else { "" };
        let _ = writeln!(err, "{clear}{} {error:#}", style("error:").red().bold().for_stderr());
        if let Some(failure) = failure.filter(|failure| !failure.fix.is_empty()) {
            let _ = writeln!(err, "  {} {}", style("fix:").green().bold().for_stderr(), failure.fix);
        }
    }
    ExitCode::from(exit as u8)
}
