//! Killed, Ctrl-C or SIGTERM at any step: the same command goes on from there, and `down` leaves nothing.

use super::{MANIFESTS_VARIABLE, NAME, Typed, containers, docker, manifests, path, typed, up};

/// Variable of the program under test: a place, and the signal that it sends itself there.
const STOP: &str = "XTASK_STOP_AT";
const SIGNALS: [&str; 3] = ["KILL", "INT", "TERM"];

async fn stopped(args: &[&str], manifests: Option<&str>, place: &str, signal: &str) {
    let mut command = Typed::new(args).variable(STOP, format!("{place}:{signal}"));
    if let Some(folder) = manifests {
        command = command.variable(MANIFESTS_VARIABLE, folder);
    }
    let ended = command.run().await;
    let expected = if signal == "KILL" { None } else { Some(130) };
    assert_eq!(ended.code, expected, "{args:?} at {place} with {signal}:\n{}", ended.tail);
    if signal != "KILL" {
        assert!(ended.tail.contains("run the same command again"), "{}", ended.tail);
    }
}

/// Nothing of the cluster is left in Docker, and no kubeconfig.
async fn nothing_is_left() {
    assert_eq!(containers(NAME).await, Vec::<String>::new());
    let networks = docker(&["network", "ls", "--format", "{{.Name}}"]).await;
    assert!(!networks.lines().any(|name| name == format!("k3d-{NAME}")), "{networks}");
    let volumes = docker(&["volume", "ls", "--format", "{{.Name}}"]).await;
    assert!(!volumes.contains(&format!("k3d-{NAME}")), "{volumes}");
    let folder = super::state().join("game-server").join(NAME);
    for file in ["kubeconfig", "cluster.json", "k3d"] {
        assert!(!folder.join(file).exists(), "{file} is left");
    }
    let images = docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "game-server"]).await;
    let loaded = std::fs::read_to_string(super::state().join("game-server/loaded.json")).unwrap();
    let loaded: Vec<String> = serde_json::from_str(&loaded).unwrap();
    assert!(
        !images.lines().any(|image| loaded.iter().any(|one| one == image)),
        "images of ours are left: {images}"
    );
}

/// True when `up` would go on with the cluster that is there.
fn is_made() -> bool {
    let record = super::state().join("game-server").join(NAME).join("cluster.json");
    let record = std::fs::read(record).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    record.is_some_and(|record: serde_json::Value| record["complete"] == true)
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn a_deploy_goes_on_from_every_step() {
    up().await;
    let places = ["deploy", "build", "image", "deliver", "deploy-begun", "rollout"];
    for (index, place) in places.into_iter().enumerate() {
        // Each stop has something to deploy: what the one before it had begun may be done by now.
        let change = |number: usize| {
            let cpu = format!("cpu: 3{index}{number}m");
            manifests("lobby.yaml", |text| text.replace("cpu: 20m", &cpu))
        };
        for (number, signal) in SIGNALS.into_iter().enumerate() {
            stopped(&["deploy"], Some(&path(&change(number))), place, signal).await;
        }
        let changed = change(SIGNALS.len() - 1);
        Typed::new(&["deploy"]).variable(MANIFESTS_VARIABLE, path(&changed)).ends_with(0).await;
        let plan = Typed::new(&["plan"]).variable(MANIFESTS_VARIABLE, path(&changed)).ends_with(0).await;
        assert!(plan.stdout.contains("nothing would change"), "{place}: {}", plan.stdout);
    }
    up().await;
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn an_image_goes_on_from_every_step() {
    up().await;
    let places = ["build", "image", "deliver", "deliver-streams"];
    for (place, signal) in places.into_iter().flat_map(|place| SIGNALS.map(|signal| (place, signal))) {
        let node = format!("k3d-{NAME}-agent-0");
        let names = docker(&["exec", &node, "ctr", "--namespace", "k8s.io", "images", "ls", "--quiet"]).await;
        let name = names.lines().find(|name| name.contains("/game-server:")).unwrap().to_owned();
        docker(&["exec", &node, "ctr", "--namespace", "k8s.io", "images", "rm", &name]).await;
        stopped(&["image"], None, place, signal).await;
        typed(&["image"]).await;
        let plan = typed(&["plan"]).await;
        assert!(plan.stdout.contains("nothing would change"), "{place} {signal}: {}", plan.stdout);
    }
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn an_up_goes_on_from_every_step_and_down_leaves_nothing() {
    typed(&["down", "--yes"]).await;
    // Before anything is made, while it is made, and after every part of it; a cluster that may be half made is made anew.
    let places =
        ["doctor", "cluster-recorded", "cluster-made", "label", "deliver", "deploy-begun", "rollout"];
    for (place, signal) in places.into_iter().flat_map(|place| SIGNALS.map(|signal| (place, signal))) {
        if place == "rollout" && is_made() {
            // In a cluster that is kept, the pods of the stop before may run by now: no rollout to stop.
            typed(&["down", "--yes"]).await;
        }
        stopped(&["up"], None, place, signal).await;
    }
    up().await;
    for signal in SIGNALS {
        stopped(&["up"], None, "verify", signal).await;
    }
    up().await;
    for signal in SIGNALS {
        stopped(&["label"], None, "label", signal).await;
    }
    typed(&["label"]).await;
    for place in ["cluster", "cluster-deleted", "image"] {
        for signal in SIGNALS {
            stopped(&["down", "--yes"], None, place, signal).await;
        }
    }
    typed(&["down", "--yes"]).await;
    nothing_is_left().await;
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn a_creation_that_was_killed_is_taken_away_whole() {
    typed(&["down", "--yes"]).await;
    for signal in SIGNALS {
        // k3d itself is at work at this moment: what Docker was asked to do still happens.
        let typed_up = Typed::new(&["cluster"]).variable(STOP, format!("k3d-runs:{signal}"));
        let ended = typed_up.run().await;
        assert_ne!(ended.code, Some(0), "{}", ended.tail);
        typed(&["down", "--yes"]).await;
        nothing_is_left().await;
    }
}
