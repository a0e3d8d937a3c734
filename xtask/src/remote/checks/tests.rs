//! What is found at recorded nodes, and the very command that puts it right.

use super::*;

fn map(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn node(name: &str, ready: bool, labels: &[(&str, &str)]) -> Node {
    Node { name: name.to_owned(), ready, architecture: "amd64".to_owned(), labels: map(labels) }
}

fn uses() -> Vec<ImageUse> {
    let one = |image: &str, labels: &[(&str, &str)]| ImageUse {
        image: image.to_owned(),
        node_selector: map(labels),
    };
    vec![
        one(IMAGE_NAME, &[("workload", "compute")]),
        one(IMAGE_NAME, &[("workload", "backend")]),
        one("nats:2.12-alpine", &[("workload", "backend")]),
    ]
}

fn pin() -> Pin {
    Pin {
        name: "prod".to_owned(),
        context: "ctx".to_owned(),
        kubeconfig: None,
        server: "https://10.0.0.1".to_owned(),
        uid: "u".to_owned(),
        image: "ghcr.io/team/game-server".to_owned(),
        url: None,
        overlays: Vec::new(),
        nodes: BTreeMap::new(),
    }
}

fn by_id<'a>(checks: &'a [Check], id: &str) -> &'a Check {
    checks.iter().find(|check| check.id == id).unwrap()
}

#[test]
fn all_is_well_where_nodes_have_what_pods_ask_for() {
    let there = [node("a", true, &[("workload", "compute")]), node("b", true, &[("workload", "backend")])];
    assert!(nodes(&pin(), &there, &uses()).iter().all(|check| check.ok));
    assert!(architecture(&there, &uses(), "amd64").ok);
}

#[test]
fn the_command_names_nodes_that_are_free() {
    let there = [
        node("control", true, &[(CONTROL_PLANE_LABEL, "true")]),
        node("asleep", false, &[]),
        node("w1", true, &[]),
        node("w2", true, &[]),
    ];
    let checks = nodes(&pin(), &there, &uses());
    let labels = by_id(&checks, "node-labels");
    let expected = "`kubectl --context ctx label node w1 workload=backend && kubectl --context ctx label node w2 workload=compute`";
    assert_eq!((labels.ok, labels.exit, labels.fix.as_str()), (false, Exit::Cluster, expected));
    assert!(by_id(&checks, "nodes-ready").ok, "a node that is nobody's of ours may sleep");
    let checks = nodes(&pin(), &there[2..3], &uses());
    assert!(by_id(&checks, "node-labels").fix.ends_with("label node NODE workload=compute`"), "{checks:?}");
}

#[test]
fn what_the_file_asks_for_is_asked_for() {
    let wanted = BTreeMap::from([("a".to_owned(), map(&[("workload", "compute")]))]);
    let pin = Pin { nodes: wanted, kubeconfig: Some("/k".into()), ..pin() };
    let there = [node("a", true, &[("workload", "backend")]), node("b", true, &[("workload", "compute")])];
    let checks = nodes(&pin, &there, &uses());
    let expected = "`KUBECONFIG=/k kubectl --context ctx label node a workload=compute --overwrite`";
    assert_eq!(by_id(&checks, "node-labels").fix, expected);
    let checks = nodes(&pin, &there[1..], &uses());
    assert_eq!(by_id(&checks, "node-labels").text, "prod has no node a");
}

#[test]
fn a_node_of_ours_that_sleeps_is_in_the_way() {
    let there = [node("a", false, &[("workload", "compute")]), node("b", true, &[("workload", "backend")])];
    let checks = nodes(&pin(), &there, &uses());
    assert!(by_id(&checks, "nodes-ready").text.ends_with(": a"), "{checks:?}");
    assert_eq!(by_id(&nodes(&pin(), &[], &uses()), "nodes-ready").text, "none of 0 nodes is Ready");
}

#[test]
fn another_architecture_counts_where_the_game_server_runs() {
    let arm = |name: &str, labels: &[(&str, &str)]| Node {
        architecture: "arm64".to_owned(),
        ..node(name, true, labels)
    };
    let there = [arm("a", &[("workload", "compute")]), arm("b", &[("workload", "else")])];
    let check = architecture(&there, &uses(), "amd64");
    assert_eq!(
        (check.ok, check.exit, check.text.as_str()),
        (false, Exit::Build, "the image is amd64, and a is arm64")
    );
}

#[test]
fn all_that_fails_is_said_at_once() {
    let checks = nodes(&pin(), &[], &uses());
    let error = require("prod", &checks).unwrap_err();
    let failure = error.downcast_ref::<Failure>().unwrap();
    assert_eq!(failure.exit, Exit::Cluster);
    assert!(
        failure.found.contains("(nodes-ready); ") && failure.found.contains("(node-labels)"),
        "{failure}"
    );
    assert!(failure.fix.contains("; then "), "{}", failure.fix);
    assert!(require("prod", &[Check::passed("x", String::new())]).is_ok());
}
