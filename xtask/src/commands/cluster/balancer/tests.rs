//! Started neither before the nodes whose names it looks up, nor where it is somebody else's.

use super::*;

fn is_time_for(containers: &[Container], owner: &str) -> bool {
    let nodes = ["server-0", "agent-0", "agent-1"].map(|role| format!("k3d-k3s-local-{role}"));
    is_time(containers, &nodes, "k3d-k3s-local-serverlb", owner)
}

fn container(name: &str, owner: &str, state: &str) -> Container {
    Container {
        name: name.to_owned(),
        state: state.to_owned(),
        labels: [(OWNER_LABEL.to_owned(), owner.to_owned())].into(),
        ..Default::default()
    }
}

fn cluster(agent: &str, owner_of_balancer: &str) -> Vec<Container> {
    vec![
        container("k3d-k3s-local-server-0", "0123", "running"),
        container("k3d-k3s-local-agent-0", "0123", "running"),
        container("k3d-k3s-local-agent-1", "0123", agent),
        container("k3d-k3s-local-serverlb", owner_of_balancer, "created"),
    ]
}

#[test]
fn it_is_time_once_every_node_runs() {
    assert!(is_time_for(&cluster("running", "0123"), "0123"));
    assert!(!is_time_for(&cluster("created", "0123"), "0123"));
    assert!(!is_time_for(&cluster("running", "0123")[..3], "0123"));
    assert!(!is_time_for(&[], "0123"));
}

#[test]
fn the_nodes_are_ours_and_the_load_balancer_may_be_one_of_k3d_edit() {
    assert!(!is_time_for(&cluster("running", "0123"), "4567"));
    assert!(is_time_for(&cluster("running", ""), "0123"));
}
