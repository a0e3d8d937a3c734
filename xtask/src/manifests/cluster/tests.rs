//! The config is k3d's own; overrides never reach the file.

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn with(overrides: &Overrides) -> Result<ClusterConfig> {
    ClusterConfig::load(&root().join("manifests"), overrides)
}

#[test]
fn the_shipped_cluster_is_the_documented_one() {
    let config = with(&Overrides::default()).unwrap();
    assert_eq!(config.name, "k3s-local");
    assert_eq!((config.servers, config.agents), (1, 2));
    assert_eq!((config.bind_address.as_str(), config.port), ("127.0.0.1", 8080));
    assert_eq!(config.image, "rancher/k3s:v1.34.4-k3s1");
    assert_eq!(config.nodes(), ["k3d-k3s-local-server-0", "k3d-k3s-local-agent-0", "k3d-k3s-local-agent-1"]);
    let labels = config.node_labels();
    assert_eq!(labels["k3d-k3s-local-agent-0"]["workload"], "compute");
    assert_eq!(labels["k3d-k3s-local-agent-1"]["workload"], "backend");
    assert!(!labels.contains_key("k3d-k3s-local-server-0"));
}

#[test]
fn overrides_and_the_owner_are_in_the_text_for_k3d() {
    let overrides = Overrides {
        name: Some("demo".to_owned()),
        port: Some(9000),
        bind_address: Some("0.0.0.0".to_owned()),
        image: Some("rancher/k3s:v1.33.1-k3s1".to_owned()),
        direct: false,
    };
    let text = with(&overrides).unwrap().for_k3d("0123", Some(40001)).unwrap();
    let value: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(value["metadata"]["name"], "demo");
    assert_eq!(value["ports"][0]["port"], "0.0.0.0:9000:80");
    assert_eq!(value["ports"][1]["port"], "127.0.0.1:40001:6443");
    assert_eq!(value["image"], "rancher/k3s:v1.33.1-k3s1");
    assert_eq!(value["options"]["runtime"]["labels"][0]["label"], "game-server.dev/owner=0123");
    let node_labels = value["options"]["k3s"]["nodeLabels"].as_sequence().unwrap();
    assert_eq!(node_labels.last().unwrap()["label"], "game-server.dev/owner=0123");
    assert_eq!(value["options"]["kubeconfig"]["updateDefaultKubeconfig"], false);
    assert_eq!(value["options"]["kubeconfig"]["switchCurrentContext"], false);
}

#[test]
fn the_load_balancer_reads_what_k3d_writes() {
    // Written by k3d 5.9.0 from this file, but for the order.
    let by_k3d = "ports:\n  6443.tcp:\n  - k3d-k3s-local-server-0\n  80.tcp:\n  - k3d-k3s-local-server-0\n  \
                  - k3d-k3s-local-agent-0\n  - k3d-k3s-local-agent-1\nsettings:\n  defaultProxyTimeout: 3600\n  \
                  workerConnections: 8192\n";
    let ours = with(&Overrides::default()).unwrap().for_balancer().unwrap();
    let read = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
    assert_eq!(read(&ours), read(by_k3d));
}

#[test]
fn a_cluster_named_like_a_role_has_its_roles_all_the_same() {
    let overrides = Overrides { name: Some("game-server-dry".to_owned()), ..Default::default() };
    let values = with(&overrides).unwrap().for_balancer().unwrap();
    let values: Value = serde_yaml::from_str(&values).unwrap();
    let servers = values["ports"]["6443.tcp"].as_sequence().unwrap();
    assert_eq!(servers, &[Value::from("k3d-game-server-dry-server-0")]);
}

#[test]
fn without_a_load_balancer_a_node_publishes_the_port_itself() {
    let direct = with(&Overrides { direct: true, ..Default::default() }).unwrap();
    assert!(direct.direct && !with(&Overrides::default()).unwrap().direct);
    let value: Value = serde_yaml::from_str(&direct.for_k3d("0123", None).unwrap()).unwrap();
    assert_eq!(value["ports"][0]["nodeFilters"][0], "agent:1:direct");
    assert_eq!(value["ports"].as_sequence().unwrap().len(), 1);
    assert_eq!(value["options"]["k3d"]["disableLoadbalancer"], true);
    // k3d refuses both of these where there is no load balancer.
    assert!(value["options"]["k3d"]["loadbalancer"].is_null());
    assert_eq!(value["options"]["runtime"]["labels"][0]["nodeFilters"].as_sequence().unwrap().len(), 1);
}

#[test]
fn names_that_docker_and_dns_disagree_on_are_refused() {
    for name in ["Upper", "dot.ted", "a_b", "-a", "a-", "", "a23456789012345678901234567890123"] {
        assert!(with(&Overrides { name: Some(name.to_owned()), ..Default::default() }).is_err(), "{name}");
    }
    assert!(with(&Overrides { name: Some("a-1".to_owned()), ..Default::default() }).is_ok());
}

#[test]
fn node_filters_are_read_as_k3d_reads_them() {
    assert!(matches("all", "k3d-a-server-0"));
    assert!(matches("agents:*", "k3d-a-agent-1"));
    assert!(matches("agent:0,1", "k3d-a-agent-1"));
    assert!(!matches("agent:0", "k3d-a-agent-1"));
    assert!(!matches("server", "k3d-a-agent-1"));
}
