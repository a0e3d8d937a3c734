//! The life cycle on a real cluster: the stage `cluster` of `cargo xtask ci` runs these, one after the other.
//!
//! They share one cluster of their own, which the first one makes; the stage takes it away at the end.

mod causes;
mod converge;
mod delivery;
mod identity;
mod interruption;
mod leftovers;
mod nothing_to_do;
mod others;
mod side_by_side;

use std::path::{Path, PathBuf};

use serde_json::Value;
use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

/// A name and a port that no developer uses by accident.
pub const NAME: &str = "game-server-it";
pub const PORT: u16 = 18082;

/// Where these tests keep what they know of the cluster; the stage names it, so that it can take the cluster away.
/// By hand: `XDG_STATE_HOME=/tmp/it GAME_SERVER_TEST_CLUSTER=game-server-it cargo test -p xtask --test it -- --ignored cluster::`.
pub fn state() -> PathBuf {
    let folder = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    folder.unwrap_or_else(|| std::env::temp_dir().join("game-server-it-state"))
}

/// One run of the program, as typed, on the cluster of these tests.
pub struct Typed {
    args: Vec<String>,
    variables: Vec<(&'static str, String)>,
    port: u16,
}

impl Typed {
    pub fn new(args: &[&str]) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { args, variables: Vec::new(), port: PORT }
    }

    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    pub fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub async fn run(self) -> Finished {
        let port = self.port.to_string();
        let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/"))
            .args(&self.args)
            .args(["--target", "k3d", "--cluster", NAME, "--port", &port])
            .env("XDG_STATE_HOME", state())
            .env("NO_COLOR", "1");
        let job = self.variables.into_iter().fold(job, |job, (name, value)| job.env(name, value));
        job.run(&Report::quiet()).await.unwrap()
    }

    /// Runs it and insists on the exit code.
    pub async fn ends_with(self, code: i32) -> Finished {
        let typed = self.args.join(" ");
        let ended = self.run().await;
        assert_eq!(ended.code, Some(code), "{typed} ended with {}:\n{}", ended.ending(), ended.tail);
        ended
    }
}

/// Types a command that must succeed.
pub async fn typed(args: &[&str]) -> Finished {
    Typed::new(args).ends_with(0).await
}

/// Types a command with `--json`; gives its events.
pub async fn events(args: &[&str]) -> Vec<Value> {
    let ended = typed(&[args, &["--json"]].concat()).await;
    ended.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Makes sure that the game is up.
pub async fn up() {
    typed(&["up"]).await;
}

/// A program of this machine that must succeed; gives what it prints.
pub async fn run(program: &str, args: &[&str]) -> String {
    let job = Job::new(program, Path::new("/")).args(args);
    let ended = job.run(&Report::quiet()).await.unwrap();
    assert!(ended.success(), "{program} {} ended with {}:\n{}", args.join(" "), ended.ending(), ended.tail);
    ended.stdout
}

/// `docker` with these arguments.
pub async fn docker(args: &[&str]) -> String {
    run("docker", args).await
}

/// A line that the stage shows: times, which decide nothing.
pub fn figure(text: &str) {
    Report::new(false, false, false).line(text);
}

/// The containers of a cluster, whatever their state.
pub async fn containers(cluster: &str) -> Vec<String> {
    let label = format!("label=k3d.cluster={cluster}");
    let list = docker(&["ps", "--all", "--filter", &label, "--format", "{{.Names}}"]).await;
    list.lines().map(str::to_owned).collect()
}

/// A copy of the manifests with a file of it changed; the folder goes with the value.
pub fn manifests(file: &str, change: impl Fn(&str) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("manifests");
    for name in files(&from).into_iter().chain(["cluster/k3d.yaml".to_owned()]) {
        let text = std::fs::read_to_string(from.join(&name)).unwrap();
        let text = if name == file { change(&text) } else { text };
        let path = folder.path().join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.path().is_file());
    files.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// A `verify` in which everything was done and seen. How often states come says how busy this machine is, and decides
/// nothing here.
pub fn assert_played(ended: &Finished) {
    let failed = ended.tail.lines().filter(|line| line.trim_start().starts_with("FAIL "));
    let is_well = failed.into_iter().all(|line| line.trim_start().starts_with("FAIL  states "));
    let is_whole = ended.tail.lines().any(|line| line.trim_start().starts_with("ok    leave "));
    assert!(is_well && is_whole && matches!(ended.code, Some(0 | 8)), "{}", ended.tail);
}

/// Variable that puts a changed copy in the place of the manifests.
pub const MANIFESTS_VARIABLE: &str = "XTASK_MANIFESTS";

/// That copy as the variable's value.
pub fn path(folder: &tempfile::TempDir) -> String {
    folder.path().display().to_string()
}
