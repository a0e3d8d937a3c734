//! k3d's load balancer, started while k3d still waits for the agents.

use anyhow::Result;

use crate::commands::cluster::READY_POLL;
use crate::docker::{Container, Engine};
use crate::settings::OWNER_LABEL;
use crate::target::Target;

/// Where its image reads the nodes behind each port (`DefaultLoadbalancerConfigPath` of k3d).
const FOLDER: &str = "/etc/confd";
const FILE: &str = "values.yaml";

/// Starts it as soon as every node runs, whose names it looks up; ends then.
///
/// k3d starts it last and waits for it, and its image sleeps six seconds before it listens (proxy/nginx-proxy). One
/// that runs already is started for k3d as well: it reads the log from the start of the container on. So whatever
/// goes wrong here costs only the time, and k3d starts it in its turn.
pub async fn start_early(engine: &Engine, target: &Target, owner: &str) {
    let Some(balancer) = target.config.balancer() else {
        return;
    };
    let nodes = target.config.nodes();
    loop {
        tokio::time::sleep(READY_POLL).await;
        let Ok(containers) = engine.cluster_containers(target.name()).await else {
            continue;
        };
        if is_time(&containers, &nodes, &balancer, owner) {
            if let Err(error) = start(engine, target).await {
                engine.report().note("cluster", &format!("the load balancer waits for k3d: {error:#}"));
            }
            return;
        }
    }
}

/// True when every node runs and is ours, and the load balancer is there: one that `k3d cluster edit` put in place of
/// another carries no owner.
fn is_time(containers: &[Container], nodes: &[String], balancer: &str, owner: &str) -> bool {
    let named = |name: &str| containers.iter().find(|one| one.name == name);
    let is_ours = |one: &Container| one.labels.get(OWNER_LABEL).is_some_and(|label| label == owner);
    nodes.iter().all(|name| named(name).is_some_and(|one| one.is_running() && is_ours(one)))
        && named(balancer).is_some()
}

/// Starts it whatever runs, with the file that it reads; without a load balancer there is nothing to do.
pub async fn start(engine: &Engine, target: &Target) -> Result<()> {
    let Some(balancer) = target.config.balancer() else {
        return Ok(());
    };
    // k3d writes the file when it starts a new one, and never again.
    if !engine.has_content(&balancer, &format!("{FOLDER}/{FILE}")).await {
        let values = target.config.for_balancer()?;
        engine.upload_file(&balancer, FOLDER, FILE, values.as_bytes()).await?;
    }
    engine.start_container(&balancer).await
}

#[cfg(test)]
mod tests;
