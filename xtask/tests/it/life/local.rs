//! Edits of the game as one process.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use clap::Parser as _;
use serde_json::Value;
use xtask::binary::Binary;
use xtask::cli::Cli;
use xtask::context::Context;
use xtask::local::start;
use xtask::processes::ports::any_free;

use super::bed::{Dev, Workspace, get};

fn process(state: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(state.join("game-server/local/process.json")).ok()?).ok()
}

fn pid(state: &Path) -> u64 {
    process(state).unwrap()["identity"]["pid"].as_u64().unwrap()
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

/// What `up` leaves, without its release build: this build as the regular one.
async fn up_with(build: &Path, state: &Path, port: u16) -> start::Ensured {
    let port = port.to_string();
    let typed = ["xtask", "up", "--target", "local", "--quiet", "--port", &port];
    let mut context = Context::new(&Cli::parse_from(typed).global).unwrap();
    context.state = state.join("game-server");
    let binary = Binary { path: build.to_path_buf(), stamp: "regular".into(), identity: "regular".into() };
    start::ensure(&context, &binary, true).await.unwrap().expect("it is no dry run")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "builds the game server: cargo xtask ci --only local"]
async fn edits_are_swapped_in_and_nothing_of_it_stays() {
    let (workspace, state, port) = (Workspace::copy(), tempfile::tempdir().unwrap(), any_free().unwrap());
    let args = ["--target", "local", "--port", &port.to_string()];
    let folder = state.path().join("game-server/local");
    let missing =
        |text: &str| get(port, "/nope").is_some_and(|(status, body)| status == 404 && body.trim() == text);

    let dev = Dev::start(&workspace, state.path(), &args);
    dev.swaps(1).await;
    let (first, store) = (pid(state.path()), inode(&folder.join("data/ranking.sqlite")));

    workspace.say("edited once");
    dev.swaps(2).await;
    assert!(missing("edited once"));
    let second = pid(state.path());
    assert_ne!(first, second);
    assert_eq!(inode(&folder.join("data/ranking.sqlite")), store, "the store stays");

    workspace.break_code();
    dev.until("the compiler's words", || dev.log().contains("error[E0308]").then_some(())).await;
    dev.until("the warning", || dev.events("warning").into_iter().next()).await;
    assert!(missing("edited once"), "the build before runs on");
    assert_eq!(pid(state.path()), second);

    let edits = dev.edits();
    for save in 0..6 {
        workspace.say(&format!("save {save}"));
        tokio::time::sleep(std::time::Duration::from_millis(8)).await;
    }
    dev.swaps(3).await;
    assert!(missing("save 5"));
    assert_eq!(dev.edits(), edits + 1, "six quick saves are one edit");

    let third = pid(state.path());
    workspace.add_to_page("another page");
    let swap = dev.swaps(4).await;
    assert_eq!((swap["what"].as_str(), swap["compile_s"].as_f64()), (Some("the page"), Some(0.0)));
    assert!(get(port, "/").unwrap().1.contains("another page"));
    assert_eq!(pid(state.path()), third, "a page needs no other process");

    dev.end().await;
    assert!(get(port, "/").is_none(), "nothing ran before, nothing runs now");
    assert!(process(state.path()).is_none());
    assert!(!folder.join("game-server-dev").exists());
    assert!(folder.join("data/ranking.sqlite").exists());

    let build = state.path().join("regular");
    let built = Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("game-server");
    fs::copy(built, &build).unwrap();
    put_back(&workspace, state.path(), port, &build).await;
}

/// With a regular build up, it comes back; after a `dev` that was killed, `up` sees that it has something to do.
async fn put_back(workspace: &Workspace, state: &Path, port: u16, build: &Path) {
    let args = ["--target", "local", "--port", &port.to_string()];
    let is_development = || process(state).unwrap()["is_development"].as_bool().unwrap();
    up_with(build, state, port).await;
    let dev = Dev::start(workspace, state, &args);
    dev.swaps(1).await;
    assert!(is_development());
    dev.end().await;
    assert!(!is_development());
    assert_eq!(get(port, "/").unwrap().0, 200);
    assert!(!up_with(build, state, port).await.changed, "what `up` left is what runs");

    let dev = Dev::start(workspace, state, &args);
    dev.swaps(1).await;
    dev.kill().await;
    assert!(is_development());
    assert!(up_with(build, state, port).await.changed);
    assert!(!is_development());
    let down = crate::xtask(state, &["down", "--target", "local", "--data"]).await;
    assert_eq!(down.code, Some(0), "{}", down.tail);
    assert!(!state.join("game-server/local/game-server-dev").exists());
}
