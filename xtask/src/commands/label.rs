//! `cargo xtask label`: node labels that decide which pods run where.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;

use crate::context::Context;
use crate::kubernetes::nodes::Node;
use crate::kubernetes::objects::Id;
use crate::manifests::Manifests;
use crate::report::Exit;
use crate::target::{Reached, Target};

/// Give the nodes the labels that decide which pods run where
///
/// Use it after adding a node or changing the labels in manifests/cluster/k3d.yaml. The labels of that file are set
/// through the API, so it works on a cluster that is already running; then it is checked that every pod of the
/// manifests finds a node.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    ensure(context, &Reached::of(context).await?).await
}

/// Converges the labels, then checks that every selector of the manifests is met by a node.
pub async fn ensure(context: &Context, reached: &Reached) -> Result<()> {
    let step = context.report.step("label", "looking at the nodes");
    let Reached { target, cluster, .. } = reached;
    let mut nodes = cluster.nodes().await?;
    let changes = changes(&nodes, &target.config.node_labels());
    let texts: Vec<String> =
        changes.iter().map(|(node, labels)| format!("{node} {}", text(labels))).collect();
    if !context.dry_run {
        for (node, labels) in &changes {
            cluster.set_labels(&Id::new("v1", "Node", None, node), &json!(labels)).await?;
        }
        if !changes.is_empty() {
            nodes = cluster.nodes().await?;
        }
        every_selector_is_met(target, &nodes, &Manifests::load(&context.root)?)?;
    }
    match (changes.is_empty(), context.dry_run) {
        (true, _) => step.skipped("the nodes have their labels"),
        (false, true) => step.skipped(&format!("would set {}", texts.join(", "))),
        (false, false) => step.done(&texts.join(", ")),
    }
    Ok(())
}

/// True when every node has its labels; nothing is changed.
pub async fn is_set(reached: &Reached) -> Result<bool> {
    Ok(changes(&reached.cluster.nodes().await?, &reached.target.config.node_labels()).is_empty())
}

/// Labels that a node lacks or has with another value.
fn changes(
    nodes: &[Node],
    wanted: &BTreeMap<String, BTreeMap<String, String>>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut changes = BTreeMap::new();
    for node in nodes {
        let mut differing = wanted.get(&node.name).cloned().unwrap_or_default();
        differing.retain(|key, value| node.labels.get(key) != Some(value));
        if !differing.is_empty() {
            changes.insert(node.name.clone(), differing);
        }
    }
    changes
}

fn every_selector_is_met(target: &Target, nodes: &[Node], manifests: &Manifests) -> Result<()> {
    for one in manifests.images() {
        let fits =
            |node: &Node| one.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
        if !nodes.iter().any(fits) {
            let wanted = text(&one.node_selector);
            let found = format!(
                "pods with the image {} ask for a node with {wanted}, and no node has it.",
                one.image
            );
            let fix =
                format!("add the label to manifests/cluster/k3d.yaml, or `kubectl label node NAME {wanted}`");
            return Err(target.failure(Exit::Cluster, &found, &fix));
        }
    }
    Ok(())
}

fn text(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
