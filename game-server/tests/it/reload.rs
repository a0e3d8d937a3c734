//! `game-server reload`: one place, one build after the other.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::eventually;
use crate::harness::http::get;
use crate::harness::process::{Process, free_address};

const BUILD: &str = env!("CARGO_BIN_EXE_game-server");

/// Puts a new build in the place of the old one, as a whole.
fn put(binary: &Path, fill: impl FnOnce(&Path)) {
    let beside = binary.with_extension("new");
    fill(&beside);
    fs::rename(beside, binary).expect("replacing the build");
}

fn copy_of_this_build(beside: &Path) {
    fs::copy(BUILD, beside).expect("copying the build");
}

fn build_that_fails(beside: &Path) {
    fs::write(beside, "#!/bin/sh\nexit 3\n").expect("writing a script");
    fs::set_permissions(beside, fs::Permissions::from_mode(0o755)).expect("making it a program");
}

/// Waits until a process that started at another time is ready; gives its start.
async fn another(admin: SocketAddr, than: f64) -> f64 {
    eventually("another process is ready", async || {
        get(admin, "/readyz").await.filter(|(status, _)| *status == 200)?;
        let (_, metrics) = get(admin, "/metrics").await?;
        let line = metrics.lines().find(|line| line.starts_with("process_start_time_seconds "))?;
        line.rsplit(' ').next()?.parse().ok().filter(|start| *start != than)
    })
    .await
}

#[tokio::test]
async fn a_replaced_build_runs_in_the_place_of_the_old_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (binary, data) = (folder.path().join("build"), folder.path().join("data"));
    let (listen, admin) = (free_address(), free_address());
    let args = format!(
        "reload --binary {} -- all --listen {listen} --admin-listen {admin} --data-dir {}",
        binary.display(),
        data.display()
    );
    let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
    let mut place = Process::role("reload", &args, folder.path());
    let own = another(admin, 0.0).await;
    place.send("HUP");
    put(&binary, copy_of_this_build);
    let first = another(admin, own).await;
    place.send("HUP");
    put(&binary, build_that_fails);
    eventually("the failing build has taken its place", async || {
        get(admin, "/readyz").await.is_none().then_some(())
    })
    .await;
    put(&binary, copy_of_this_build);
    another(admin, first).await;
    assert!(data.join("ranking.sqlite").exists(), "the store stays");
    assert!(place.terminate().await.success());
    assert!(get(admin, "/readyz").await.is_none(), "the role went with it");
}
