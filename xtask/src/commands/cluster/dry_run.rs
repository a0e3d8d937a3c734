//! What `cluster` would do: the same calls in the same order, without what waits for their effect.

use anyhow::Result;

use super::look::State;
use super::{balancer, creation, drift, edit, foreign, ports, removal, start_nodes};
use crate::context::Context;
use crate::docker::Engine;
use crate::target::Target;

/// Stands for the id that marks containers and nodes as ours: it is drawn when it is needed.
const OWNER: &str = "RANDOM";

/// Tells the calls; fails where the command itself would refuse before the first of them.
pub async fn ensure(context: &Context, engine: &Engine, target: &Target, state: &State) -> Result<()> {
    match state {
        State::Running => converge(context, engine, target).await,
        State::Stopped(_) => {
            start_nodes(context, engine, target).await?;
            balancer::start(engine, target).await
        }
        State::Absent => {
            ports::free(engine, target, &[]).await?;
            removal::leftovers(engine, target).await?;
            create(context, engine, target).await
        }
        State::Half => anew(context, engine, target).await,
        State::Foreign(evidence) => Err(foreign(target, evidence)),
        // Refused by the command; `describe` says so.
        State::Damaged(_) => Ok(()),
    }
}

async fn converge(context: &Context, engine: &Engine, target: &Target) -> Result<()> {
    let drift = drift(engine, target).await?;
    if !drift.remade.is_empty() {
        let changes = drift.remade.join("; ");
        context.report.note("cluster", &format!("would ask first, because it is made anew: {changes}"));
        return anew(context, engine, target).await;
    }
    match &drift.moved {
        Some(moved) => edit::move_port(context, engine, target, moved).await,
        None => Ok(()),
    }
}

async fn anew(context: &Context, engine: &Engine, target: &Target) -> Result<()> {
    removal::remove(context, engine, target).await?;
    create(context, engine, target).await
}

async fn create(context: &Context, engine: &Engine, target: &Target) -> Result<()> {
    creation::run_k3d(context, target, OWNER).await?;
    balancer::start(engine, target).await
}
