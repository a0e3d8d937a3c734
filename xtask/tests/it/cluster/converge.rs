//! A change of k3d.yaml or of a manifest is carried out on the cluster that runs, or asked about.

use super::{MANIFESTS_VARIABLE, NAME, PORT, Typed, containers, docker, manifests, path, typed, up};

#[tokio::test]
#[ignore = "stage cluster"]
async fn a_label_comes_and_goes_with_the_file() {
    up().await;
    let changed = manifests("cluster/k3d.yaml", |text| {
        text.replace(
            "      - label: workload=backend\n",
            "      - label: zone=west\n        nodeFilters:\n          - agent:1\n      - label: workload=backend\n",
        )
    });
    let with = |args: &[&str]| Typed::new(args).variable(MANIFESTS_VARIABLE, path(&changed));
    let node = format!("k3d-{NAME}-agent-1");
    let plan = with(&["plan"]).ends_with(0).await;
    assert!(plan.stdout.contains(&format!("labels\n  ~ {node} zone=west")), "{}", plan.stdout);
    with(&["label"]).ends_with(0).await;
    assert!(label(&node, "zone").await.contains("west"));
    let plan = typed(&["plan"]).await;
    assert!(plan.stdout.contains(&format!("labels\n  ~ {node} zone-")), "{}", plan.stdout);
    typed(&["label"]).await;
    assert!(!label(&node, "zone").await.contains("west"));
}

async fn label(node: &str, key: &str) -> String {
    let server = format!("k3d-{NAME}-server-0");
    let column = format!("custom-columns=VALUE:.metadata.labels.{key}");
    docker(&["exec", &server, "kubectl", "get", "node", node, "--output", &column]).await
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn replicas_change_in_place_and_nothing_else_does() {
    up().await;
    let changed = manifests("lobby.yaml", |text| text.replace("cpu: 20m", "cpu: 21m"));
    let with = |args: &[&str]| Typed::new(args).variable(MANIFESTS_VARIABLE, path(&changed));
    let plan = with(&["plan"]).ends_with(0).await;
    let lines: Vec<&str> = plan.stdout.lines().filter(|line| line.starts_with("  ")).collect();
    assert_eq!(lines.first().copied(), Some("  ~ Deployment/lobby"), "{}", plan.stdout);
    assert!(lines[1].contains("cpu 20m → 21m"), "{}", plan.stdout);
    with(&["deploy"]).ends_with(0).await;
    let plan = with(&["plan"]).ends_with(0).await;
    assert!(plan.stdout.contains("nothing would change"), "{}", plan.stdout);
    typed(&["deploy"]).await;
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn players_move_to_another_port_in_place() {
    up().await;
    let nodes =
        |all: Vec<String>| all.into_iter().filter(|name| !name.ends_with("serverlb")).collect::<Vec<_>>();
    let before = nodes(containers(NAME).await);
    let moved = PORT + 1;
    let plan = Typed::new(&["plan"]).port(moved).ends_with(0).await;
    assert!(plan.stdout.contains(&format!("127.0.0.1:{PORT} to 127.0.0.1:{moved}")), "{}", plan.stdout);
    Typed::new(&["up"]).port(moved).ends_with(0).await;
    Typed::new(&["verify"]).port(moved).ends_with(0).await;
    assert_eq!(nodes(containers(NAME).await), before);
    // And back, since the other tests play at the first one.
    up().await;
}

#[tokio::test]
#[ignore = "stage cluster"]
async fn what_needs_a_new_cluster_is_said_and_not_done_unasked() {
    up().await;
    let before = containers(NAME).await;
    let changed = manifests("cluster/k3d.yaml", |text| text.replace("agents: 2", "agents: 3"));
    let with = |args: &[&str]| Typed::new(args).variable(MANIFESTS_VARIABLE, path(&changed));
    let plan = with(&["plan"]).ends_with(0).await;
    assert!(plan.stdout.contains("! agents 2 → 3"), "{}", plan.stdout);
    let refused = with(&["up"]).ends_with(4).await;
    assert!(refused.tail.contains("agents 2 → 3") && refused.tail.contains("--yes"), "{}", refused.tail);
    assert_eq!(containers(NAME).await, before);
}
