//! The agents, started while k3d still waits for the server.

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;

use crate::commands::cluster::CREATION_POLL;
use crate::docker::{Container, Engine};
use crate::settings::OWNER_LABEL;
use crate::target::Target;

/// k3d's own entry scripts, which it writes into each node right before it starts it (`enableFixes` of k3d): some
/// nodes do not start without.
const SCRIPTS: &str = "/bin/k3d-entrypoint";
const FOLDER: &str = "/bin";

/// Gives the agents what k3d writes into them, as soon as the server has it; then they can be started at any moment.
pub async fn prepare(engine: &Engine, target: &Target, owner: &str) -> Result<()> {
    let (server, agents) = (target.config.first_server(), target.config.agents().collect::<Vec<_>>());
    while !is_time(&engine.cluster_containers(target.name()).await?, &server, &agents, owner) {
        tokio::time::sleep(CREATION_POLL).await;
    }
    let listed = engine.exec(&server, &["sh", "-c", &format!("ls {SCRIPTS}*")], None).await?;
    ensure!(listed.exit_code == 0, "{server} has none of k3d's scripts: {}", listed.stderr.trim());
    let scripts = try_join_all(listed.stdout.lines().map(|path| engine.download(&server, path))).await?;
    put(engine, target, joined(&scripts)?).await
}

/// True when the server runs and the agents are there, all of them ours.
fn is_time(containers: &[Container], server: &str, agents: &[String], owner: &str) -> bool {
    let is_ours = |one: &Container| one.labels.get(OWNER_LABEL).is_some_and(|label| label == owner);
    let ours = |name: &str| containers.iter().find(|one| one.name == name && is_ours(one));
    ours(server).is_some_and(Container::is_running) && agents.iter().all(|agent| ours(agent).is_some())
}

/// Writes the scripts into all agents.
async fn put(engine: &Engine, target: &Target, scripts: Bytes) -> Result<()> {
    let put = async |agent: String| engine.upload(&agent, FOLDER, scripts.clone()).await;
    try_join_all(target.config.agents().map(put)).await.map(drop)
}

/// One archive with what is in several.
fn joined(archives: &[Bytes]) -> Result<Bytes> {
    let mut all = tar::Builder::new(Vec::new());
    for archive in archives {
        for entry in tar::Archive::new(archive.as_ref()).entries()? {
            let entry = entry?;
            all.append(&entry.header().clone(), entry)?;
        }
    }
    Ok(all.into_inner()?.into())
}

/// Starts the agents of a cluster in the making whose API answers.
///
/// k3d does it a second later: it waits for a line in the server's log, and asks Docker about each node again. An
/// agent that runs already is started for k3d as well, which then reads its log from the start of the container on. So
/// whatever goes wrong here costs only the time, and k3d starts them in its turn.
pub async fn start_early(engine: &Engine, target: &Target, prepared: Result<()>) {
    let started = async {
        prepared?;
        start(engine, target).await
    };
    if let Err(error) = started.await {
        engine.report().note("cluster", &format!("the agents wait for k3d: {error:#}"));
    }
}

async fn start(engine: &Engine, target: &Target) -> Result<()> {
    let start = async |agent: String| engine.start_container(&agent).await;
    try_join_all(target.config.agents().map(start)).await.map(drop)
}

/// Tells the calls that prepare and start them.
pub async fn dry_run(engine: &Engine, target: &Target) -> Result<()> {
    put(engine, target, Bytes::new()).await?;
    start(engine, target).await
}

#[cfg(test)]
mod tests;
