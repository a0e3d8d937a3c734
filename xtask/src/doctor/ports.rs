//! The ports that players and the cluster need.

use crate::docker::probe::Probe;
use crate::doctor::machine::{Machine, port_owner};
use crate::doctor::{Finding, Level, Needs};

pub fn check(_machine: &Machine, engine: Option<&Probe>, needs: &Needs) -> Vec<Finding> {
    let container = engine.and_then(|engine| holder(engine, needs.port));
    let own = needs.own_ports.contains(&needs.port)
        || (needs.is_k3d() && container.as_deref().is_some_and(|name| is_node_of(name, &needs.cluster)));
    if own {
        return vec![Finding::ok("ports", format!("port {} is ours", needs.port))];
    }
    let process = || port_owner(&needs.bind_address, needs.port);
    vec![judge(needs, container.map(|name| format!("the container {name}")).or_else(process))]
}

fn judge(needs: &Needs, owner: Option<String>) -> Finding {
    let port = needs.port;
    let Some(owner) = owner else {
        return Finding::ok("ports", format!("port {port} is free"));
    };
    let next = port.checked_add(1).unwrap_or(8080);
    Finding::new("port-in-use", Level::Fail, format!("port {port} is taken by {owner}"))
        .fix(format!("end it, or use another port: --port {next}"))
}

/// The running container that publishes a port.
pub fn holder(engine: &Probe, port: u16) -> Option<String> {
    let running = engine.containers.iter().filter(|container| container.is_running());
    let mut holding =
        running.filter(|container| container.ports.iter().any(|published| published.host_port == port));
    holding.next().map(|container| container.name.clone())
}

fn is_node_of(container: &str, cluster: &str) -> bool {
    let rest = container.trim_start_matches('/').strip_prefix(&format!("k3d-{cluster}-"));
    rest.is_some_and(|rest| ["server", "agent", "serverlb"].iter().any(|role| rest.starts_with(role)))
}
