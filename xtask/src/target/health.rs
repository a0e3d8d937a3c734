//! What is asleep or broken about a cluster that was whole once: after a reboot, a restart of Docker, a `k3d cluster stop`.
//!
//! k3d writes the records of its hosts only when it starts a server itself, and its load balancer looks its nodes up once;
//! both are wrong after Docker has started the containers on its own, in whatever order and with whatever addresses.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::docker::cluster::{ROLE_LABEL, Whereabouts};
use crate::docker::{Container, Engine};
use crate::kubernetes::Kubernetes;
use crate::target::Target;

/// Which addresses the load balancer was told last.
pub const BALANCER_FILE: &str = "balancer.json";
/// The name of this machine inside a cluster.
pub const HOST_NAME: &str = "host.k3d.internal";

/// Role of the load balancer's container.
const BALANCER: &str = "loadbalancer";
/// Containers that are there for as long as the cluster is.
const LASTING: [&str; 3] = ["server", "agent", BALANCER];

/// Of a time of RFC 3339, `2026-11-24T10:00:00`: Kubernetes gives no fractions.
const WHOLE_SECONDS: usize = 19;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ailment {
    /// A container that does not run.
    Asleep { container: String, state: String },
    /// All containers run, and the API server says nothing.
    Silent { why: String },
    /// The load balancer started before these nodes had the addresses that they have now.
    StaleBalancer { nodes: Vec<String> },
    /// Names that CoreDNS does not give the address that they have.
    HostRecords { missing: Vec<String> },
    /// The cluster knows a node under an address that it no longer has.
    OldAddress { node: String, known: String, now: String },
    /// What the cluster says about the pods of a node is from before its start: they are called ready and do not run.
    OldPods { node: String },
}

impl Ailment {
    /// A stable word for machines.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Asleep { .. } => "container-asleep",
            Self::Silent { .. } => "api-silent",
            Self::StaleBalancer { .. } => "balancer-stale",
            Self::HostRecords { .. } => "host-records-missing",
            Self::OldAddress { .. } => "node-address-old",
            Self::OldPods { .. } => "node-pods-old",
        }
    }
}

impl fmt::Display for Ailment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asleep { container, state } => write!(f, "{container} does not run ({state})"),
            Self::Silent { why } => write!(f, "the API server does not answer: {why}"),
            Self::StaleBalancer { nodes } => {
                write!(f, "the load balancer may send players to old addresses of {}", nodes.join(", "))
            }
            Self::HostRecords { missing } => write!(f, "CoreDNS has lost {}", missing.join(", ")),
            Self::OldAddress { node, known, now } => {
                write!(f, "{node} is at {now}, and the cluster still knows it at {known}")
            }
            Self::OldPods { node } => {
                write!(f, "{node} has started again and has not said yet which of its pods run")
            }
        }
    }
}

/// A container of the cluster that lasts: a node or the load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub is_balancer: bool,
    pub at: Whereabouts,
}

/// What the load balancer was told, and by which start of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub started: String,
    pub addresses: BTreeMap<String, String>,
}

/// Everything that is judged.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub members: Vec<Member>,
    pub told: Option<Told>,
    /// Nothing as long as the API does not answer.
    pub inside: Option<Inside>,
}

/// What the cluster itself knows about where its parts are.
#[derive(Debug, Clone, Default)]
pub struct Inside {
    /// `NodeHosts` of CoreDNS: a file of hosts.
    pub hosts: String,
    /// Addresses of nodes.
    pub nodes: BTreeMap<String, String>,
    /// By node, since when the oldest of its containers is said to run.
    pub running_since: BTreeMap<String, String>,
}

/// Everything that is not as it should be; nothing for a cluster that is not there at all.
pub async fn look(engine: &Engine, target: &Target) -> Result<Vec<Ailment>> {
    let containers = engine.cluster_containers(target.name()).await?;
    let role =
        |role: Option<&String>| matches!(role.map(String::as_str), Some("server" | "agent" | "loadbalancer"));
    let lasting = containers.iter().filter(|container| role(container.labels.get(ROLE_LABEL)));
    let asleep: Vec<Ailment> = lasting
        .filter(|container| !container.is_running())
        .map(|one| Ailment::Asleep { container: one.name.clone(), state: one.state.clone() })
        .collect();
    if !asleep.is_empty() || containers.is_empty() {
        return Ok(asleep);
    }
    let cluster = target.open(engine).await?;
    let (outside, inside) = tokio::join!(outside(engine, target), inside(&cluster));
    let mut facts = outside?;
    let silent = inside.map(|inside| facts.inside = Some(inside)).err();
    let silent = silent.map(|error| Ailment::Silent { why: format!("{error:#}") });
    Ok(silent.into_iter().chain(judge(&facts)).collect())
}

