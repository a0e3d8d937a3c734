//! Long runs: live output or a kept tail, a time limit, an end on Ctrl-C.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::report::{Exit, Failure, Report};

/// Enough of the end of an output to hold one compiler error or one stack of causes.
const TAIL_LINES_MAX: usize = 60;
/// Standard output that a caller parses; everything we parse is far below.
const STDOUT_BYTES_MAX: usize = 8 << 20;
/// What a program gets between SIGTERM and SIGKILL.
const KILL_GRACE: Duration = Duration::from_secs(3);

/// Process groups that are running now, so that an interrupt can end them.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// One run of another program, described.
#[derive(Debug, Clone)]
pub struct Job {
    program: OsString,
    args: Vec<OsString>,
    folder: PathBuf,
    set: Vec<(OsString, OsString)>,
    removed: Vec<OsString>,
    stdin: Vec<u8>,
    limit: Option<Duration>,
    watcher: Option<Watcher>,
    changes_nothing: bool,
    is_shown: bool,
}

/// Is shown each line of output as it comes.
#[derive(Clone)]
struct Watcher(Arc<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    /// All of standard output, cut at 8 MiB.
    pub stdout: String,
    /// The last lines of standard output and standard error together.
    pub tail: String,
    pub timed_out: bool,
    pub elapsed: Duration,
}

impl Finished {
    /// What a dry run goes on with.
    fn not_run() -> Self {
        let (stdout, tail) = (String::new(), String::new());
        Self { code: Some(0), stdout, tail, timed_out: false, elapsed: Duration::ZERO }
    }

    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// `exit code 1`, `a signal` or `no end within 90 s`, for an error text.
    pub fn ending(&self) -> String {
        match (self.timed_out, self.code) {
            (true, _) => format!("no end within {} s", self.elapsed.as_secs()),
            (false, Some(code)) => format!("exit code {code}"),
            (false, None) => "ended by a signal".to_owned(),
        }
    }
}

