//! Making a cluster with k3d, and going on as soon as its API answers.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::commands::cluster::kubeconfig::{self, api_port_of_server};
use crate::commands::cluster::ready::ready;
use crate::commands::cluster::{Announce, CREATION_POLL, balancer, k3d, ports, removal, tell, until_ended};
use crate::context::{Context, random_hex};
use crate::docker::{Container, Engine};
use crate::interrupt;
use crate::processes::job::Finished;
use crate::processes::ports::any_free;
use crate::report::{Exit, Step};
use crate::settings::{CLUSTER_CREATE_LIMIT, OWNER_LABEL};
use crate::target::{Reached, Record, Target, image_given};

/// Into a creation, some containers exist and others do not.
const K3D_AT_WORK: Duration = Duration::from_secs(3);

/// Enough that no two clusters are taken for one another.
const OWNER_BYTES: usize = 16;

/// Makes the cluster, writes down what it is, and waits until pods can run.
pub async fn create(
    context: &Context,
    engine: &Engine,
    target: &Target,
    step: Step,
    announce: &mut Option<Announce>,
) -> Result<()> {
    ports::free(engine, target, &[]).await?;
    removal::leftovers(engine, target).await?;
    let record = Record {
        owner: random_hex(OWNER_BYTES)?,
        complete: false,
        uid: String::new(),
        published: target.published(),
        labels: target.config.node_labels(),
        image_given: image_given(),
        direct: target.config.direct,
        shape: target.config.shape()?,
    };
    // Written down first: whatever happens from here on, what k3d makes is known as ours.
    target.save_record(&record)?;
    interrupt::place("cluster-recorded");
    interrupt::place_later("k3d-runs", K3D_AT_WORK);
    make(context, engine, target, &record, announce).await?;
    interrupt::place("cluster-made");
    let cluster = ready(context, engine, target).await?;
    target.save_record(&Record { complete: true, uid: cluster.uid().await?, ..record })?;
    let (name, nodes) = (target.name(), target.config.nodes().len());
    step.done(&format!(
        "{name} is running: {nodes} nodes, players at {}:{}",
        target.config.bind_address, target.config.port
    ));
    Ok(())
}

/// Runs k3d; what needs only the API is told to go on while k3d still works on agents and load balancer.
async fn make(
    context: &Context,
    engine: &Engine,
    target: &Target,
    record: &Record,
    announce: &mut Option<Announce>,
) -> Result<()> {
    let go_on = async {
        let reached = answering(engine, target, record).await;
        if let Some(announce) = announce.take() {
            tell(announce, reached);
        }
    };
    let beside = async {
        tokio::join!(go_on, balancer::start_early(engine, target, &record.owner));
    };
    let ended = until_ended(run_k3d(context, target, &record.owner), beside).await?;
    if ended.success() {
        return Ok(());
    }
    let found = format!("k3d: {} ({}).", k3d::cause(&ended.tail), ended.ending());
    removal::settle(engine, target).await?;
    removal::remove(context, engine, target).await?;
    let fix = "run `cargo xtask doctor`; what was made has been removed again";
    Err(target.failure(Exit::Cluster, &found, fix))
}

/// Makes containers, networks and nodes that carry the owner's id.
pub async fn run_k3d(context: &Context, target: &Target, owner: &str) -> Result<Finished> {
    let api_port = match target.config.direct {
        true => None,
        false => Some(any_free().context("no free port for the API server")?),
    };
    let config = target.config.for_k3d(owner, api_port)?;
    k3d::run(context, target, &["cluster", "create", "--config", "-"], &config, CLUSTER_CREATE_LIMIT).await
}

/// Waits until the API server of a cluster in the making answers; its containers carry the id that was written down.
async fn answering(engine: &Engine, target: &Target, record: &Record) -> Reached {
    loop {
        tokio::time::sleep(CREATION_POLL).await;
        if let Ok(true) = is_started(engine, target, record).await
            && kubeconfig::write(engine, target).await.is_ok()
            && let Ok(cluster) = target.open(engine).await
            && cluster.is_api_ready().await
        {
            return Reached { target: target.clone(), engine: engine.clone(), cluster };
        }
    }
}

/// True when a server of ours runs and has written the kubeconfig that k3d reads.
async fn is_started(engine: &Engine, target: &Target, record: &Record) -> Result<bool> {
    let containers = engine.cluster_containers(target.name()).await?;
    let is_ours = |one: &Container| one.labels.get(OWNER_LABEL) == Some(&record.owner);
    if api_port_of_server(&containers).is_none()
        || !containers.iter().filter(|one| one.is_running()).all(is_ours)
    {
        return Ok(false);
    }
    Ok(kubeconfig::is_there(engine, target).await)
}
