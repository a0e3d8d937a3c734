//! The only printer: steps to stderr, results and JSON to stdout.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::style;
use serde_json::Value;

use crate::interrupt;
use event::{Event, StepState};
use times::{StepTime, Times};

/// What machines are told.
pub mod event;
/// What GitHub's runners understand.
pub mod github;
/// Where the time of a command went.
pub mod times;

#[cfg(test)]
mod tests;

/// Below this the lines of the steps say it all.
const TABLE_FROM: Duration = Duration::from_secs(5);

/// What takes longer than this says that it goes on.
const PROGRESS_FROM: Duration = Duration::from_secs(2);
/// Between two lines of progress where a line cannot be replaced by the next.
const PROGRESS_GAP: Duration = Duration::from_secs(15);

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

/// How much is printed and in which form; what happened is remembered, so that its end can be told from its parts.
#[derive(Debug, Clone)]
pub struct Report {
    json: bool,
    quiet: bool,
    pub verbose: bool,
    /// Nothing is changed anywhere: what would be done is said instead.
    pub dry_run: bool,
    /// True on a runner of GitHub: steps become groups, errors and warnings annotations.
    hosted: bool,
    shared: Arc<Shared>,
}

/// What all copies of a report know together.
#[derive(Debug)]
struct Shared {
    started: Instant,
    ended_steps: Mutex<Vec<StepTime>>,
    /// Lines of the steps that run, kept for their groups.
    group_lines: Mutex<BTreeMap<&'static str, Vec<String>>>,
}

/// A running step; `done` or `skipped` closes it with its time.
#[must_use]
#[derive(Debug, Clone)]
pub struct Step {
    report: Report,
    name: &'static str,
    started: Instant,
    /// When a line about its progress was written last, where lines cannot be replaced.
    told: Arc<Mutex<Option<Instant>>>,
}

impl Report {
    pub fn new(json: bool, quiet: bool, verbose: bool) -> Self {
        let shared =
            Shared { started: Instant::now(), ended_steps: Mutex::default(), group_lines: Mutex::default() };
        Self { json, quiet, verbose, dry_run: false, hosted: false, shared: Arc::new(shared) }
    }

    /// Results and errors only.
    pub fn quiet() -> Self {
        Self::new(false, true, false)
    }

