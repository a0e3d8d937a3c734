//! A cluster from nothing to nothing.

use xtask::processes::find;

use super::{Place, of};
use crate::cluster::{MANIFESTS_VARIABLE, docker, manifests, path};
use crate::say;
use crate::schema::Schema;

/// A name and ports that no developer uses by accident.
const NAME: &str = "game-server-dry";
const PORT: &str = "18084";
const OTHER_PORT: &str = "18085";

#[tokio::test]
#[ignore = "needs Docker and k3d: cargo xtask ci --only cluster"]
async fn what_is_said_is_done() {
    if find("k3d").is_none() {
        return say("skipped: k3d is not installed");
    }
    let state = tempfile::tempdir().unwrap();
    let place = |flags| Place { state: state.path(), flags };
    let here = place(&["--target", "k3d", "--cluster", NAME, "--port", PORT]);
    // Ended in any case: what an assertion interrupts is still taken away.
    let lived = std::panic::AssertUnwindSafe(life(&here, &place));
    let lived = futures_util::FutureExt::catch_unwind(lived).await;
    here.run(&["down"], &[]).await;
    if let Err(panic) = lived {
        std::panic::resume_unwind(panic);
    }
}

async fn life<'a>(here: &Place<'a>, place: &impl Fn(&'a [&'a str]) -> Place<'a>) {
    // Its tag is the hash of what is built: known before, it can be compared.
    here.run(&["image", "--no-deliver"], &[]).await;

    let first = here.same(&["up"], &[]).await;
    assert!(of(&first, "k3d")[0].ends_with("k3d cluster create --config -"), "{first:?}");
    assert!(of(&first, "k3d")[1].contains(&format!("name: {NAME}")), "the config is told: {first:?}");
    assert!(of(&first, "kubernetes").len() > 20, "{first:?}");
    let nodes = first.keys().filter(|lane| lane.starts_with("exec "));
    assert_eq!(nodes.count(), 3, "all images of a node in one command: {first:?}");

    let second = here.same(&["up"], &[]).await;
    assert_eq!(second.keys().collect::<Vec<_>>(), ["game-server"], "a look as a player: {second:?}");
    assert!(here.same(&["deploy"], &[]).await.is_empty());
    assert!(here.same(&["label"], &[]).await.is_empty());

    what_differs_is_told(here).await;

    let moved =
        place(&["--target", "k3d", "--cluster", NAME, "--port", OTHER_PORT]).same(&["cluster"], &[]).await;
    assert_eq!(of(&moved, "k3d").len(), 2, "{moved:?}");

    for command in ["stop", "start", "down"] {
        let calls = here_or_moved(here, command).await;
        assert!(of(&calls, "k3d")[0].contains(" k3d cluster "), "{command}: {calls:?}");
    }
    real_output_is_valid(here).await;
}

/// A label that somebody took away, and an object that left the manifests.
async fn what_differs_is_told(here: &Place<'_>) {
    let (server, node) = (format!("k3d-{NAME}-server-0"), format!("k3d-{NAME}-agent-0"));
    docker(&["exec", &server, "kubectl", "label", "node", &node, "workload-"]).await;
    let labelled = here.same(&["label"], &[]).await;
    let expected = format!(r#"label Node/{node}: {{"workload":"compute"}}"#);
    assert_eq!(of(&labelled, "kubernetes"), [expected]);
    let fewer = manifests("chat.yaml", |text| {
        let documents = text.split("\n---\n").filter(|one| !one.contains("kind: HorizontalPodAutoscaler"));
        documents.collect::<Vec<_>>().join("\n---\n")
    });
    let pruned = here.same(&["deploy"], &[(MANIFESTS_VARIABLE, &path(&fewer))]).await;
    let gone = "delete HorizontalPodAutoscaler/chat in game-prod".to_owned();
    assert!(of(&pruned, "kubernetes").contains(&gone), "{pruned:?}");
    here.same(&["deploy"], &[]).await;
}

/// The port that was moved is remembered: it need not be named again.
async fn here_or_moved(here: &Place<'_>, command: &str) -> super::Lanes {
    Place { state: here.state, flags: &["--target", "k3d", "--cluster", NAME] }.same(&[command], &[]).await
}

/// Events of a cluster's commands hold the schema as well.
async fn real_output_is_valid(here: &Place<'_>) {
    let schema = Schema::of_events();
    for command in ["up", "plan", "doctor"] {
        let ended = here.run(&[command, "--dry-run"], &[]).await;
        for line in ended.stdout.lines() {
            schema
                .check(&serde_json::from_str(line).unwrap())
                .unwrap_or_else(|wrong| panic!("{command}: {wrong}"));
        }
    }
}
