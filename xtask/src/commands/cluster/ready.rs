//! Waiting until pods can run in a cluster, and the kubeconfig that leads there.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::commands::cluster::{READY_POLL, heal, k3d};
use crate::context::Context;
use crate::docker::cluster::ROLE_LABEL;
use crate::docker::{Container, Engine};
use crate::kubernetes::Kubernetes;
use crate::report::Exit;
use crate::settings::CLUSTER_READY_LIMIT;
use crate::target::{API_PORT, Target};

/// Everything else that k3d does ends within a second.
const SHORT_LIMIT: Duration = Duration::from_secs(30);

/// Waits until the API, the nodes, DNS and the default service account are there: k3d waits for none of them.
pub async fn ready(context: &Context, engine: &Engine, target: &Target) -> Result<Kubernetes> {
    // No kubeconfig yet, or one whose port is not the cluster's.
    if target.open(engine).await.is_err() {
        write_kubeconfig(context, engine, target).await?;
    }
    heal::balancer(context, engine, target).await?;
    let deadline = Instant::now() + context.timeout.unwrap_or(CLUSTER_READY_LIMIT);
    let mut connection = None;
    loop {
        let missing = match missing(engine, target, connection.take()).await {
            Ok((cluster, None)) => {
                heal::heal(context, engine, target, &cluster).await?;
                return Ok(cluster);
            }
            Ok((cluster, Some(missing))) => {
                connection = Some(cluster);
                missing
            }
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() > deadline {
            let found = format!("it did not become ready: {missing}.");
            return Err(target.failure(
                Exit::Cluster,
                &found,
                "run `cargo xtask doctor`, then this command again",
            ));
        }
        tokio::time::sleep(READY_POLL).await;
    }
}

/// Over the connection that worked before, else over a new one: a handshake costs more than the question.
async fn missing(
    engine: &Engine,
    target: &Target,
    connection: Option<Kubernetes>,
) -> Result<(Kubernetes, Option<String>)> {
    let cluster = match connection {
        Some(cluster) => cluster,
        None => target.open(engine).await?,
    };
    let missing = cluster.missing(target.config.nodes().len()).await?;
    Ok((cluster, missing))
}

/// Ours alone, and past the load balancer where a server node can be reached itself.
pub async fn write_kubeconfig(context: &Context, engine: &Engine, target: &Target) -> Result<()> {
    let got = k3d::run(context, target, &["kubeconfig", "get", target.name()], "", SHORT_LIMIT).await?;
    if !got.success() {
        let found = format!("k3d gives no kubeconfig: {}.", k3d::cause(&got.tail));
        return Err(target.failure(Exit::Cluster, &found, "run `cargo xtask down`, then `cargo xtask up`"));
    }
    let direct = api_of_server(&engine.cluster_containers(target.name()).await?);
    let line = |line: &str| match direct.filter(|_| line.trim_start().starts_with("server: ")) {
        Some(port) => format!("    server: https://127.0.0.1:{port}\n"),
        None => format!("{line}\n"),
    };
    target.write_kubeconfig(&got.stdout.lines().map(line).collect::<String>())
}

/// The port of this machine at which a server node itself answers.
pub fn api_of_server(containers: &[Container]) -> Option<u16> {
    let is_server = |one: &&Container| one.labels.get(ROLE_LABEL).is_some_and(|role| role == "server");
    let ports = containers.iter().filter(|one| one.is_running()).filter(is_server).flat_map(|one| &one.ports);
    ports.filter(|port| port.container_port == API_PORT).map(|port| port.host_port).next()
}

#[cfg(test)]
mod tests;
