//! `cargo xtask label`: node labels that decide which pods run where.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use crate::context::{Context, target};
use crate::kubernetes::nodes::{Node, label_text};
use crate::kubernetes::objects::Id;
use crate::manifests::Manifests;
use crate::remote::Remote;
use crate::report::Exit;
use crate::settings::CLUSTER_READY_LIMIT;
use crate::target::{NodeLabels, Reached, Record, Target};

/// How often a cluster in the making is asked for its nodes.
const REGISTER_POLL: Duration = Duration::from_millis(300);

/// By node, the labels that are to be set, or removed where there is no value.
pub type Changes = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// Give the nodes the labels that decide which pods run where
///
/// Use it after adding a node or changing the labels in manifests/cluster/k3d.yaml. The labels of that file are set
/// through the API, so it works on a cluster that is already running; then it is checked that every pod of the
/// manifests finds a node. On a cluster of targets.yaml nothing is set: what is missing is said with the command.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    target::require_cluster(context, "label", "labels the nodes of a cluster")?;
    if context.pin.is_some() {
        let uses = Manifests::read(&context.objects)?.images();
        return Remote::connect(context).await?.require_nodes(context, &uses).await;
    }
    ensure(context, &Reached::of(context).await?).await
}

/// Converges the labels, then checks that every selector of the manifests is met by a node.
pub async fn ensure(context: &Context, reached: &Reached) -> Result<()> {
    let step = context.report.step("label", "looking at the nodes");
    let Reached { target, cluster, .. } = reached;
    let mut nodes = registered(reached).await?;
    let wanted = target.config.node_labels();
    let changes = changes(&nodes, &wanted, &given_before(target));
    let texts: Vec<String> =
        changes.iter().map(|(node, labels)| format!("{node} {}", describe(labels))).collect();
    for (node, labels) in &changes {
        cluster.set_labels(&Id::new("v1", "Node", None, node), &json!(labels)).await?;
    }
    if !context.dry_run {
        if !changes.is_empty() {
            nodes = cluster.nodes().await?;
        }
        note(target, wanted)?;
        every_selector_is_met(target, &nodes, &Manifests::read(&context.objects)?)?;
    }
    match (changes.is_empty(), context.dry_run) {
        (true, _) => step.skipped("the nodes have their labels"),
        (false, true) => step.skipped(&format!("would set {}", texts.join(", "))),
        (false, false) => step.done(&texts.join(", ")),
    }
    Ok(())
}

/// The nodes, once all have registered: those of a cluster in the making come one after the other.
async fn registered(reached: &Reached) -> Result<Vec<Node>> {
    let started = Instant::now();
    loop {
        let nodes = reached.cluster.nodes().await?;
        if nodes.len() >= reached.target.config.nodes().len() || started.elapsed() > CLUSTER_READY_LIMIT {
            return Ok(nodes);
        }
        tokio::time::sleep(REGISTER_POLL).await;
    }
}

/// True when every node has its labels; nothing is changed.
pub async fn is_set(reached: &Reached) -> Result<bool> {
    Ok(find_changes(reached).await?.is_empty())
}

/// What would be changed at which node; nothing is.
pub async fn find_changes(reached: &Reached) -> Result<Changes> {
    let Reached { target, cluster, .. } = reached;
    Ok(changes(&cluster.nodes().await?, &target.config.node_labels(), &given_before(target)))
}

fn given_before(target: &Target) -> NodeLabels {
    target.record().map(|record| record.labels).unwrap_or_default()
}

/// Remembers what was given, so that a label that leaves k3d.yaml leaves the node as well.
fn note(target: &Target, labels: NodeLabels) -> Result<()> {
    match target.record().filter(|record| record.labels != labels) {
        Some(record) => target.save_record(&Record { labels, ..record }),
        None => Ok(()),
    }
}

/// Labels that a node lacks or has with another value, and labels that were given before and are no longer asked for.
fn changes(nodes: &[Node], wanted: &NodeLabels, before: &NodeLabels) -> Changes {
    let mut changes = Changes::new();
    for node in nodes {
        let none = BTreeMap::new();
        let (wanted, before) =
            (wanted.get(&node.name).unwrap_or(&none), before.get(&node.name).unwrap_or(&none));
        let set = wanted.iter().filter(|(key, value)| node.labels.get(*key) != Some(value));
        let gone = before.keys().filter(|key| !wanted.contains_key(*key) && node.labels.contains_key(*key));
        let set = set.map(|(key, value)| (key.clone(), Some(value.clone())));
        let differing: BTreeMap<String, Option<String>> =
            set.chain(gone.map(|key| (key.clone(), None))).collect();
        if !differing.is_empty() {
            changes.insert(node.name.clone(), differing);
        }
    }
    changes
}

/// `workload=compute zone-`, as kubectl spells it.
pub fn describe(labels: &BTreeMap<String, Option<String>>) -> String {
    let one = |(key, value): (&String, &Option<String>)| match value {
        Some(value) => format!("{key}={value}"),
        None => format!("{key}-"),
    };
    labels.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn every_selector_is_met(target: &Target, nodes: &[Node], manifests: &Manifests) -> Result<()> {
    for one in manifests.images() {
        let fits =
            |node: &Node| one.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
        if !nodes.iter().any(fits) {
            let wanted = label_text(&one.node_selector);
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

#[cfg(test)]
mod tests;
