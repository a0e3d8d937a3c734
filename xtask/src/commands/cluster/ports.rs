//! Whether the ports are free, and who has them.

use anyhow::Result;

use crate::docker::cluster::CLUSTER_LABEL;
use crate::docker::{Container, Engine};
use crate::processes::ports::{is_free, owner};
use crate::report::Exit;
use crate::target::Target;

/// Refuses before anything is made: k3d itself would find out after half a minute. What is `ours` as `address:port`
/// is about to be given up.
pub async fn free(engine: &Engine, target: &Target, ours: &[String]) -> Result<()> {
    let (address, port) = (target.config.bind_address.as_str(), target.config.port);
    if ours.iter().any(|one| one.ends_with(&format!(":{port}"))) {
        return Ok(());
    }
    let containers = engine.containers(None).await?;
    let holder = holder(&containers, port);
    if holder.is_none() && is_free(address, port) {
        return Ok(());
    }
    let holder = holder
        .or_else(|| owner(port).map(|owner| owner.to_string()))
        .unwrap_or_else(|| "a program that this user cannot see".to_owned());
    let found = format!("the port {address}:{port} is taken by {holder}. Nothing was created.");
    Err(target.failure(Exit::Prerequisite, &found, "end that program, or take another port: `--port 8090`"))
}

fn holder(containers: &[Container], port: u16) -> Option<String> {
    let holds = |container: &&Container| container.ports.iter().any(|published| published.host_port == port);
    let container = containers.iter().find(holds)?;
    Some(match container.labels.get(CLUSTER_LABEL) {
        Some(cluster) => format!("the k3d cluster {cluster} (container {})", container.name),
        None => format!("the container {}", container.name),
    })
}
