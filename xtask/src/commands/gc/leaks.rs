//! What counts as a leak, and whose it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::docker::cluster::{CLUSTER_LABEL, Remains};
use crate::docker::{Container, Engine};
use crate::settings::OWNER_LABEL;
use crate::target::Record;

/// Something that an earlier run left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    pub thing: Thing,
    pub text: String,
    /// True when it carries our mark or the name of a cluster that was made here.
    pub ours: bool,
    /// What removes it by hand.
    pub command: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A cluster whose creation never ended, by name.
    Half(String),
    /// A cluster with our mark that was made with another state folder, or whose state folder is lost.
    Stray(String),
    /// By id, since its name may be ambiguous.
    Network(String),
    Volume(String),
}

/// Looks at Docker and at the state folders.
pub async fn find(engine: &Engine, state: &Path) -> Result<Vec<Leak>> {
    let (containers, remains) = tokio::try_join!(engine.containers(None), engine.k3d_remains())?;
    Ok(judge(&containers, &remains, &known(state)))
}

/// Every cluster that was made here once: its folder stays, its record only while it is there.
fn known(state: &Path) -> BTreeMap<String, Option<Record>> {
    let folders = std::fs::read_dir(state).into_iter().flatten().flatten();
    let names = folders.filter_map(|folder| folder.file_name().into_string().ok());
    names.map(|name| (name.clone(), Record::read(&state.join(name)))).collect()
}

fn judge(containers: &[Container], remains: &Remains, known: &BTreeMap<String, Option<Record>>) -> Vec<Leak> {
    let mut leaks = clusters(containers, known);
    let alive: BTreeSet<&String> =
        containers.iter().filter_map(|container| container.labels.get(CLUSTER_LABEL)).collect();
    for network in remains.networks.iter().filter(|network| network.attached.is_empty()) {
        let name = network.name.strip_prefix("k3d-").unwrap_or(&network.name).to_owned();
        if !alive.contains(&name) {
            leaks.push(Leak {
                thing: Thing::Network(network.id.clone()),
                text: format!("the network {} of a cluster that is gone", network.name),
                ours: known.contains_key(&name),
                command: format!("not made here: `docker network rm {}`", network.id),
            });
        }
    }
    for (volume, name) in remains.volumes.iter().filter(|(_, name)| !alive.contains(name)) {
        leaks.push(Leak {
            thing: Thing::Volume(volume.clone()),
            text: format!("the volume {volume} of a cluster that is gone"),
            ours: known.contains_key(name),
            command: format!("not made here: `docker volume rm {volume}`"),
        });
    }
    leaks
}

/// Clusters that carry our mark, and whose creation never ended or of which nothing is written down any more.
fn clusters(containers: &[Container], known: &BTreeMap<String, Option<Record>>) -> Vec<Leak> {
    let mut marked: BTreeMap<&String, Vec<&Container>> = BTreeMap::new();
    for container in containers.iter().filter(|container| container.labels.contains_key(OWNER_LABEL)) {
        if let Some(name) = container.labels.get(CLUSTER_LABEL) {
            marked.entry(name).or_default().push(container);
        }
    }
    let leak = |(name, containers): (&String, Vec<&Container>)| match known.get(name).and_then(Option::as_ref)
    {
        Some(record) if record.complete => None,
        Some(_) => Some(Leak {
            thing: Thing::Half(name.clone()),
            text: format!("the cluster {name}, whose creation never ended"),
            ours: true,
            command: format!("`cargo xtask down --cluster {name}`"),
        }),
        None => Some(Leak {
            thing: Thing::Stray(name.clone()),
            text: format!(
                "{} containers of {name}, of which this state folder knows nothing",
                containers.len()
            ),
            ours: false,
            command: format!("another state folder may; if not: `k3d cluster delete {name}`"),
        }),
    };
    marked.into_iter().filter_map(leak).collect()
}

#[cfg(test)]
mod tests;