/// Everything about a cluster that runs and answers.
pub async fn facts(engine: &Engine, target: &Target, cluster: &Kubernetes) -> Result<Facts> {
    let (outside, inside) = tokio::try_join!(outside(engine, target), inside(cluster))?;
    Ok(Facts { inside: Some(inside), ..outside })
}

/// What Docker knows, whether the cluster answers or not.
pub async fn outside(engine: &Engine, target: &Target) -> Result<Facts> {
    let told = std::fs::read(target.folder().join(BALANCER_FILE));
    let told = told.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    Ok(Facts { members: members(engine, target).await?, told, inside: None })
}

async fn inside(cluster: &Kubernetes) -> Result<Inside> {
    let (hosts, nodes, running_since) =
        tokio::try_join!(cluster.host_records(), cluster.node_addresses(), cluster.running_since())?;
    Ok(Inside { hosts, nodes, running_since })
}

async fn members(engine: &Engine, target: &Target) -> Result<Vec<Member>> {
    let network = format!("k3d-{}", target.name());
    let containers = engine.cluster_containers(target.name()).await?;
    let lasting = containers.iter().filter(|one| LASTING.contains(&role(one)));
    let looks = lasting.map(async |container| {
        let at = engine.whereabouts(&container.id, &network).await?;
        Ok(Member { name: container.name.clone(), is_balancer: role(container) == BALANCER, at })
    });
    try_join_all(looks).await
}

fn role(container: &Container) -> &str {
    container.labels.get(ROLE_LABEL).map_or("", String::as_str)
}

/// Judges a cluster that runs.
pub fn judge(facts: &Facts) -> Vec<Ailment> {
    let stale = stale_for(facts);
    let known = |node: &str| facts.inside.as_ref()?.nodes.get(node);
    let missing: Vec<String> = missing_records(facts).into_iter().map(|(name, _)| name).collect();
    let old = facts.members.iter().filter_map(|member| {
        let known = known(&member.name)?;
        let (node, now) = (member.name.clone(), member.at.address.clone());
        (*known != now).then(|| Ailment::OldAddress { node, known: known.clone(), now })
    });
    let mut ailments: Vec<Ailment> = old.chain(old_pods(facts)).collect();
    if !stale.is_empty() {
        ailments.push(Ailment::StaleBalancer { nodes: stale });
    }
    if !missing.is_empty() {
        ailments.push(Ailment::HostRecords { missing });
    }
    ailments
}

/// Nodes on which containers are said to run since before the node itself does.
fn old_pods(facts: &Facts) -> impl Iterator<Item = Ailment> {
    let second = |time: &str| time.get(..WHOLE_SECONDS).unwrap_or(time).to_owned();
    facts.members.iter().filter_map(move |member| {
        let since = facts.inside.as_ref()?.running_since.get(&member.name)?;
        let node = member.name.clone();
        (second(since) < second(&member.at.started)).then_some(Ailment::OldPods { node })
    })
}

/// Nodes that the load balancer may look for at an old address. What it was told is exact as long as it was not
/// started again since; otherwise a node that started later than it counts, whatever its address.
pub fn stale_for(facts: &Facts) -> Vec<String> {
    let Some(balancer) = facts.members.iter().find(|member| member.is_balancer) else {
        return Vec::new();
    };
    let told = facts.told.as_ref().filter(|told| told.started == balancer.at.started);
    let is_stale = |node: &&Member| match told {
        Some(told) => told.addresses.get(&node.name) != Some(&node.at.address),
        None => node.at.started > balancer.at.started,
    };
    let nodes = facts.members.iter().filter(|member| !member.is_balancer);
    nodes.filter(is_stale).map(|node| node.name.clone()).collect()
}

/// Names with the addresses that they should have in the hosts of CoreDNS and have not.
pub fn missing_records(facts: &Facts) -> Vec<(String, String)> {
    let Some(Inside { hosts, .. }) = &facts.inside else {
        return Vec::new();
    };
    let holds = |name: &str, address: Option<&str>| {
        hosts.lines().any(|line| {
            let mut words = line.split_whitespace();
            let first = words.next();
            (address.is_none() || address == first) && words.any(|word| word == name)
        })
    };
    let lost = facts.members.iter().filter(|member| !holds(&member.name, Some(&member.at.address)));
    let mut missing: Vec<(String, String)> =
        lost.map(|member| (member.name.clone(), member.at.address.clone())).collect();
    // This machine's address depends on how Docker runs; any record of it will do.
    if let (false, Some(first)) = (holds(HOST_NAME, None), facts.members.first()) {
        missing.insert(0, (HOST_NAME.to_owned(), first.at.gateway.clone()));
    }
    missing
}

#[cfg(test)]
mod tests;
