//! Which address belongs to a cluster.

use super::*;
use crate::docker::PublishedPort;

fn load_balancer(state: &str) -> Container {
    let ports =
        vec![PublishedPort { address: "127.0.0.1".to_owned(), host_port: 40001, container_port: API_PORT }];
    Container { name: "k3d-demo-serverlb".to_owned(), state: state.to_owned(), ports, ..Default::default() }
}

#[test]
fn a_record_of_an_older_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let old = r#"{"owner":"0123","complete":true,"uid":"u","bind_address":"127.0.0.1","port":8090}"#;
    std::fs::write(folder.path().join(RECORD_FILE), old).unwrap();
    let record = Record::read(folder.path()).unwrap();
    let published = Published { address: "127.0.0.1".to_owned(), port: 8090, given: true };
    assert_eq!((record.owner.as_str(), record.published), ("0123", published));
}

#[test]
fn only_a_port_of_a_running_container_of_the_cluster_is_its_api() {
    assert!(publishes(&[load_balancer("running")], "https://127.0.0.1:40001/"));
    assert!(!publishes(&[load_balancer("exited")], "https://127.0.0.1:40001/"));
    assert!(!publishes(&[load_balancer("running")], "https://127.0.0.1:40002/"));
    assert!(!publishes(&[load_balancer("running")], "https://production.example"));
}
