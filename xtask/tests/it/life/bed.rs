//! A copy of the workspace to edit, and `cargo xtask dev` on it.

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::processes::daemon::{self, Identity};
use xtask::report::Report;

use crate::say;

/// A first build on a busy small machine; everything else that is waited for takes seconds.
const LIMIT: Duration = Duration::from_secs(900);
const LOOK_EVERY: Duration = Duration::from_millis(25);
const XTASK: &str = env!("CARGO_BIN_EXE_xtask");
/// The code that is edited: what the server answers where there is no page.
const EDITED: &str = "game-server/src/roles/gateway/assets.rs";
const ANSWER: &str = "there is no such page";

/// Sources that a test may edit.
pub struct Workspace(tempfile::TempDir);

impl Workspace {
    pub fn copy() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for name in ["Cargo.toml", "Cargo.lock", "game-server", "xtask", "manifests"] {
            copy(&root.join(name), &folder.path().join(name));
        }
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes the server say something else where there is no page.
    pub fn say(&self, text: &str) {
        let code =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(EDITED)).unwrap();
        assert!(code.contains(ANSWER));
        fs::write(self.path(EDITED), code.replace(ANSWER, text)).unwrap();
    }

    pub fn break_code(&self) {
        let code = fs::read_to_string(self.path(EDITED)).unwrap();
        fs::write(self.path(EDITED), format!("{code}\nfn broken() -> u8 {{ \"no number\" }}\n")).unwrap();
    }

    /// The page with a sentence more: one that lacks its parts would not be served.
    pub fn add_to_page(&self, text: &str) {
        let path = self.path("game-server/web/index.html");
        let page = fs::read_to_string(&path).unwrap();
        let end = page.find("</body>").expect("the end of the page");
        fs::write(path, format!("{}<p hidden>{text}</p>\n{}", &page[..end], &page[end..])).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        if entry.file_name() != "target" {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    }
}

/// `cargo xtask dev` at work; asked to end when it is dropped.
pub struct Dev {
    identity: Identity,
    log: PathBuf,
}

impl Dev {
    pub fn start(workspace: &Workspace, state: &Path, args: &[&str]) -> Self {
        let log = workspace.path("dev.log");
        // Dependencies are those that the tests were built with.
        let target = Path::new(XTASK).parent().and_then(Path::parent).unwrap();
        let set = |name: &str, value: &Path| OsString::from(format!("{name}={}", value.display()));
        let mut all = vec![
            set("XDG_STATE_HOME", state),
            set("CARGO_MANIFEST_DIR", &workspace.path("xtask")),
            set("CARGO_TARGET_DIR", target),
            XTASK.into(),
            "dev".into(),
            "--json".into(),
        ];
        all.extend(args.iter().map(OsString::from));
        let _ = fs::remove_file(&log);
        let program = Path::new("/usr/bin/env");
        let command = daemon::Command { program, args: &all, variables: &[] };
        let identity = daemon::start(&Report::quiet(), command, Path::new("/"), &log).unwrap().unwrap();
        Self { identity, log }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Events of one kind so far.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let log = self.log();
        let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| event["event"] == kind).collect()
    }

    /// How many edits it has noticed, the first build included.
    pub fn edits(&self) -> usize {
        self.events("note").iter().filter(|note| note["step"] == "edit").count()
    }

    /// Waits for that many swaps, and gives the last of them.
    pub async fn swaps(&self, count: usize) -> Value {
        let swaps =
            self.until(&format!("swap {count}"), || self.events("swap").into_iter().nth(count - 1)).await;
        say(&format!(
            "{}: {:.2} s from the edit on, compiler {:.2} s, the rest {:.2} s",
            swaps["what"].as_str().unwrap(),
            swaps["total_s"].as_f64().unwrap(),
            swaps["compile_s"].as_f64().unwrap(),
            swaps["rest_s"].as_f64().unwrap()
        ));
        swaps
    }

    pub async fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(self.identity.is_alive(), "dev has ended before {what}:\n{}", self.log());
            assert!(since.elapsed() < LIMIT, "not within {LIMIT:?}: {what}\n{}", self.log());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// As Ctrl-C: it puts back what was there, and ends.
    pub async fn end(self) {
        self.identity.terminate(&Report::quiet());
        assert!(self.identity.wait_for_end(LIMIT).await, "{}", self.log());
        assert!(self.events("error").is_empty(), "{}", self.log());
    }

    /// As a power cut: nothing is put back.
    pub async fn kill(self) {
        self.identity.kill(&Report::quiet());
        assert!(self.identity.wait_for_end(LIMIT).await);
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.identity.terminate(&Report::quiet());
        let since = Instant::now();
        while self.identity.is_alive() && since.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(LOOK_EVERY);
        }
        self.identity.kill(&Report::quiet());
    }
}

/// Status and body of `GET path`; nothing while nobody answers.
pub fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}
