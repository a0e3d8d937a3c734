//! What must hold before anything is deployed there: what is a step on a cluster of ours is a check on somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use crate::context::Context;
use crate::kubernetes::nodes::{Node, label_text};
use crate::manifests::ImageUse;
use crate::manifests::targets::Pin;
use crate::registry::Repository;
use crate::remote::Remote;
use crate::report::{Exit, Failure, Report};
use crate::settings::IMAGE_NAME;

#[cfg(test)]
mod tests;

/// Nodes that run the control plane and should be the last ones to get a label of ours.
const CONTROL_PLANE_LABEL: &str = "node-role.kubernetes.io/control-plane";

type Labels = BTreeMap<String, String>;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A stable word for machines.
    pub id: &'static str,
    pub ok: bool,
    /// What was found.
    pub text: String,
    /// What to type or do; empty where all is well.
    pub fix: String,
    /// The exit code that it stands for.
    #[serde(skip)]
    pub exit: Exit,
}

impl Check {
    pub fn passed(id: &'static str, text: String) -> Self {
        Self { id, ok: true, text, fix: String::new(), exit: Exit::Bug }
    }

    pub fn failed(id: &'static str, exit: Exit, text: String, fix: String) -> Self {
        Self { id, ok: false, text, fix, exit }
    }
}

/// The image that is to run there.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// `amd64`, `arm64`.
    pub architecture: &'a str,
    /// Digest of its manifest.
    pub digest: &'a str,
}

impl Remote {
    /// Everything about the nodes, for the pods of these manifests.
    pub async fn check_nodes(&self, uses: &[ImageUse]) -> Result<Vec<Check>> {
        Ok(nodes(&self.pin, &self.cluster.nodes().await?, uses))
    }

    /// Everything about an image: that nodes can run it and that they can pull it.
    pub async fn check_image(&self, uses: &[ImageUse], wanted: Wanted<'_>) -> Result<Vec<Check>> {
        let nodes = self.cluster.nodes().await?;
        Ok(vec![architecture(&nodes, uses, wanted.architecture), self.pullable(wanted.digest).await?])
    }

    /// Sees that pods find nodes, or fails with the commands that see to it.
    pub async fn require_nodes(&self, context: &Context, uses: &[ImageUse]) -> Result<()> {
        let step = context.report.step("nodes", "looking at the nodes");
        let checks = self.check_nodes(uses).await?;
        require(&self.pin.name, &checks)?;
        step.skipped(&joined(&checks));
        Ok(())
    }

    /// Sees that the nodes can pull and run the image, or fails with the command that sees to it.
    pub async fn require_image(
        &self,
        context: &Context,
        uses: &[ImageUse],
        wanted: Wanted<'_>,
    ) -> Result<()> {
        let step = context.report.step("registry", &format!("looking for the image in {}", self.pin.image));
        let checks = self.check_image(uses, wanted).await?;
        require(&self.pin.name, &checks)?;
        step.skipped(&joined(&checks));
        Ok(())
    }

    async fn pullable(&self, digest: &str) -> Result<Check> {
        let Pin { name, image, .. } = &self.pin;
        if digest.is_empty() {
            let text = "the game server is not built; its image is looked for once it is".to_owned();
            return Ok(Check::passed("image", text));
        }
        // A look: its requests change nothing, whatever is done with what it finds.
        if Repository::new(&Report::quiet(), image)?.holds(digest).await? {
            return Ok(Check::passed("image", format!("{image}@{digest} can be pulled")));
        }
        let text = format!("{image} does not hold {digest}, the image of these sources");
        let fix = format!("`cargo xtask image --push --target {name}`");
        Ok(Check::failed("image", Exit::Prerequisite, text, fix))
    }
}

/// Stops with all that does not hold; the first one decides the exit code.
pub fn require(name: &str, checks: &[Check]) -> Result<()> {
    let failed: Vec<&Check> = checks.iter().filter(|check| !check.ok).collect();
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let texts: Vec<String> = failed.iter().map(|check| format!("{} ({})", check.text, check.id)).collect();
    let fixes: Vec<&str> = failed.iter().map(|check| check.fix.as_str()).collect();
    Err(Failure {
        exit: first.exit,
        doing: format!("checking the cluster {name}"),
        found: format!("{}.", texts.join("; ")),
        cause: String::new(),
        fix: fixes.join("; then "),
    }
    .into())
}

fn joined(checks: &[Check]) -> String {
    checks.iter().map(|check| check.text.as_str()).collect::<Vec<_>>().join("; ")
}

/// Readiness and labels.
pub fn nodes(pin: &Pin, nodes: &[Node], uses: &[ImageUse]) -> Vec<Check> {
    vec![ready(pin, nodes, uses), labels(pin, nodes, uses)]
}

