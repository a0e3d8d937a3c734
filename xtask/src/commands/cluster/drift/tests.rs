//! In place or not at all: told from containers, record and configuration.

use super::*;
use crate::docker::PublishedPort;

fn balancer(address: &str, host_port: u16) -> Vec<Container> {
    let port =
        |host_port, container_port| PublishedPort { address: address.to_owned(), host_port, container_port };
    vec![Container {
        name: "k3d-demo-serverlb".to_owned(),
        ports: vec![port(40001, 6443), port(host_port, GAME_PORT)],
        ..Default::default()
    }]
}

fn at(address: &str, port: u16) -> Published {
    Published { address: address.to_owned(), port, given: false }
}

#[test]
fn the_port_that_is_asked_for_is_no_drift() {
    assert_eq!(moved(&balancer("127.0.0.1", 8080), at("127.0.0.1", 8080)), None);
    assert_eq!(moved(&balancer("0.0.0.0", 8080), at("0.0.0.0", 8080)), None);
}

#[test]
fn another_port_or_address_is_a_move_and_says_from_where() {
    let to = at("127.0.0.1", 8090);
    let from = vec!["127.0.0.1:8080".to_owned()];
    assert_eq!(moved(&balancer("127.0.0.1", 8080), to.clone()), Some(Moved { from: from.clone(), to }));
    let to = at("0.0.0.0", 8080);
    assert_eq!(moved(&balancer("127.0.0.1", 8080), to.clone()), Some(Moved { from, to }));
    let to = at("127.0.0.1", 8080);
    let from = vec!["0.0.0.0:8080".to_owned()];
    assert_eq!(moved(&balancer("0.0.0.0", 8080), to.clone()), Some(Moved { from, to }));
}

#[test]
fn a_move_that_was_interrupted_is_carried_on() {
    let to = at("127.0.0.1", 8090);
    let mut half = balancer("127.0.0.1", 8080);
    half[0].ports.pop();
    assert_eq!(moved(&half, to.clone()), Some(Moved { from: Vec::new(), to }));
}
