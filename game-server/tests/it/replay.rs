//! Logs of a load test: replayed to the same hashes, meddled with, cut off, and watched.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;

use game_server::domain::{RosterEntry, SPECTATOR};

use crate::harness::eventually;
use crate::harness::http::get;
use crate::harness::player::Player;
use crate::harness::process::{Process, command, free_address};
use crate::harness::servers::All;

const WATCHER: &str = "the key of one who watches";

/// Twelve bots in two rooms for a few seconds, and a host that ends in order.
async fn logs_of_a_load() -> (All, PathBuf) {
    let mut server = All::start(60).await;
    let url = format!("http://{}", server.gateway);
    let load = tokio::task::spawn_blocking(move || {
        game_server(&["bots", "--players", "12", "--seconds", "4", "--url", &url])
    });
    let load = load.await.expect("the load ran");
    assert!(load.status.success(), "{}", text(&load));
    // The first ends in order, the second does not wait for matches.
    server.process.signal();
    server.process.terminate().await;
    let folder = server.data().join("replays");
    (server, folder)
}

fn game_server(args: &[&str]) -> Output {
    command(env!("CARGO_BIN_EXE_game-server")).args(args).output().expect("the binary starts")
}

fn replay(path: &Path, flags: &[&str]) -> Output {
    game_server(&[&["replay", path.to_str().expect("a readable path")], flags].concat())
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The largest log: the one with most people in it.
fn largest(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).expect("the folder of logs").flatten().map(|file| file.path());
    files.max_by_key(|path| fs::metadata(path).map_or(0, |about| about.len())).expect("a log")
}

#[tokio::test]
async fn every_match_of_a_load_comes_out_the_same() {
    let (_server, folder) = logs_of_a_load().await;
    let output = replay(&folder, &[]);
    assert!(output.status.success(), "{}", text(&output));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.lines().count() >= 2 && told.lines().all(|line| line.ends_with("the same match")), "{told}");
    damaged_logs_are_told_apart(&folder);
    anybody_can_watch(&largest(&folder)).await;
}

fn damaged_logs_are_told_apart(folder: &Path) {
    let whole = fs::read(largest(folder)).expect("a log");
    let path = folder.join("meddled");
    fs::write(&path, &whole[..whole.len() - 3]).expect("a file");
    let cut = replay(&path, &[]);
    assert!(!cut.status.success() && text(&cut).contains("--partial"), "{}", text(&cut));
    assert!(replay(&path, &["--partial"]).status.success());
    let mut damaged = whole.clone();
    let at = damaged.len() - 3;
    damaged[at] ^= 1;
    fs::write(&path, &damaged).expect("a file");
    let output = replay(&path, &["--partial"]);
    assert!(!output.status.success() && text(&output).contains("damaged"), "{}", text(&output));
    fs::remove_file(&path).expect("the file is there");
}

async fn anybody_can_watch(path: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let address: SocketAddr = free_address();
    let args = ["replay".to_owned(), path.display().to_string(), format!("--serve={address}")];
    let mut theatre = Process::role("theatre", &args, folder.path());
    eventually("the page is served", async || get(address, "/").await).await;
    let mut watcher = Player::join(address, WATCHER, "Watcher").await;
    let is_bot = |entry: &RosterEntry| entry.name.starts_with("Bot");
    watcher
        .until("people in the match", |watcher| watcher.states > 10 && watcher.roster.iter().any(is_bot))
        .await;
    assert_eq!(watcher.welcome.slot, SPECTATOR);
    assert!(theatre.terminate().await.success());
}
