//! Two clusters of ours at once: nothing that belongs to one touches the other, not even half-way through a command.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use xtask::processes::daemon;
use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

use super::{MANIFESTS_VARIABLE, assert_played, containers, docker, manifests, path, state};

/// Names and ports that no developer uses by accident.
const ONE: (&str, &str) = ("tg-one", "18201");
const TWO: (&str, &str) = ("tg-two", "18202");
/// A command that looks at a cluster and removes thirty objects, on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Small clusters: one node besides the server, and no load balancer.
async fn xtask(folder: &tempfile::TempDir, args: &[&str]) -> Finished {
    let job = Job::new(env!("CARGO_BIN_EXE_xtask"), Path::new("/")).args(args).env("NO_COLOR", "1");
    let job = job.env("XDG_STATE_HOME", state()).env(MANIFESTS_VARIABLE, path(folder));
    let job = job.env("XTASK_TARGETS", folder.path().join("targets.yaml"));
    job.run(&Report::quiet()).await.unwrap()
}

async fn tried(folder: &tempfile::TempDir, cluster: (&str, &str), command: &[&str]) -> Finished {
    let (name, port) = cluster;
    let flags = ["--target", "k3d", "--direct", "--cluster", name, "--port", port];
    xtask(folder, &[command, &flags[..]].concat()).await
}

async fn on(folder: &tempfile::TempDir, cluster: (&str, &str), command: &[&str]) -> Finished {
    let ended = tried(folder, cluster, command).await;
    assert_eq!(ended.code, Some(0), "{command:?} on {}: {}", cluster.0, ended.tail);
    ended
}

/// The last part of `up` is a match, in which states may be late: two clusters come up at once on one machine.
async fn up(folder: &tempfile::TempDir, cluster: (&str, &str)) {
    let ended = tried(folder, cluster, &["up"]).await;
    assert!(matches!(ended.code, Some(0 | 8)), "up on {}: {}", cluster.0, ended.tail);
}

fn kubeconfig(cluster: (&str, &str)) -> PathBuf {
    state().join("game-server").join(cluster.0).join("kubeconfig")
}

/// What runs on a cluster, with what changes when it is made anew.
async fn workloads(cluster: (&str, &str)) -> String {
    let server = format!("k3d-{}-server-0", cluster.0);
    let get = ["kubectl", "get", "deployments,statefulsets,daemonsets", "--namespace", "game-prod"];
    let columns = "custom-columns=NAME:.metadata.name,UID:.metadata.uid,GENERATION:.metadata.generation";
    let ended = [&["exec", &server], &get[..], &["--no-headers", "--output", columns]].concat();
    docker(&ended).await
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn two_clusters_live_side_by_side() {
    let small = manifests("cluster/k3d.yaml", |text| {
        text.replace("agents: 2", "agents: 1").replace("- agent:1\n", "- server:0\n")
    });
    let lived = std::panic::AssertUnwindSafe(life(&small));
    let lived = futures_util::FutureExt::catch_unwind(lived).await;
    for cluster in [ONE, TWO] {
        on(&small, cluster, &["down", "--yes"]).await;
    }
    if let Err(panic) = lived {
        std::panic::resume_unwind(panic);
    }
}

async fn life(small: &tempfile::TempDir) {
    tokio::join!(up(small, ONE), up(small, TWO));
    for cluster in [ONE, TWO] {
        let status = on(small, cluster, &["status"]).await.stdout;
        assert!(status.contains(&format!("127.0.0.1:{}", cluster.1)), "{status}");
        assert!(status.contains(&kubeconfig(cluster).display().to_string()), "{status}");
        assert_played(&tried(small, cluster, &["verify"]).await);
    }
    switched_half_way(small).await;
    let before = workloads(TWO).await;
    on(small, ONE, &["down", "--yes"]).await;
    assert_eq!(containers(ONE.0).await, Vec::<String>::new());
    assert_played(&tried(small, TWO, &["verify"]).await);
    assert_eq!(workloads(TWO).await, before);
}

/// A command is held before its first write, its kubeconfig is made to lead to the other cluster, and it goes on.
async fn switched_half_way(small: &tempfile::TempDir) {
    let file = small.path().join("kubeconfig");
    fs::copy(kubeconfig(ONE), &file).unwrap();
    let (context, shown) = (format!("k3d-{}", ONE.0), file.display().to_string());
    let image = ["--image", "127.0.0.1:1/team/game-server", "--kubeconfig", &shown];
    let added =
        xtask(small, &[&["targets", "add", "pinned", "--context", &context], &image[..]].concat()).await;
    assert_eq!(added.code, Some(0), "{}", added.tail);
    let before = (workloads(ONE).await, workloads(TWO).await);
    assert!(before.0.contains("gateway") && before.1.contains("gateway"), "{before:?}");

    let log = small.path().join("log");
    let program = Path::new("/usr/bin/env");
    let command = daemon::Command { program, args: &held(small), variables: &[] };
    let identity = daemon::start(&Report::quiet(), command, Path::new("/"), &log);
    let identity = identity.unwrap().unwrap();
    let stat = format!("/proc/{}/stat", identity.pid);
    let is_held = || fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "));
    let since = Instant::now();
    while !is_held() {
        assert!(identity.is_alive() && since.elapsed() < LIMIT, "{}", fs::read_to_string(&log).unwrap());
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let other = fs::read_to_string(kubeconfig(TWO)).unwrap().replace(TWO.0, ONE.0);
    fs::write(&file, other).unwrap();
    kill_process(Pid::from_raw(identity.pid as i32).unwrap(), Signal::CONT).unwrap();
    assert!(identity.wait_for_end(LIMIT).await);

    let log = fs::read_to_string(&log).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert!(last["result"]["removed"].as_u64().is_some_and(|count| count > 20), "{log}");
    assert_eq!(workloads(ONE).await, "", "what was pinned was worked on");
    assert_eq!(workloads(TWO).await, before.1, "and nothing else");
    let refused = xtask(small, &["down", "--yes", "--target", "pinned"]).await;
    assert_eq!(refused.code, Some(4), "{}", refused.tail);
    assert!(refused.tail.contains("leads to https://"), "{}", refused.tail);
}

/// `down` on the pinned cluster, which stops itself before it removes anything.
fn held(small: &tempfile::TempDir) -> Vec<OsString> {
    let set = |name: &str, value: &Path| OsString::from(format!("{name}={}", value.display()));
    let mut words = vec![
        set("XDG_STATE_HOME", &state()),
        set(MANIFESTS_VARIABLE, small.path()),
        set("XTASK_TARGETS", &small.path().join("targets.yaml")),
        set("XTASK_STOP_AT", Path::new("down:STOP")),
        env!("CARGO_BIN_EXE_xtask").into(),
    ];
    words.extend(["down", "--yes", "--json", "--target", "pinned"].map(OsString::from));
    words
}
