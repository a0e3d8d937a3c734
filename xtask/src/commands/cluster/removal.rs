//! Taking a cluster away until nothing is left.

use std::time::Duration;

use anyhow::Result;

use crate::commands::cluster::k3d;
use crate::context::Context;
use crate::docker::Engine;
use crate::interrupt;
use crate::report::Exit;
use crate::target::Target;

/// A delete takes 2 s, and 14 s on a machine that is busy.
const DELETE_LIMIT: Duration = Duration::from_secs(90);
/// Docker carries out what it was asked to do even when whoever asked is gone.
const SETTLE_POLL: Duration = Duration::from_secs(1);
/// Creating a cluster's containers takes 2 s; the rest is starting them.
const SETTLE_LIMIT: Duration = Duration::from_secs(20);

/// Waits until two looks at Docker, a second apart, see the same.
pub async fn settle(engine: &Engine, target: &Target) -> Result<()> {
    let look = async || -> Result<_> {
        let mut containers = engine.cluster_containers(target.name()).await?;
        containers.sort_by(|a, b| a.id.cmp(&b.id));
        Ok((containers, engine.cluster_networks(target.name()).await?.len()))
    };
    let wait = async {
        let mut before = look().await?;
        loop {
            tokio::time::sleep(SETTLE_POLL).await;
            let now = look().await?;
            if now == before {
                return Ok(());
            }
            before = now;
        }
    };
    // A container that restarts for ever never settles; it can be removed all the same.
    tokio::time::timeout(SETTLE_LIMIT, wait).await.unwrap_or(Ok(()))
}

/// `settle` where a creation was interrupted; else nothing is under way.
pub async fn settle_if(interrupted: bool, engine: &Engine, target: &Target) -> Result<()> {
    if interrupted { settle(engine, target).await } else { Ok(()) }
}

/// Says what is lost with the cluster.
pub async fn name_data(context: &Context, engine: &Engine, target: &Target) {
    let Ok(cluster) = target.connect(engine).await else {
        return;
    };
    let mut claims = Vec::new();
    for namespace in cluster.namespaces_deployed().await.unwrap_or_default() {
        let found = cluster.list("v1", "PersistentVolumeClaim", Some(&namespace), "").await;
        claims.extend(found.unwrap_or_default());
    }
    for claim in claims {
        let name = claim["metadata"]["name"].as_str().unwrap_or_default();
        let size = claim["status"]["capacity"]["storage"].as_str().unwrap_or("unbound");
        context.report.note("cluster", &format!("the data in {name} ({size}) goes with it"));
    }
}

/// Deletes with k3d, then by hand what k3d leaves, then looks again.
pub async fn remove(context: &Context, engine: &Engine, target: &Target) -> Result<()> {
    // Its exit code and words prove nothing; what is left is what counts.
    let ended = k3d::run(context, target, &["cluster", "delete", target.name()], "", DELETE_LIMIT).await?;
    if context.dry_run {
        return Ok(());
    }
    interrupt::place("cluster-deleted");
    for container in engine.cluster_containers(target.name()).await? {
        engine.remove_container(&container.id).await?;
    }
    sweep(engine, target).await?;
    let left = left(engine, target).await?;
    if !left.is_empty() {
        let found = format!("{} remain. k3d: {}", left.join(", "), k3d::cause(&ended.tail));
        return Err(target.failure(
            Exit::Cluster,
            &found,
            "remove them with docker, then run the command again",
        ));
    }
    target.forget()
}

/// Removes networks and volumes that no container uses any more.
async fn sweep(engine: &Engine, target: &Target) -> Result<()> {
    for network in engine.cluster_networks(target.name()).await? {
        if network.attached.is_empty() {
            engine.remove_network(&network.id).await?;
        }
    }
    for volume in engine.cluster_volumes(target.name()).await? {
        engine.remove_volume(&volume).await?;
    }
    Ok(())
}

async fn left(engine: &Engine, target: &Target) -> Result<Vec<String>> {
    let containers = engine.cluster_containers(target.name()).await?;
    let mut left: Vec<String> =
        containers.into_iter().map(|one| format!("the container {}", one.name)).collect();
    for network in engine.cluster_networks(target.name()).await? {
        left.push(format!("the network {} (used by {})", network.id, network.attached.join(", ")));
    }
    left.extend(
        engine.cluster_volumes(target.name()).await?.into_iter().map(|name| format!("the volume {name}")),
    );
    Ok(left)
}

/// What an interrupted creation of ours left without any container; somebody else's is only named.
pub async fn leftovers(engine: &Engine, target: &Target) -> Result<()> {
    if target.record().is_some() {
        return sweep(engine, target).await;
    }
    let networks = engine.cluster_networks(target.name()).await?;
    if networks.len() < 2 {
        return Ok(());
    }
    let ids: Vec<String> = networks.into_iter().map(|network| network.id).collect();
    let found =
        format!("Docker has {} networks named k3d-{}, so that k3d cannot make it.", ids.len(), target.name());
    Err(target.failure(Exit::Prerequisite, &found, &format!("`docker network rm {}`", ids.join(" "))))
}
