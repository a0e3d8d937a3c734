//! Edits of the game on a real cluster, and what a restart of Docker does to it.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use xtask::processes::find;
use xtask::processes::job::{Finished, Job};
use xtask::report::Report;

use super::bed::{Dev, Workspace, get};
use crate::say;

/// Names a cluster that is up, as the stage `cluster` of `ci` does; its state is in XDG_STATE_HOME.
const GIVEN: &str = "GAME_SERVER_TEST_CLUSTER";
const NAME: &str = "game-server-life";
const PORT: u16 = 18086;

/// A cluster with the game on it.
struct Game {
    name: String,
    port: u16,
    state: PathBuf,
    _made: Option<tempfile::TempDir>,
}

impl Game {
    async fn up() -> Self {
        let game = match std::env::var(GIVEN).ok() {
            Some(name) => {
                let state = PathBuf::from(std::env::var_os("XDG_STATE_HOME").unwrap());
                let record =
                    std::fs::read(state.join("game-server").join(&name).join("cluster.json")).unwrap();
                let record: Value = serde_json::from_slice(&record).unwrap();
                let port = u16::try_from(record["published"]["port"].as_u64().unwrap()).unwrap();
                Self { name, port, state, _made: None }
            }
            None => {
                let made = tempfile::tempdir().unwrap();
                let state = made.path().to_path_buf();
                Self { name: NAME.to_owned(), port: PORT, state, _made: Some(made) }
            }
        };
        game.xtask("up").await;
        game
    }

    fn args(&self) -> Vec<String> {
        ["--target", "k3d", "--cluster", &self.name, "--port", &self.port.to_string()]
            .map(str::to_owned)
            .into()
    }

    async fn xtask(&self, command: &str) -> Finished {
        let args: Vec<String> = command.split(' ').map(str::to_owned).chain(self.args()).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ended = crate::xtask(&self.state, &args).await;
        assert_eq!(ended.code, Some(0), "{command}:\n{}", ended.tail);
        say(&format!("{command}: {:.1} s", ended.elapsed.as_secs_f64()));
        ended
    }

    /// The result of `status --json`.
    async fn status(&self) -> Value {
        let ended = self.xtask("status --json").await;
        serde_json::from_str::<Value>(ended.stdout.lines().last().unwrap()).unwrap()["result"].clone()
    }

