//! `manifests/cluster/k3d.yaml` with its overrides.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;
use serde_yaml::Value;

use crate::manifests::{locate, refuse};
use crate::report::{Exit, Failure};
use crate::settings::{CLUSTER_NAME_CHARS_MAX, OWNER_LABEL};
pub use kubeconfig::kubeconfig;

/// Every key of k3d's config, and what becomes of it.
pub mod keys;
/// What leads to its API.
mod kubeconfig;
/// Older versions of k3d's config.
mod migrate;
/// The players' port among the ports.
mod ports;
/// The config as it was written.
mod read;
/// Variables in it.
mod variables;

/// Where the file lies below the folder of the manifests.
const FILE: &str = "cluster/k3d.yaml";
/// What k3d calls a cluster whose config gives it no name.
const NAME_DEFAULT: &str = "k3s-default";

/// What the command line changes in the file, in memory only.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub name: Option<String>,
    pub port: Option<u16>,
    pub bind_address: Option<String>,
    pub image: Option<String>,
    /// Players reach a node itself, without k3d's load balancer.
    pub direct: bool,
}

/// The shape of the cluster that the file describes.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    pub name: String,
    pub servers: u64,
    pub agents: u64,
    pub image: String,
    /// Address and port at which players join.
    pub bind_address: String,
    pub port: u16,
    /// True when there is no load balancer: one node publishes the port itself.
    pub direct: bool,
    /// What works, and probably not as it was meant.
    pub notes: Vec<String>,
    value: Value,
}

impl ClusterConfig {
    /// Reads the file and applies the overrides.
    pub fn load(folder: &Path, overrides: &Overrides) -> Result<Self> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| missing(&path, &error))?;
        Self::parse(&text, path.parent().unwrap_or(folder), overrides).map_err(refused)
    }

    /// What is assumed of a cluster whose file cannot be read, so that all else can still be looked at.
    pub fn assumed(overrides: &Overrides) -> Result<Self> {
        const TEXT: &str =
            "{apiVersion: k3d.io/v1alpha5, kind: Simple, metadata: {name: k3s-local}, agents: 2}";
        Self::parse(TEXT, Path::new(""), overrides).map_err(refused)
    }

    /// The same for a text whose files lie in a folder.
    fn parse(text: &str, folder: &Path, overrides: &Overrides) -> Result<Self, read::Refusal> {
        let read = read::read(text, folder, |name| std::env::var(name).ok())?;
        let read::Read { mut value, bind_address, port, notes } = read;
        if let Some(name) = &overrides.name {
            value["metadata"]["name"] = Value::from(name.clone());
        }
        if let Some(image) = &overrides.image {
            value["image"] = Value::from(image.clone());
        }
        let bind_address = overrides.bind_address.clone().unwrap_or(bind_address);
        let port = overrides.port.unwrap_or(port);
        value["ports"][0]["port"] = Value::from(format!("{bind_address}:{port}:80"));
        let (servers, agents) =
            (value["servers"].as_u64().unwrap_or(1), value["agents"].as_u64().unwrap_or(0));
        let direct = overrides.direct || value["options"]["k3d"]["disableLoadbalancer"] == true;
        if direct {
            publish_directly(&mut value, agents);
        }
        let name = value["metadata"]["name"].as_str().unwrap_or(NAME_DEFAULT).to_owned();
        check_name(&name).map_err(|what| (locate::line(text, "/metadata/name"), what))?;
        value["metadata"]["name"] = Value::from(name.clone());
        let image = value["image"].as_str().unwrap_or_default().to_owned();
        Ok(Self { name, servers, agents, image, bind_address, port, direct, notes, value })
    }

    /// The file as text for k3d, carrying the owner's id on every container and node. `api_port` of this machine leads
    /// to the API server itself: the load balancer is the last part to start and goes away while it is changed.
    pub fn for_k3d(&self, owner: &str, api_port: Option<u16>) -> Result<String> {
        let mut value = self.value.clone();
        if let Some(port) = api_port {
            let published = Value::from(format!("127.0.0.1:{port}:6443"));
            append(&mut value["ports"], entry("port", published, &["server:0:direct"]));
        }
        let label = |filters: &[&str]| entry("label", format!("{OWNER_LABEL}={owner}").into(), filters);
        let everywhere: &[&str] = if self.direct { &["all"] } else { &["all", "loadbalancer"] };
        append(&mut value["options"]["k3s"]["nodeLabels"], label(&["all"]));
        append(&mut value["options"]["runtime"]["labels"], label(everywhere));
        serde_yaml::to_string(&value).context("writing the k3d config")
    }

    /// What a cluster keeps from its making on: everything but its name, the players' port and the node labels.
    pub fn shape(&self) -> Result<serde_json::Value> {
        let mut shape = serde_json::to_value(&self.value).context("reading the k3d config")?;
        if let Some(fields) = shape.as_object_mut() {
            fields.retain(|field, _| !["apiVersion", "kind", "metadata"].contains(&field.as_str()));
        }
        if let Some(ports) = shape["ports"].as_array_mut().filter(|ports| !ports.is_empty()) {
            ports.remove(0);
        }
        if let Some(options) = shape["options"]["k3s"].as_object_mut() {
            options.remove("nodeLabels");
        }
        Ok(shape)
    }

    /// What k3d's load balancer reads when it starts: the nodes behind each port, and its settings. k3d writes the
    /// same once it starts it itself (`LoadbalancerConfig` in its pkg/types/loadbalancer.go).
    pub fn for_balancer(&self) -> Result<String> {
        let servers: Vec<String> = self.nodes().into_iter().filter(|node| matches("server", node)).collect();
        let overrides = self.value["options"]["k3d"]["loadbalancer"]["configOverrides"].as_sequence();
        let settings: BTreeMap<String, u64> = (overrides.into_iter().flatten().filter_map(Value::as_str))
            .filter_map(|text| text.strip_prefix("settings.")?.split_once('='))
            .filter_map(|(key, number)| Some((key.to_owned(), number.parse().ok()?)))
            .collect();
        let ports = ports::balanced(&self.value).into_iter().map(|port| (port, self.nodes()));
        let ports: BTreeMap<String, Vec<String>> = ports.chain([("6443.tcp".to_owned(), servers)]).collect();
        let values = json!({"ports": ports, "settings": settings});
        serde_yaml::to_string(&values).context("writing the file of the load balancer")
    }

    /// `34` of `rancher/k3s:v1.34.4-k3s1`, where the image says it.
    pub fn minor(&self) -> Option<u32> {
        let (_, tag) = self.image.rsplit_once(':')?;
        tag.trim_start_matches('v').split('.').nth(1)?.parse().ok()
    }

    /// Names of the nodes as Kubernetes knows them.
    pub fn nodes(&self) -> Vec<String> {
        let servers = (0..self.servers).map(|index| format!("k3d-{}-server-{index}", self.name));
        let agents = (0..self.agents).map(|index| format!("k3d-{}-agent-{index}", self.name));
        servers.chain(agents).collect()
    }

    /// The container of k3d's load balancer, where there is one.
    pub fn balancer(&self) -> Option<String> {
        (!self.direct).then(|| format!("k3d-{}-serverlb", self.name))
    }

    /// The server on which k3d reads and edits the files of the cluster.
    pub fn first_server(&self) -> String {
        format!("k3d-{}-server-0", self.name)
    }

    /// Labels that the file gives each node.
    pub fn node_labels(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut labels: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for entry in self.value["options"]["k3s"]["nodeLabels"].as_sequence().into_iter().flatten() {
            let Some((key, text)) = entry["label"].as_str().and_then(|label| label.split_once('=')) else {
                continue;
            };
            let filters: Vec<&str> =
                entry["nodeFilters"].as_sequence().into_iter().flatten().filter_map(Value::as_str).collect();
            for node in
                self.nodes().into_iter().filter(|node| filters.iter().any(|filter| matches(filter, node)))
            {
                labels.entry(node).or_default().insert(key.to_owned(), text.to_owned());
            }
        }
        labels
    }
}

