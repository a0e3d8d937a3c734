//! Ours, theirs, half-made, stopped: told apart from the containers alone.

use std::path::Path;

use super::*;
use crate::manifests::cluster::Overrides;
use crate::target::{NodeLabels, Published};

fn config() -> ClusterConfig {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    ClusterConfig::load(&root.join("manifests"), &Overrides::default()).unwrap()
}

fn record(complete: bool) -> Record {
    Record {
        owner: "0123".to_owned(),
        complete,
        uid: "u".to_owned(),
        published: Published { address: "127.0.0.1".to_owned(), port: 8080, given: false },
        labels: NodeLabels::new(),
        image_given: None,
        direct: false,
        shape: serde_json::Value::Null,
    }
}

fn container(name: &str, role: &str, owner: &str, state: &str) -> Container {
    let labels = [(ROLE_LABEL, role), (OWNER_LABEL, owner)];
    let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
    Container {
        name: name.to_owned(),
        state: state.to_owned(),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        ..Default::default()
    }
}

fn whole(owner: &str, state: &str) -> Vec<Container> {
    vec![
        container("server-0", "server", owner, state),
        container("agent-0", "agent", owner, state),
        container("agent-1", "agent", owner, state),
        container("serverlb", "loadbalancer", owner, state),
    ]
}

#[test]
fn a_cluster_that_nothing_here_made_is_foreign() {
    assert!(matches!(judge(&whole("", "running"), None, &config()), State::Foreign(_)));
    assert!(matches!(judge(&whole("", "running"), Some(&record(true)), &config()), State::Foreign(_)));
    assert!(matches!(judge(&whole("9999", "running"), Some(&record(false)), &config()), State::Foreign(_)));
}

#[test]
fn ours_is_judged_by_what_runs() {
    assert_eq!(judge(&[], Some(&record(true)), &config()), State::Absent);
    assert_eq!(judge(&whole("0123", "running"), Some(&record(true)), &config()), State::Running);
    assert!(
        matches!(judge(&whole("0123", "exited"), Some(&record(true)), &config()), State::Stopped(down) if down.len() == 4)
    );
    let mut dead_balancer = whole("0123", "running");
    dead_balancer[3].state = "exited".to_owned();
    assert_eq!(
        judge(&dead_balancer, Some(&record(true)), &config()),
        State::Stopped(vec!["serverlb".to_owned()])
    );
    assert_eq!(judge(&dead_balancer[..3], Some(&record(true)), &config()), State::Damaged(1));
}

#[test]
fn an_interrupted_creation_is_half_even_with_only_the_tools_container() {
    assert_eq!(
        judge(&[container("tools", "noRole", "", "running")], Some(&record(false)), &config()),
        State::Half
    );
    assert_eq!(judge(&whole("0123", "created"), Some(&record(false)), &config()), State::Half);
}