/// Every node that pods of ours may run on is Ready; others are somebody else's matter.
fn ready(pin: &Pin, nodes: &[Node], uses: &[ImageUse]) -> Check {
    let is_special =
        |node: &Node| uses.iter().any(|one| !one.node_selector.is_empty() && fits(node, &one.node_selector));
    let asleep: Vec<&str> =
        nodes.iter().filter(|node| !node.ready && is_special(node)).map(|node| node.name.as_str()).collect();
    let count = nodes.iter().filter(|node| node.ready).count();
    if count > 0 && asleep.is_empty() {
        return Check::passed("nodes-ready", format!("{count} of {} nodes are Ready", nodes.len()));
    }
    let text = match asleep.as_slice() {
        [] => format!("none of {} nodes is Ready", nodes.len()),
        names => format!("not Ready, and meant for pods of ours: {}", names.join(", ")),
    };
    let fix = format!("`{} describe nodes` says why", pin.kubectl());
    Check::failed("nodes-ready", Exit::Cluster, text, fix)
}

/// Labels that the file asks for, and those without which a pod finds no node.
fn labels(pin: &Pin, nodes: &[Node], uses: &[ImageUse]) -> Check {
    let id = "node-labels";
    if let Some(gone) = pin.nodes.keys().find(|name| !nodes.iter().any(|node| node.name == **name)) {
        let text = format!("{} has no node {gone}", pin.name);
        let fix = format!("correct `nodes:` of {} in targets.yaml; `{} get nodes`", pin.name, pin.kubectl());
        return Check::failed(id, Exit::Cluster, text, fix);
    }
    let mut missing = asked_for(pin, nodes);
    if pin.nodes.is_empty() {
        missing.extend(unmet(nodes, uses));
    }
    if missing.is_empty() {
        return Check::passed(id, "every pod finds a node with the labels that it asks for".to_owned());
    }
    let texts: Vec<String> = missing.iter().map(|(node, labels)| lacks(node.as_ref(), labels)).collect();
    let commands: Vec<String> =
        missing.iter().map(|(node, labels)| command(pin, nodes, node.as_ref(), labels)).collect();
    Check::failed(id, Exit::Cluster, texts.join(", "), format!("`{}`", commands.join(" && ")))
}

/// What the file asks for, node by node.
fn asked_for(pin: &Pin, nodes: &[Node]) -> Vec<(Option<String>, Labels)> {
    let lacking = nodes.iter().filter_map(|node| {
        let wanted = pin.nodes.get(&node.name)?;
        let lacking = wanted.iter().filter(|(key, value)| node.labels.get(*key) != Some(value));
        let lacking: Labels = lacking.map(|(key, value)| (key.clone(), value.clone())).collect();
        (!lacking.is_empty()).then(|| (Some(node.name.clone()), lacking))
    });
    lacking.collect()
}

/// Selectors that no Ready node meets, each with a node that could.
fn unmet(nodes: &[Node], uses: &[ImageUse]) -> Vec<(Option<String>, Labels)> {
    let selectors: BTreeSet<&Labels> = uses.iter().map(|one| &one.node_selector).collect();
    let unmet =
        selectors.into_iter().filter(|selector| !nodes.iter().any(|node| node.ready && fits(node, selector)));
    let mut free: Vec<&Node> = nodes.iter().filter(|node| node.ready).collect();
    free.sort_by_key(|node| (node.labels.contains_key(CONTROL_PLANE_LABEL), node.name.clone()));
    let mut choose = |selector: &Labels| {
        let is_free = |node: &&Node| !selector.keys().any(|key| node.labels.contains_key(key));
        free.iter().position(is_free).map(|index| free.remove(index).name.clone())
    };
    unmet.map(|selector| (choose(selector), selector.clone())).collect()
}

fn fits(node: &Node, selector: &Labels) -> bool {
    selector.iter().all(|(key, value)| node.labels.get(key) == Some(value))
}

fn lacks(node: Option<&String>, labels: &Labels) -> String {
    match node {
        Some(node) => format!("{node} has no {}", label_text(labels)),
        None => format!("no node has {}, and none is free for it", label_text(labels)),
    }
}

/// Sets the labels; a value that is there already is only replaced where the file says so.
fn command(pin: &Pin, nodes: &[Node], node: Option<&String>, labels: &Labels) -> String {
    let known = nodes.iter().find(|known| Some(&known.name) == node);
    let replaces = known.is_some_and(|known| labels.keys().any(|key| known.labels.contains_key(key)));
    let flag = if replaces { " --overwrite" } else { "" };
    format!(
        "{} label node {} {}{flag}",
        pin.kubectl(),
        node.map_or("NODE", String::as_str),
        label_text(labels)
    )
}

/// Every node on which the game server may run can run it.
fn architecture(nodes: &[Node], uses: &[ImageUse], wanted: &str) -> Check {
    let id = "architecture";
    let ours: Vec<&ImageUse> = uses.iter().filter(|one| one.image == IMAGE_NAME).collect();
    let runs = |node: &&Node| ours.iter().any(|one| fits(node, &one.node_selector));
    let others: Vec<String> = nodes
        .iter()
        .filter(runs)
        .filter(|node| node.architecture != wanted)
        .map(|node| format!("{} is {}", node.name, node.architecture))
        .collect();
    if others.is_empty() {
        return Check::passed(id, format!("the nodes are {wanted}, as the image is"));
    }
    let text = format!("the image is {wanted}, and {}", others.join(", "));
    let fix =
        "build and push on a machine like the nodes, or give the cluster nodes like this machine".to_owned();
    Check::failed(id, Exit::Build, text, fix)
}