fn refused((line, what): read::Refusal) -> anyhow::Error {
    let line = line.map_or(String::new(), |line| format!(":{line}"));
    refuse(format!("manifests/{FILE}{line}: {what}"))
}

fn missing(path: &Path, error: &std::io::Error) -> anyhow::Error {
    Failure {
        exit: Exit::Usage,
        doing: "reading the config of the cluster".to_owned(),
        found: format!("{} cannot be read: {error}.", path.display()),
        cause: "It is part of the repository; it was moved, or the checkout is not complete.".to_owned(),
        fix: format!(
            "`git checkout -- manifests/{FILE}`, or play without a cluster: `cargo xtask up --target local`"
        ),
    }
    .into()
}

/// One node publishes the players' port; every node answers there, so the last one, which runs no game rooms, does.
fn publish_directly(value: &mut Value, agents: u64) {
    let node =
        if agents == 0 { "server:0:direct".to_owned() } else { format!("agent:{}:direct", agents - 1) };
    value["ports"][0]["nodeFilters"] = Value::from(vec![Value::from(node)]);
    value["options"]["k3d"]["disableLoadbalancer"] = Value::from(true);
    if let Some(options) = value["options"]["k3d"].as_mapping_mut() {
        options.remove("loadbalancer");
    }
}

/// A value for the nodes that the filters name.
fn entry(key: &str, value: Value, filters: &[&str]) -> Value {
    let mut entry = serde_yaml::Mapping::new();
    entry.insert(key.into(), value);
    entry.insert("nodeFilters".into(), filters.iter().map(|filter| Value::from(*filter)).collect());
    Value::Mapping(entry)
}

fn append(list: &mut Value, entry: Value) {
    match list {
        Value::Sequence(entries) => entries.push(entry),
        other => *other = Value::Sequence(vec![entry]),
    }
}

/// k3d's node filters: `all`, `agent:*`, `servers:0`, `agent:0,1`. A name of a cluster may hold the word of a role, so
/// the node's own is read from the end.
fn matches(filter: &str, node: &str) -> bool {
    let (role, index) = filter.split_once(':').unwrap_or((filter, "*"));
    let mut ending = node.rsplit('-');
    let (of_node, its_role) = (ending.next(), ending.next());
    let role_fits = role == "all" || its_role == Some(role.trim_end_matches('s'));
    role_fits && (index == "*" || index.split(',').any(|one| of_node == Some(one)))
}

/// Stricter than k3d, which accepts names that Docker networks and DNS do not agree on.
pub fn check_name(name: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte != b'-');
    let fits = name.len() <= CLUSTER_NAME_CHARS_MAX
        && name.bytes().all(allowed)
        && edge(name.bytes().next())
        && edge(name.bytes().last());
    if fits {
        return Ok(());
    }
    Err(format!(
        "`{name}` is no name for a cluster: at most {CLUSTER_NAME_CHARS_MAX} of a-z, 0-9 and -, with no - at the ends."
    ))
}

#[cfg(test)]
mod tests;
