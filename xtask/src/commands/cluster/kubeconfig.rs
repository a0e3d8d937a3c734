//! The kubeconfig of a cluster, from the one that k3s writes: the same as of `k3d kubeconfig get`, but for the address.

use anyhow::Result;

use crate::docker::cluster::ROLE_LABEL;
use crate::docker::{Container, Engine};
use crate::manifests::cluster::kubeconfig;
use crate::report::Exit;
use crate::target::{API_PORT, Target};

/// Where k3s writes it, as k3d tells it to.
const OF_SERVER: &str = "/output/kubeconfig.yaml";

/// True once k3s has written it, which it does when its API answers.
pub async fn is_there(engine: &Engine, target: &Target) -> bool {
    engine.has_content(&target.config.first_server(), OF_SERVER).await
}

/// Writes ours, which leads past the load balancer where a server node can be reached itself.
pub async fn write(engine: &Engine, target: &Target) -> Result<()> {
    let fix = "run `cargo xtask down`, then `cargo xtask up`";
    let failure = |found: &str| target.failure(Exit::Cluster, found, fix);
    let containers = engine.cluster_containers(target.name()).await?;
    let port = api_port(&containers).ok_or_else(|| failure("no container of it publishes its API."))?;
    let text = engine.read_file(&target.config.first_server(), OF_SERVER).await;
    let text = text.and_then(|text| kubeconfig(&text, target.name(), port));
    let text = text.map_err(|error| failure(&format!("its server gives no kubeconfig: {error:#}.")))?;
    target.write_kubeconfig(&text)
}

/// The port of this machine at which a server node itself answers.
pub fn api_port_of_server(containers: &[Container]) -> Option<u16> {
    let is_server = |one: &&Container| one.labels.get(ROLE_LABEL).is_some_and(|role| role == "server");
    published(containers.iter().filter(is_server))
}

fn api_port(containers: &[Container]) -> Option<u16> {
    api_port_of_server(containers).or_else(|| published(containers.iter()))
}

fn published<'a>(containers: impl Iterator<Item = &'a Container>) -> Option<u16> {
    let ports = containers.filter(|one| one.is_running()).flat_map(|one| &one.ports);
    ports.filter(|port| port.container_port == API_PORT).map(|port| port.host_port).next()
}

#[cfg(test)]
mod tests;
