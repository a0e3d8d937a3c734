//! The rollout from the last build that knew no proofs, on a real cluster: both builds play together, and once the last
//! old pod is gone nobody is let in without.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::Value;
use xtask::kubernetes::Kubernetes;
use xtask::kubernetes::objects::Id;
use xtask::processes::find;
use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

use crate::cluster::assert_played;
use crate::say;

/// The last commit whose pods prove nothing to each other.
const BEFORE: &str = "c05093c";
const NAME: &str = "game-server-proofs";
const PORT: &str = "18087";
/// A release build, twice, and a rollout that waits for a match.
const LIMIT: Duration = Duration::from_secs(3_600);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

async fn run(program: &str, args: &[&str], folder: &Path) -> Finished {
    Job::new(program, folder).args(args).limit(LIMIT).run(&Report::quiet()).await.unwrap()
}

/// The sources of before, as a clone would have them; nothing where the history does not reach that far.
async fn before(folder: &Path) -> Option<PathBuf> {
    let archive = folder.join("before.tar");
    let file = archive.display().to_string();
    if !run("git", &["archive", "--output", &file, BEFORE], &root()).await.success() {
        return None;
    }
    let sources = folder.join("before");
    std::fs::create_dir(&sources).unwrap();
    let unpacked = run("tar", &["-xf", &file, "-C", &sources.display().to_string()], folder).await;
    assert!(unpacked.success(), "{}", unpacked.tail);
    Some(sources)
}

/// Types a command of the clone in this folder.
async fn typed(clone: &Path, state: &Path, args: &[&str]) -> Finished {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let job = Job::cargo(clone).args(["xtask"]).args(args);
    let job = job.args(["--target", "k3d", "--cluster", NAME, "--port", PORT]);
    let job = job.env("XDG_STATE_HOME", state).env("CARGO_TARGET_DIR", target).env("NO_COLOR", "1");
    job.limit(LIMIT).run(&Report::quiet()).await.unwrap()
}

async fn succeeds(clone: &Path, state: &Path, args: &[&str]) -> Finished {
    let ended = typed(clone, state, args).await;
    assert_eq!(ended.code, Some(0), "{args:?}:\n{}", ended.tail);
    ended
}

async fn secret(state: &Path) -> Value {
    let kubeconfig = state.join("game-server").join(NAME).join("kubeconfig");
    let cluster = Kubernetes::connect(&Report::quiet(), &kubeconfig, &format!("k3d-{NAME}")).await.unwrap();
    let id = Id::new("v1", "Secret", Some("game-prod"), "game-secrets");
    cluster.get(&id).await.unwrap().expect("the Secret of the game")["data"].clone()
}

async fn proofs(state: &Path) -> Value {
    let ended = succeeds(&root(), state, &["status", "--json"]).await;
    let result = ended.stdout.lines().last().expect("a result");
    serde_json::from_str::<Value>(result).unwrap()["result"]["proofs"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Docker, k3d and minutes for a second build: cargo test -p xtask --test it -- --ignored life::proofs"]
async fn the_build_before_proofs_is_replaced_while_people_play() {
    if find("docker").is_none() || find("k3d").is_none() {
        return say("skipped: docker and k3d are not both on PATH");
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(clone) = before(folder.path()).await else {
        return say(&format!("skipped: {BEFORE} is not in the history of this clone"));
    };
    let state = folder.path().join("state");
    let lived = std::panic::AssertUnwindSafe(rollout(&clone, &state)).catch_unwind().await;
    typed(&root(), &state, &["down", "--yes"]).await;
    lived.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

async fn rollout(clone: &Path, state: &Path) {
    succeeds(clone, state, &["up"]).await;
    let old = secret(state).await;
    assert_eq!(old.as_object().unwrap().len(), 1, "{BEFORE} draws one secret");
    assert_eq!(proofs(state).await["required"], false);

    let is_over = AtomicBool::new(false);
    let deploying = async {
        let ended = succeeds(&root(), state, &["deploy"]).await;
        is_over.store(true, Ordering::Release);
        ended
    };
    let playing = async {
        let mut played = 0;
        while !is_over.load(Ordering::Acquire) {
            let url = format!("http://127.0.0.1:{PORT}");
            assert_played(&typed(&root(), state, &["verify", "--url", &url]).await);
            played += 1;
        }
        played
    };
    let (deployed, played) = tokio::join!(deploying, playing);
    assert!(deployed.tail.contains("required by"), "{}", deployed.tail);
    say(&format!("{played} matches were played while every pod was replaced"));
    assert!(played >= 2, "before, while and after two builds were mixed");

    let new = secret(state).await;
    assert_eq!(new["ticket-secret"], old["ticket-secret"], "made once, kept");
    let said = proofs(state).await;
    assert_eq!((&said["required"], &said["accepting"]), (&true.into(), &0.into()), "{said}");
    assert_played(&typed(&root(), state, &["verify"]).await);

    let again = succeeds(&root(), state, &["deploy"]).await;
    assert!(again.tail.contains("nothing to do"), "{}", again.tail);
    assert_eq!(secret(state).await, new, "nothing is drawn twice");
}
