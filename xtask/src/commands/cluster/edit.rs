//! Changing a cluster that runs, where k3d can, and asking before it is made anew where it cannot.

use std::time::Duration;

use anyhow::Result;

use crate::commands::cluster::drift::{Drift, Moved};
use crate::commands::cluster::{START_STOP_LIMIT, k3d, ports};
use crate::context::Context;
use crate::docker::Engine;
use crate::report::Exit;
use crate::target::Target;

/// k3d replaces the load balancer, which takes seven seconds.
const EDIT_LIMIT: Duration = Duration::from_secs(60);

/// Gives the players another address or port: k3d puts a new load balancer in place of the old one.
pub async fn move_port(context: &Context, engine: &Engine, target: &Target, moved: &Moved) -> Result<()> {
    let to = format!("{}:{}", moved.to.address, moved.to.port);
    ports::free(engine, target, &moved.from).await?;
    let text = format!("players move to {to}; connections through the load balancer break for some seconds");
    context.report.note("cluster", &text);
    // The old one goes first: a load balancer that has both sends one node twice its share.
    for from in &moved.from {
        edit(context, target, "--port-delete", from).await?;
    }
    edit(context, target, "--port-add", &to).await
}

async fn edit(context: &Context, target: &Target, flag: &str, published: &str) -> Result<()> {
    let port = format!("{published}:80@loadbalancer");
    let ended =
        k3d::run(context, target, &["cluster", "edit", target.name(), flag, &port], "", EDIT_LIMIT).await?;
    if ended.success() {
        return Ok(());
    }
    // A failed edit leaves the old load balancer stopped, whatever it says.
    k3d::run(context, target, &["cluster", "start", target.name()], "", START_STOP_LIMIT).await?;
    let found = format!("k3d cannot change {published}: {} ({}).", k3d::cause(&ended.tail), ended.ending());
    Err(target.failure(Exit::Cluster, &found, "run the command again; the cluster itself is unharmed"))
}

/// Asks whether the cluster may be made anew; a plain refusal where the answer is no or nobody can be asked.
pub fn agree_to_remake(context: &Context, target: &Target, drift: &Drift) -> Result<()> {
    let name = target.name();
    let changes = drift.remade.join("; ");
    context
        .report
        .warn(&format!("{name} keeps from its making on what k3d.yaml now asks otherwise: {changes}"));
    if context.confirm(&format!("Remove {name} with everything in it, and make it anew?"))? {
        return Ok(());
    }
    let found =
        format!("it was made otherwise than k3d.yaml asks now ({changes}), and k3d cannot change that.");
    let fix = "take the change in manifests/cluster/k3d.yaml back, or run the command with --yes, \
               which removes the cluster with its data and makes it anew";
    Err(target.failure(Exit::Refused, &found, fix))
}