    /// The same, where nothing is to be changed.
    pub fn dry(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// The same, on a runner of GitHub.
    pub fn hosted(mut self, hosted: bool) -> Self {
        self.hosted = hosted;
        self
    }

    /// Opens a step: `name` is one word for the margin, `doing` says what is being done.
    pub fn step(&self, name: &'static str, doing: &str) -> Step {
        interrupt::place(name);
        self.event(&Event::Step { step: name, state: StepState::Started, text: doing, seconds: None });
        if self.has_text() && self.hosted {
            lock(&self.shared.group_lines).insert(name, Vec::new());
            self.write_err(&format!("{name:>10}  {doing} …\n"));
        } else if self.has_text() && console::user_attended_stderr() {
            self.write_err(&format!("{:>10}  {doing} …\r", style(name).dim().for_stderr()));
        }
        Step { report: self.clone(), name, started: Instant::now(), told: Arc::default() }
    }

    /// A line of information under the running step.
    pub fn note(&self, name: &'static str, text: &str) {
        self.event(&Event::Note { step: name, text });
        if !self.has_text() {
            return;
        }
        let line = format!("{:>10}  {text}\n", style(name).dim().for_stderr());
        match lock(&self.shared.group_lines).get_mut(name) {
            Some(lines) => lines.push(line),
            None => self.write_err(&line),
        }
    }

    /// Something that is not wrong yet.
    pub fn warn(&self, text: &str) {
        self.event(&Event::Warning { text });
        if self.hosted {
            self.write_err(&format!("{}\n", github::annotation("warning", "cargo xtask", None, text)));
        } else if !self.json {
            self.write_err(&format!("{:>10}  {text}\n", style("warning").yellow().for_stderr()));
        }
    }

    /// Says that the world outside our own folders is about to be changed: a program is run, a signal sent, Docker or a
    /// cluster written to. False in a dry run: then it must not be done.
    #[must_use]
    pub fn call(&self, tool: &str, call: &str, input: &str) -> bool {
        let made = !self.dry_run;
        self.event(&Event::Call { tool, call, input, made });
        let mut text = format!("{:>10}  {call}\n", style(tool).dim());
        text.extend(input.lines().map(|line| format!("{:>10}  {line}\n", "|")));
        match (self.json, made) {
            (true, _) => {}
            (false, false) => self.write_out(&text),
            (false, true) if self.verbose => self.write_err(&text),
            (false, true) => {}
        }
        made
    }

    /// A question, without the end of a line.
    pub fn ask(&self, text: &str) {
        self.write_err(text);
    }

    /// The answer of a command: `text` for people, `value` for machines, on stdout.
    pub fn result(&self, value: Value, text: &str) {
        self.event(&Event::Result { result: &value });
        if !self.json {
            self.write_out(text);
        }
    }

    /// One event for machines; silent otherwise.
    pub fn event(&self, event: &Event<'_>) {
        if self.json {
            let text = serde_json::to_string(event).unwrap_or_default();
            self.write_out(&format!("{text}\n"));
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

    /// Where the time went so far.
    pub fn times(&self) -> Times {
        Times::new(self.shared.started.elapsed(), lock(&self.shared.ended_steps).clone())
    }

    /// Counts something that was not shown as a step.
    pub fn add_time(&self, step: &'static str, state: StepState, took: Duration) {
        let from = self.shared.started.elapsed().saturating_sub(took);
        let (from_seconds, seconds) = (from.as_secs_f64(), took.as_secs_f64());
        lock(&self.shared.ended_steps).push(StepTime { step, state, from_seconds, seconds });
    }

    /// Shows where the time went: to machines always, to people when it was long or they want everything.
    pub fn show_times(&self) {
        let times = self.times();
        self.event(&Event::Times(&times));
        let is_long = times.seconds >= TABLE_FROM.as_secs_f64();
        if self.has_text() && !self.dry_run && (self.verbose || is_long) {
            self.write_err(&format!("\n{}", times.text(12)));
        }
    }

    /// Prints an error once, as a paragraph, an annotation or JSON, and gives the exit code it stands for.
    pub fn fail(&self, error: &anyhow::Error, root: &Path) -> ExitCode {
        let failure = error.downcast_ref::<Failure>();
        let exit = failure.map_or(Exit::Bug, |failure| failure.exit);
        let (text, fix) = (format!("{error:#}"), failure.map_or("", |failure| failure.fix.as_str()));
        let place = github::places(&text, root).into_iter().next();
        let (file, line) =
            (place.as_ref().map(|place| place.file.as_str()), place.as_ref().map(|place| place.line));
        self.event(&Event::Error { code: exit as u8, text: &text, fix, file, line });
        for name in lock(&self.shared.group_lines).keys().copied().collect::<Vec<_>>() {
            self.write_group(name, &format!("{name} did not come to its end"));
        }
        if !self.json {
            self.write_err(&format!("{} {text}\n", style("error:").red().bold().for_stderr()));
            if !fix.is_empty() {
                self.write_err(&format!("  {} {fix}\n", style("fix:").green().bold().for_stderr()));
            }
        }
        if self.hosted {
            let text = if fix.is_empty() { text } else { format!("{text}\nfix: {fix}") };
            let title = failure.map_or("cargo xtask", |failure| failure.doing.as_str());
            self.write_err(&format!("{}\n", github::annotation("error", title, place.as_ref(), &text)));
        }
        ExitCode::from(exit as u8)
    }

    /// Folds what follows on a runner of GitHub; groups cannot be nested, so no step may run in it.
    pub fn open_group(&self, title: &str) {
        if self.hosted && self.has_text() {
            self.write_err(&format!("{}\n", github::group(title)));
        }
    }

    /// Ends the fold.
    pub fn close_group(&self) {
        if self.hosted && self.has_text() {
            self.write_err(&format!("{}\n", github::END_OF_GROUP));
        }
    }

    /// Says that a part failed while the whole goes on; on a runner each line of a file that is named is marked.
    pub fn blame(&self, part: &str, text: &str, root: &Path) {
        self.event(&Event::Warning { text: &format!("{part} failed:\n{text}") });
        if !self.json {
            self.write_err(&format!(
                "{:>10}  {part} failed:\n{text}\n",
                style("warning").yellow().for_stderr()
            ));
        }
        if self.hosted {
            self.write_err(&format!("{}\n", github::annotations(part, text, root).join("\n")));
        }
    }

    fn has_text(&self) -> bool {
        !self.quiet && !self.json
    }

    /// The lines that a step left, folded under one line that says how it ended.
    fn write_group(&self, name: &'static str, title: &str) {
        let lines = lock(&self.shared.group_lines).remove(name).unwrap_or_default();
        let (open, close) = (github::group(title), github::END_OF_GROUP);
        self.write_err(&format!("{open}\n{}{close}\n", lines.concat()));
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Step {
    /// Says how far it is: in place on a terminal; elsewhere a line after two seconds, and then one now and again.
    pub fn progress(&self, text: &str) {
        if !console::user_attended_stderr() {
            let mut told = lock(&self.told);
            let is_due =
                told.map_or(self.started.elapsed() >= PROGRESS_FROM, |told| told.elapsed() >= PROGRESS_GAP);
            if is_due {
                *told = Some(Instant::now());
                drop(told);
                self.report.note(self.name, &format!("{text}  {}", format_seconds(self.started.elapsed())));
            }
            return;
        }
        if self.report.has_text() {
            let time = format_seconds(self.started.elapsed());
            self.report.write_err(&format!("{:>10}  {text}  {time}\r", style(self.name).dim().for_stderr()));
        }
    }

    /// Closes the step as done; `text` says what is true now.
    pub fn done(self, text: &str) {
        self.close(StepState::Done, text);
    }

    /// Closes the step as not needed; `text` says why.
    pub fn skipped(self, text: &str) {
        self.close(StepState::Unchanged, text);
    }

    fn close(self, state: StepState, text: &str) {
        let Self { report, name, started, .. } = self;
        let elapsed = started.elapsed();
        report.add_time(name, state, elapsed);
        report.event(&Event::Step { step: name, state, text, seconds: Some(elapsed.as_secs_f64()) });
        if !report.has_text() {
            return;
        }
        if report.hosted {
            return report.write_group(name, &format!("{name:>10}  {text}  {}", format_seconds(elapsed)));
        }
        let name = match state {
            StepState::Done => style(name).green().bold(),
            _ => style(name).cyan(),
        };
        let time = style(format_seconds(elapsed)).dim().for_stderr();
        report.write_err(&format!("{:>10}  {text}  {time}\n", name.for_stderr()));
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
