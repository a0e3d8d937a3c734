//! Waiting until pods can run in a cluster.

use std::time::Instant;

use anyhow::Result;

use crate::commands::cluster::{READY_POLL, heal, kubeconfig};
use crate::context::Context;
use crate::docker::Engine;
use crate::kubernetes::Kubernetes;
use crate::report::Exit;
use crate::settings::CLUSTER_READY_LIMIT;
use crate::target::Target;

/// Waits until the API, the nodes, DNS and the default service account are there: k3d waits for none of them.
pub async fn ready(context: &Context, engine: &Engine, target: &Target) -> Result<Kubernetes> {
    // No kubeconfig yet, or one whose port is not the cluster's.
    if target.open(engine).await.is_err() {
        kubeconfig::write(engine, target).await?;
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
