//! Images reach the nodes that lack them, and only those; what is old leaves.

use std::time::Instant;

use super::{NAME, docker, events, figure, typed, up};

/// Nodes that pods of the game run on.
const NODES: [&str; 3] = ["server-0", "agent-0", "agent-1"];

async fn ctr(node: &str, args: &[&str]) -> String {
    let node = format!("k3d-{NAME}-{node}");
    docker(&[&["exec", &node, "ctr", "--namespace", "k8s.io"], args].concat()).await
}

async fn ours(node: &str) -> Vec<String> {
    let names = ctr(node, &["images", "ls", "--quiet"]).await;
    names.lines().filter(|name| name.contains("/game-server:")).map(str::to_owned).collect()
}

async fn current() -> String {
    let events = events(&["image"]).await;
    events.last().unwrap()["result"]["image"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn only_the_node_that_lacks_an_image_gets_it_and_only_the_blobs_it_lacks() {
    up().await;
    let reference = format!("docker.io/library/{}", current().await);
    ctr("agent-0", &["images", "rm", &reference]).await;
    let plan = typed(&["plan"]).await;
    assert!(plan.stdout.contains(&format!("to k3d-{NAME}-agent-0\n")), "{}", plan.stdout);
    let delivered = typed(&["image"]).await;
    assert!(delivered.tail.contains("in 1 stream"), "{}", delivered.tail);
    // The layer was still in the node's store: manifest and configuration are a few kilobytes.
    assert!(delivered.tail.contains(" kB in"), "{}", delivered.tail);
    for node in NODES {
        let table = ctr(node, &["images", "check", &format!("name=={reference}")]).await;
        assert!(table.contains("complete (2/2)"), "{node}: {table}");
        assert!(ctr(node, &["images", "ls", &format!("name=={reference}")]).await.contains("pinned=pinned"));
    }
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn old_images_leave_nodes_and_engine() {
    up().await;
    let reference = current().await;
    let old = "docker.io/library/game-server:0000000000aa";
    for node in NODES {
        ctr(node, &["images", "tag", "--force", &format!("docker.io/library/{reference}"), old]).await;
    }
    docker(&["tag", &reference, "game-server:0000000000aa"]).await;
    // A change that rolls, after which what is old is looked for.
    let changed = super::manifests("lobby.yaml", |text| text.replace("cpu: 20m", "cpu: 22m"));
    super::Typed::new(&["deploy"])
        .variable(super::MANIFESTS_VARIABLE, super::path(&changed))
        .ends_with(0)
        .await;
    for node in NODES {
        assert_eq!(ours(node).await, [format!("docker.io/library/{reference}")], "{node}");
    }
    let held = docker(&["image", "ls", "--format", "{{.Tag}}", "game-server"]).await;
    assert!(!held.contains("0000000000aa"), "{held}");
    typed(&["deploy"]).await;
}

/// The name by which containerd keeps the content of an image whose own name is gone.
async fn alias(full: &str) -> String {
    let table = ctr("agent-0", &["images", "ls"]).await;
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect::<Vec<_>>();
    let digest = rows.iter().find(|row| row.first() == Some(&full)).unwrap()[2];
    let alias = rows.iter().find(|row| row[0].starts_with("sha256:") && row.get(2) == Some(&digest));
    alias.map_or_else(String::new, |row| row[0].to_owned())
}

/// k3d sends every byte to every node and looks at nothing; the figures of both stand side by side.
#[tokio::test]
#[ignore = "stage cluster"]
async fn the_times_of_both_ways_are_printed() {
    up().await;
    let reference = current().await;
    let full = format!("docker.io/library/{reference}");
    let ours = async |what: &str, forget: &[&str]| {
        for node in NODES {
            for name in forget {
                ctr(node, &["images", "rm", "--sync", name]).await;
            }
        }
        let started = Instant::now();
        typed(&["image"]).await;
        figure(&format!("delivery: {what} {} ms", started.elapsed().as_millis()));
    };
    typed(&["image"]).await;
    let started = Instant::now();
    super::run("k3d", &["image", "import", "--cluster", NAME, &reference]).await;
    figure(&format!("delivery: k3d image import {} ms", started.elapsed().as_millis()));
    let alias = alias(&full).await;
    ours("ours, image gone:", &[&full, &alias]).await;
    ours("ours, name gone, layer there:", &[&full]).await;
    ours("ours, nothing to do:", &[]).await;
    for node in NODES {
        let table = ctr(node, &["images", "check", &format!("name=={full}")]).await;
        assert!(table.contains("complete (2/2)"), "{node}: {table}");
    }
}