impl Job {
    pub fn new(program: impl Into<OsString>, folder: &Path) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            folder: folder.to_path_buf(),
            set: Vec::new(),
            removed: Vec::new(),
            stdin: Vec::new(),
            limit: None,
            watcher: None,
            changes_nothing: false,
            is_shown: false,
        }
    }

    /// A nested cargo, without what the outer cargo set for us: build scripts that watch those
    /// variables (ring's) would compile again whenever the two alternate.
    pub fn cargo(folder: &Path) -> Self {
        let mut job = Self::new(super::cargo(), folder);
        let ours = |name: &OsString| {
            let name = name.to_string_lossy();
            let names = ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || names.contains(&&*name)
        };
        job.removed = std::env::vars_os().map(|(name, _)| name).filter(ours).collect();
        job
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.set.push((name.into(), value.into()));
        self
    }

    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.removed.push(name.into());
        self
    }

    /// What the program reads; without it standard input is empty.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Shows every line to `watcher`, for progress.
    pub fn on_line(mut self, watcher: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Watcher(Arc::new(watcher)));
        self
    }

    /// A look: it is made in a dry run too, and not told as a call.
    pub fn changes_nothing(mut self) -> Self {
        self.changes_nothing = true;
        self
    }

    /// Shows the output as it comes, `--verbose` or not: for a compiler, whose words are the result.
    pub fn shown(mut self) -> Self {
        self.is_shown = true;
        self
    }

    /// Runs to the end; a non-zero exit code is an answer, not an error. With `--verbose` the
    /// output is shown as it comes. A dry run gives a good end without any output.
    pub async fn run(self, report: &Report) -> Result<Finished> {
        let verbose = report.verbose || self.is_shown;
        let program = self.program.to_string_lossy().into_owned();
        if !self.changes_nothing {
            let line = super::command_line(&self.set, &self.program, &self.args);
            if !report.call(&super::tool(&self.program), &line, &String::from_utf8_lossy(&self.stdin)) {
                return Ok(Finished::not_run());
            }
        }
        let run = tokio::task::spawn_blocking(move || self.run_blocking(verbose));
        run.await
            .context("the thread that waits for a program")?
            .with_context(|| format!("running {program}"))
    }

    /// Runs to the end and turns anything but success into a failure with the end of the output.
    pub async fn check(self, report: &Report, exit: Exit, doing: &str, fix: &str) -> Result<Finished> {
        let program = Path::new(&self.program).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let finished = self.run(report).await?;
        if finished.success() {
            return Ok(finished);
        }
        Err(Failure {
            exit,
            doing: doing.to_owned(),
            found: format!("{program} ended with {}.\n{}", finished.ending(), finished.tail),
            cause: String::new(),
            fix: fix.to_owned(),
        }
        .into())
    }

    fn run_blocking(self, verbose: bool) -> Result<Finished> {
        let started = Instant::now();
        let (out_reader, out_writer) = pipe()?;
        let (err_reader, err_writer) = pipe()?;
        let limit = self.limit;
        let handle = {
            let expression = self.expression().stdout_file(out_writer).stderr_file(err_writer).unchecked();
            expression.start()?
        };
        let group = Group::new(handle.pids().first().copied().unwrap_or_default());
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let collect = |reader| collect(reader, &tail, self.watcher.clone().filter(|_| !verbose), verbose);
        let (stdout, stderr) = (collect(out_reader), collect(err_reader));
        let ended = match limit {
            Some(limit) => handle.wait_timeout(limit)?.is_some(),
            None => true,
        };
        if !ended {
            end_in_order(group.0, &handle)?;
        }
        let code = handle.wait()?.status.code();
        drop(group);
        let stdout = stdout.join().unwrap_or_default();
        stderr.join().unwrap_or_default();
        let tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = tail.iter().cloned().collect::<Vec<String>>().join("\n");
        Ok(Finished { code, stdout, tail, timed_out: !ended, elapsed: started.elapsed() })
    }

    /// In a process group of its own: Ctrl-C reaches us alone, and we end the group in order.
    fn expression(&self) -> duct::Expression {
        let mut expression = duct::cmd(self.program.clone(), &self.args)
            .dir(&self.folder)
            .stdin_bytes(self.stdin.clone())
            .before_spawn(|command| {
                command.process_group(0);
                Ok(())
            });
        for name in &self.removed {
            expression = expression.env_remove(name);
        }
        for (name, value) in &self.set {
            expression = expression.env(name, value);
        }
        expression
    }
}

/// A registered process group; leaves the register when the run is over.
struct Group(u32);

impl Group {
    fn new(pid: u32) -> Self {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(pid);
        Self(pid)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Ends everything that is running: SIGTERM, three seconds, SIGKILL. For interrupts and deadlines.
pub async fn end_all() {
    let running = || RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for pid in running() {
        signal_group(pid, Signal::TERM);
    }
    let deadline = Instant::now() + KILL_GRACE;
    while !running().is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for pid in running() {
        signal_group(pid, Signal::KILL);
    }
}

fn signal_group(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // A group that is gone is what was wanted.
        let _ = kill_process_group(pid, signal);
    }
}

/// SIGTERM to the group, time for its leader to obey, SIGKILL to whoever is left.
fn end_in_order(group: u32, leader: &duct::Handle) -> std::io::Result<()> {
    signal_group(group, Signal::TERM);
    leader.wait_timeout(KILL_GRACE)?;
    signal_group(group, Signal::KILL);
    Ok(())
}

/// Reads one stream to its end: lines into the shared tail, all of it (bounded) as the answer.
fn collect(
    reader: PipeReader,
    tail: &Arc<Mutex<VecDeque<String>>>,
    watcher: Option<Watcher>,
    verbose: bool,
) -> JoinHandle<String> {
    let tail = Arc::clone(tail);
    std::thread::spawn(move || {
        let mut whole = String::new();
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            if verbose {
                Report::tool_output(&text);
            }
            if let Some(watcher) = &watcher {
                (watcher.0)(text.trim());
            }
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            if tail.len() == TAIL_LINES_MAX {
                tail.pop_front();
            }
            tail.push_back(text.trim_end().to_owned());
            if whole.len() + text.len() <= STDOUT_BYTES_MAX {
                whole.push_str(&text);
            }
        }
        whole
    })
}