    async fn ailments(&self) -> Vec<String> {
        let status = self.status().await;
        let all = status["ailments"].as_array().unwrap();
        all.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    fn container(&self, role: &str) -> String {
        format!("k3d-{}-{role}", self.name)
    }

    /// Every volume and argument of the pods, as text.
    async fn pods(&self) -> String {
        let kubeconfig = self.state.join("game-server").join(&self.name).join("kubeconfig");
        let context = format!("k3d-{}", self.name);
        let cluster =
            xtask::kubernetes::Kubernetes::connect(&Report::quiet(), &kubeconfig, &context).await.unwrap();
        let pods = cluster.list("v1", "Pod", Some("game-prod"), "").await.unwrap();
        let staying = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        staying.map(|pod| pod["spec"].to_string()).collect()
    }
}

async fn docker(args: &[&str]) -> Finished {
    let ended = Job::new("docker", Path::new("/")).args(args).run(&Report::quiet()).await.unwrap();
    assert!(ended.success(), "docker {}: {}", args.join(" "), ended.tail);
    ended
}

/// Why there can be no cluster here.
async fn missing() -> Option<String> {
    if find("docker").is_none() || find("k3d").is_none() {
        return Some("docker and k3d are not both on PATH".to_owned());
    }
    let asked = Job::new("docker", Path::new("/")).args(["version"]).run(&Report::quiet()).await;
    (!asked.unwrap().success()).then(|| "Docker does not answer".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Docker, k3d and minutes for a build: cargo test -p xtask --test it -- --ignored life::cluster::edits"]
async fn edits_reach_the_pods() {
    on_a_game(|game| Box::pin(edits(game))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Docker and k3d: cargo xtask ci --only cluster"]
async fn a_restart_of_docker_is_repaired() {
    on_a_game(|game| Box::pin(restarts(game))).await;
}

/// Takes away what it made, however it ends.
async fn on_a_game(life: impl for<'a> FnOnce(&'a Game) -> BoxFuture<'a, ()>) {
    if let Some(missing) = missing().await {
        return say(&format!("skipped: {missing}"));
    }
    let game = Game::up().await;
    let ended = AssertUnwindSafe(life(&game)).catch_unwind().await;
    if game._made.is_some() {
        game.xtask("down --yes").await;
    }
    ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

async fn edits(game: &Game) {
    let workspace = Workspace::copy();
    let args = game.args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let dev = Dev::start(&workspace, &game.state, &args);
    dev.swaps(1).await;
    let missing = |text: &str| get(game.port, "/nope").is_some_and(|(_, body)| body.trim() == text);
    for (count, text) in [(2, "edited once"), (3, "edited twice")] {
        workspace.say(text);
        dev.swaps(count).await;
        // One answer of each gateway, and then some.
        for _ in 0..6 {
            assert!(missing(text), "{:?}", get(game.port, "/nope"));
        }
    }
    workspace.add_to_page("another page");
    dev.swaps(4).await;
    for _ in 0..6 {
        assert!(get(game.port, "/").unwrap().1.contains("another page"));
    }
    workspace.break_code();
    dev.until("the warning", || dev.events("warning").into_iter().next()).await;
    assert!(missing("edited twice"), "the build before runs on");
    assert!(game.pods().await.contains("dev-build"));
    dev.end().await;
    assert!(!game.pods().await.contains("dev-build"), "the pods are as `up` left them");
    assert!(missing("there is no such page"));

    let dev = Dev::start(&workspace, &game.state, &args);
    dev.until("pods that take builds", || {
        dev.events("note").iter().any(|note| note["step"] == "edit").then_some(())
    })
    .await;
    dev.kill().await;
    assert!(game.pods().await.contains("dev-build"));
    game.xtask("up").await;
    assert!(!game.pods().await.contains("dev-build"), "`up` repairs what a killed `dev` left");
    let up = game.xtask("up").await;
    assert!(up.tail.contains("nothing to do"), "{}", up.tail);
}

async fn restarts(game: &Game) {
    let (server, balancer) = (game.container("server-0"), game.container("serverlb"));
    let agents = [game.container("agent-0"), game.container("agent-1")];
    assert_eq!(game.ailments().await, [] as [&str; 0]);

    // A restart of Docker, in the order that hurts: the load balancer looks up its nodes before they are there.
    docker(&["restart", &balancer, &server, &agents[0], &agents[1]]).await;
    let status = game.status().await;
    assert_eq!(status["state"], "broken", "{status}");
    game.xtask("start").await;
    assert_eq!(get(game.port, "/").unwrap().0, 200);
    let status = game.status().await;
    assert_eq!(status["state"], "running", "{status}");

    // A reboot after which nothing came back, and addresses change hands.
    docker(&["stop", &balancer, &agents[0], &agents[1], &server]).await;
    assert_eq!(game.status().await["state"], "asleep");
    docker(&["start", &balancer, &agents[1], &agents[0], &server]).await;
    game.xtask("up").await;
    assert_eq!(game.ailments().await, [] as [&str; 0]);
    assert_eq!(get(game.port, "/").unwrap().0, 200);

    // One node, and the load balancer, gone for good until somebody starts them.
    docker(&["kill", &agents[1], &balancer]).await;
    assert_eq!(game.ailments().await, ["container-asleep", "container-asleep"]);
    game.xtask("up").await;

    game.xtask("stop").await;
    assert_eq!(game.status().await["state"], "asleep");
    game.xtask("start").await;
    assert_eq!(game.ailments().await, [] as [&str; 0]);
    let up = game.xtask("up").await;
    assert!(up.tail.contains("nothing to do"), "{}", up.tail);
}
