//! `gc` finds what earlier runs and k3d itself left, takes what is ours and names the rest.

use super::{NAME, docker, typed, up};
use crate::dry_run::{Place, of};

/// Networks as k3d leaves them; one that an earlier run of this test left is taken over.
async fn network(name: &'static str) -> &'static str {
    let list = docker(&["network", "ls", "--format", "{{.Name}}"]).await;
    if !list.lines().any(|known| known == name) {
        docker(&["network", "create", "--label", "app=k3d", name]).await;
    }
    name
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn ours_go_and_those_of_others_are_named() {
    up().await;
    // A cluster that was made here once: its state folder is still there.
    std::fs::create_dir_all(super::state().join("game-server/once-here")).unwrap();
    let (ours, theirs) = (network("k3d-once-here").await, network("k3d-somebody-else").await);
    let volume =
        docker(&["volume", "create", "--label", "k3d.cluster=once-here", "k3d-once-here-images"]).await;
    let found = typed(&["gc", "--dry-run"]).await;
    assert!(found.tail.contains("2 thing(s) of earlier runs would be removed"), "{}", found.tail);
    assert!(found.tail.contains("not made here: `docker network rm"), "{}", found.tail);
    let place = Place { state: &super::state(), flags: &["--target", "k3d", "--cluster", NAME] };
    let calls = place.same(&["gc"], &[]).await;
    assert_eq!(of(&calls, "docker").len(), 2, "{calls:?}");
    let networks = docker(&["network", "ls", "--format", "{{.Name}}"]).await;
    assert!(!networks.contains(ours) && networks.contains(theirs), "{networks}");
    assert!(networks.contains(&format!("k3d-{NAME}")), "the cluster that is up lost its network");
    let volumes = docker(&["volume", "ls", "--format", "{{.Name}}"]).await;
    assert!(!volumes.contains(volume.trim()), "{volumes}");
    let again = typed(&["gc"]).await;
    assert!(again.tail.contains("nothing was left behind"), "{}", again.tail);
    docker(&["network", "rm", theirs]).await;
    // What is up is as it was.
    let plan = typed(&["plan"]).await;
    assert!(plan.stdout.contains("nothing would change"), "{}", plan.stdout);
}
