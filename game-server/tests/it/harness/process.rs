//! Child processes that are killed with the test, and whose log is shown when it fails.

use std::ffi::OsStr;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::harness::{eventually, http};

/// Lines of a log that a failed test shows.
const LOG_LINES_SHOWN: usize = 30;
/// Where the tests listen; see [`free_address`].
const PORT_MIN: u16 = 20_000;
const PORTS: u16 = 12_000;

/// A running program; dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with its output in a log file in `folder`.
    pub fn start<A: AsRef<OsStr>>(
        name: &str,
        program: impl AsRef<OsStr>,
        args: &[A],
        folder: &Path,
    ) -> Process {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log).expect("a log file");
        let errors = output.try_clone().expect("a second handle of the log file");
        let child = command(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("starting {name}: {error}"));
        Process { name: name.to_owned(), child, log }
    }

    /// Starts one role of the binary under test.
    pub fn role(name: &str, args: &[String], folder: &Path) -> Process {
        Process::start(name, env!("CARGO_BIN_EXE_game-server"), args, folder)
    }

    /// Waits until its admin port says that it is ready; panics when it ends before.
    pub async fn until_ready(&mut self, admin: SocketAddr) {
        eventually(&format!("{} is ready", self.name), async || {
            assert!(self.is_running(), "{} has ended before it was ready", self.name);
            let (status, _) = http::get(admin, "/readyz").await?;
            (status == 200).then_some(())
        })
        .await;
    }

    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGKILL, as a crash would; returns when it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// What it holds of this machine's memory.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("/proc");
        let field = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident set");
        let kibibytes = field.trim_end_matches("kB").trim().parse::<u64>().expect("a number");
        kibibytes * 1024
    }

    /// SIGTERM, without waiting for what it does.
    pub fn signal(&self) {
        self.send("TERM");
    }

    /// Any signal by its name, without waiting for what it does.
    pub fn send(&self, signal: &str) {
        send_signal(self.pid(), signal);
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGTERM; returns how it ended.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal();
        eventually(&format!("{} ends after SIGTERM", self.name), async || {
            self.child.try_wait().ok().flatten()
        })
        .await
    }

    fn end(&mut self) {
        // Both fail only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "--- log of {}\n{}", self.name, self.log_tail());
        }
    }
}

/// A signal by its name, for a process that a test has started.
pub fn send_signal(pid: u32, signal: &str) {
    let line = format!("kill -{signal} {pid}");
    let sent = command("sh").args(["-c", &line]).status().expect("a shell");
    assert!(sent.success(), "{line}");
}

/// The one place where tests start programs.
#[expect(clippy::disallowed_methods, reason = "tests have no processes.rs; this is theirs")]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

/// An address on loopback that nobody uses now and that no other caller in this process is given.
///
/// Below the range from which Linux draws the ports of outgoing connections (32768 and up): one of those, or a second
/// draw of the same port, would otherwise take it before the program that it is meant for listens there.
pub fn free_address() -> SocketAddr {
    static DRAWN: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16;
    loop {
        let port = PORT_MIN + first.wrapping_add(DRAWN.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
