//! Where the API server itself answers.

use super::*;
use crate::docker::PublishedPort;

fn container(role: &str, state: &str, host_port: u16, container_port: u16) -> Container {
    Container {
        state: state.to_owned(),
        labels: [(ROLE_LABEL.to_owned(), role.to_owned())].into(),
        ports: vec![PublishedPort { address: "127.0.0.1".to_owned(), host_port, container_port }],
        ..Default::default()
    }
}

#[test]
fn a_running_server_that_publishes_its_api_is_reached_past_the_load_balancer() {
    let balancer = container("loadbalancer", "running", 40001, API_PORT);
    assert_eq!(api_port_of_server(std::slice::from_ref(&balancer)), None);
    let server = container("server", "running", 40002, API_PORT);
    assert_eq!(api_port_of_server(&[balancer, server]), Some(40002));
    assert_eq!(api_port_of_server(&[container("server", "exited", 0, API_PORT)]), None);
    assert_eq!(api_port_of_server(&[container("server", "running", 8080, 80)]), None);
}

#[test]
fn a_server_that_publishes_nothing_is_reached_through_the_load_balancer() {
    let server = container("server", "running", 8080, 80);
    let balancer = container("loadbalancer", "running", 40001, API_PORT);
    assert_eq!(api_port(&[server.clone(), balancer]), Some(40001));
    assert_eq!(api_port(&[server]), None);
}
