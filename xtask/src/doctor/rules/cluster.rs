//! The k3d cluster that is there.

use crate::docker::Container;
use crate::docker::cluster::{CLUSTER_LABEL, ROLE_LABEL};
use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Kind, Rule};

pub const FAMILY: Family = Family {
    title: "The k3d cluster",
    section: "the-k3d-cluster",
    about: "k3d says little about why a node does not start. `docker logs --tail 200 NODE 2>&1 | cargo xtask doctor \
            --log -` does. After a restart of the engine, `cargo xtask stop` and `start` bring nodes, addresses and \
            names back in order.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("k3d-node-restarting", "a node starts again and again")
        .check([Silent, Fail, Silent], k3d_node_restarting)
        .cause("k3s ends with an error each time; its log says which.")
        .fix("docker logs --tail 200 {node} 2>&1 | cargo xtask doctor --log -"),
    Rule::new("k3d-cluster-asleep", "the cluster is stopped")
        .check([Silent, Info, Silent], k3d_cluster_asleep)
        .cause("It was put to sleep, or the machine was restarted.")
        .fix("cargo xtask start (or up)"),
    Rule::new("k3d-node-down", "a node of the cluster does not run")
        .check([Silent, Warn, Silent], k3d_node_down)
        .cause("It ended by itself or was stopped: pods that belong there wait.")
        .fix("cargo xtask up, which starts it; why it ended: docker logs --tail 200 {node} 2>&1 | cargo xtask doctor --log -"),
    Rule::new("k3d-serverlb-stuck", "the load balancer of the cluster does not run")
        .check([Silent, Warn, Silent], k3d_serverlb_stuck)
        .cause("It starts before its servers have addresses, or reloads before it has written its pid.")
        .fix("cargo xtask up; by hand: docker restart {balancer}")
        .tell("docker logs <cluster>-serverlb: the same line again and again is this; a server that is not up is the cause of it")
        .log(
            r#"Failed waiting for log message 'start worker processes'|invalid PID number "" in "/var/run/nginx\.pid"|host not found in upstream "(?P<server>k3d-[^"]+)""#,
            "ERROR \"nginx: [error] invalid PID number \\\"\\\" in \\\"/var/run/nginx.pid\\\"\\n\"",
        ),
    Rule::new("loadbalancer-ip-unreachable", "the cluster does not publish the players' port")
        .check([Silent, Warn, Silent], loadbalancer_ip_unreachable)
        .cause("Only ports that a cluster publishes can be reached; the EXTERNAL-IP of a service is an address inside the engine.")
        .fix("cargo xtask plan shows what changes, cargo xtask up carries it out"),
    Rule::new("k3d-leftover-network", "networks of removed clusters are left")
        .check([Silent, Info, Silent], k3d_leftover_network)
        .cause("k3d leaves the network when a create is interrupted; each takes one of about 31 ranges.")
        .fix("docker network inspect {networks} shows who is in it; nobody: docker network rm {networks}"),
    Rule::new("network-policies", "what the last verify saw of the cluster's NetworkPolicies")
        .check([Silent, Info, Silent], network_policies)
        .cause("They are enforced by the network of a cluster, and one that does not still accepts them.")
        .fix("cargo xtask verify tries it again"),
    Rule::new("k3d-serverlb-limits", "the load balancer is out of connections")
        .cause("It is an nginx with a limit of connections per worker, two of them a player, and a silent one is cut after a while.")
        .fix("settings.workerConnections and settings.defaultProxyTimeout in manifests/cluster/k3d.yaml, then cargo xtask up")
        .log(
            r"(?P<limit>\d+) worker_connections are not enough",
            "2026/03/01 10:00:00 [alert] 16#16: 1024 worker_connections are not enough",
        )
        .certain(),
    Rule::new("k3d-create-hangs", "k3d waits for a node that does not start")
        .cause("k3d waits for lines in the logs of nodes and tells only that they did not come; the reason is in the node's log.")
        .fix("docker logs --tail 200 <node> 2>&1 | cargo xtask doctor --log -")
        .log(
            r"Failed waiting for log message '|Node '\S+' is restarting for more than|encountered fatal log from node (?P<node>\S+) \(retrying",
            "ERRO[0060] Failed to start server k3d-game-server-0: Node 'k3d-game-server-0' is restarting for more than a minute. Possibly it failed to start soon after creating it.",
        )
        .except("start worker processes")
        .kind(Kind::Consequence),

];

fn network_policies(machine: &Machine) -> Option<Found> {
    let seen = machine.network_policies.as_ref()?;
    Some(Found::new(seen.clone()))
}

fn k3d_node_restarting(machine: &Machine) -> Option<Found> {
    let node = machine.cluster_containers().find(|one| one.state == "restarting")?;
    Some(Found::new(format!("{} is restarting", node.name)).with("node", &node.name))
}

fn k3d_cluster_asleep(machine: &Machine) -> Option<Found> {
    let nodes: Vec<&Container> = machine.cluster_containers().collect();
    let asleep = !nodes.is_empty() && nodes.iter().all(|one| !one.is_running());
    asleep.then(|| {
        Found::new(format!("{} containers of {}, none of them running", nodes.len(), machine.needs.cluster))
    })
}

fn k3d_node_down(machine: &Machine) -> Option<Found> {
    let running = machine.cluster_containers().any(|one| one.is_running());
    let down = machine.cluster_containers().find(|one| {
        ["exited", "dead", "created", "paused"].contains(&one.state.as_str()) && role(one) != "loadbalancer"
    })?;
    running.then(|| {
        Found::new(format!("{} is {} while others run", down.name, down.state)).with("node", &down.name)
    })
}

fn k3d_serverlb_stuck(machine: &Machine) -> Option<Found> {
    let server = machine.cluster_containers().any(|one| role(one) == "server" && one.is_running());
    let balancer =
        machine.cluster_containers().find(|one| role(one) == "loadbalancer" && !one.is_running())?;
    server.then(|| {
        Found::new(format!("{} is {} while servers run", balancer.name, balancer.state))
            .with("balancer", &balancer.name)
    })
}

fn loadbalancer_ip_unreachable(machine: &Machine) -> Option<Found> {
    let balancer =
        machine.cluster_containers().find(|one| role(one) == "loadbalancer" && one.is_running())?;
    let port = machine.needs.port;
    let published =
        machine.cluster_containers().flat_map(|one| &one.ports).any(|held| held.host_port == port);
    (!published).then(|| Found::new(format!("{} does not publish {port}", balancer.name)).with("port", port))
}

fn k3d_leftover_network(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let owned = |network: &str| {
        engine.containers.iter().any(|one| {
            one.labels.get(CLUSTER_LABEL).is_some_and(|cluster| network == format!("k3d-{cluster}"))
        })
    };
    let left: Vec<&str> = engine
        .networks
        .iter()
        .map(|network| network.name.as_str())
        .filter(|name| name.starts_with("k3d-") && !owned(name))
        .collect();
    (!left.is_empty()).then(|| Found::new(left.join(", ")).with("networks", left.join(" ")))
}

fn role(container: &Container) -> &str {
    container.labels.get(ROLE_LABEL).map_or("", String::as_str)
}
