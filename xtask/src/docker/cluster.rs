//! Containers, networks and volumes of a cluster.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    InspectContainerOptions, InspectNetworkOptions, ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
    ListVolumesOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions,
    RestartContainerOptions, StartContainerOptions,
};

use futures_util::StreamExt as _;

use crate::docker::{Container, Engine, PublishedPort};

/// Label by which k3d marks what belongs to a cluster.
pub const CLUSTER_LABEL: &str = "k3d.cluster";
/// Label that says what a container does: server, agent, loadbalancer, noRole.
pub const ROLE_LABEL: &str = "k3d.role";
/// Label of every network that k3d made; it carries no name of a cluster.
const APP_LABEL: &str = "app=k3d";

/// When a container started, and where it is in the network of its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// RFC 3339, in UTC: later ones sort behind earlier ones.
    pub started: String,
    pub address: String,
    /// The machine that runs the containers, as they reach it.
    pub gateway: String,
}

/// A network of a cluster and who is still attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNetwork {
    pub id: String,
    pub name: String,
    pub attached: Vec<String>,
}

/// Networks and volumes of every cluster, whether it is there or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remains {
    pub networks: Vec<ClusterNetwork>,
    /// Each with the name of its cluster.
    pub volumes: Vec<(String, String)>,
}

impl Engine {
    /// Networks and volumes that k3d made, of whatever cluster.
    pub async fn k3d_remains(&self) -> Result<Remains> {
        let networks = self.networks(|name| name.starts_with("k3d-")).await?;
        let options = ListVolumesOptionsBuilder::default()
            .filters(&HashMap::from([("label", vec![CLUSTER_LABEL])]))
            .build();
        let found = self.docker.list_volumes(Some(options)).await.context("listing volumes")?;
        let mut volumes = found.volumes.unwrap_or_default();
        let cluster = |labels: &mut HashMap<String, String>| labels.remove(CLUSTER_LABEL).unwrap_or_default();
        let volumes = volumes.iter_mut().map(|volume| (volume.name.clone(), cluster(&mut volume.labels)));
        Ok(Remains { networks, volumes: volumes.collect() })
    }

    /// Containers of a cluster in every state.
    pub async fn cluster_containers(&self, cluster: &str) -> Result<Vec<Container>> {
        self.containers(Some(&format!("{CLUSTER_LABEL}={cluster}"))).await
    }

    /// Names of the containers that are nodes of a cluster.
    pub async fn cluster_nodes(&self, cluster: &str) -> Result<Vec<String>> {
        let role = |one: &Container| one.labels.get(ROLE_LABEL).cloned().unwrap_or_default();
        let containers = self.cluster_containers(cluster).await?.into_iter();
        let nodes = containers.filter(|one| ["server", "agent"].contains(&role(one).as_str()));
        Ok(nodes.map(|one| one.name).collect())
    }

    /// Containers in every state, of one label or all.
    pub async fn containers(&self, label: Option<&str>) -> Result<Vec<Container>> {
        let mut options = ListContainersOptionsBuilder::default().all(true);
        if let Some(label) = label {
            options = options.filters(&HashMap::from([("label", vec![label])]));
        }
        let found = self.docker.list_containers(Some(options.build())).await.context("listing containers")?;
        Ok(found.into_iter().map(container).collect())
    }

    /// The last lines that a container has written, on both of its outputs.
    pub async fn last_log_lines(&self, container: &str, lines: usize) -> Result<Vec<String>> {
        let options =
            LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut output = self.docker.logs(container, Some(options));
        let mut bytes = Vec::new();
        while let Some(part) = output.next().await {
            let part = part.with_context(|| format!("reading the log of {container}"))?;
            bytes.extend_from_slice(&part.into_bytes());
        }
        Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
    }

    /// Networks with the name of a cluster's network: two creates at once can leave two of them.
    pub async fn cluster_networks(&self, cluster: &str) -> Result<Vec<ClusterNetwork>> {
        let wanted = format!("k3d-{cluster}");
        self.networks(|name| name == wanted).await
    }

    async fn networks(&self, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<ClusterNetwork>> {
        let options = ListNetworksOptionsBuilder::default()
            .filters(&HashMap::from([("label", vec![APP_LABEL])]))
            .build();
        let found = self.docker.list_networks(Some(options)).await.context("listing networks")?;
        let named = found.into_iter().filter_map(|network| Some((network.id?, network.name?)));
        let mut networks = Vec::new();
        for (id, name) in named.filter(|(_, name)| is_wanted(name)) {
            // The list does not say who is attached.
            let network = self.docker.inspect_network(&id, None::<InspectNetworkOptions>).await;
            let network = network.with_context(|| format!("looking at the network {name}"))?;
            networks.push(ClusterNetwork { id, name, attached: attached(serde_json::to_value(&network)?) });
        }
        Ok(networks)
    }

    /// Where a container is, and since when.
    pub async fn whereabouts(&self, container: &str, network: &str) -> Result<Whereabouts> {
        let found = self.docker.inspect_container(container, None::<InspectContainerOptions>).await;
        let found = found.with_context(|| format!("looking at the container {container}"))?;
        let networks = found.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
        let endpoint = networks.get(network).cloned().unwrap_or_default();
        Ok(Whereabouts {
            started: found
                .state
                .and_then(|state| state.started_at)
                .map(|at| at.to_string())
                .unwrap_or_default(),
            address: endpoint.ip_address.unwrap_or_default(),
            gateway: endpoint.gateway.unwrap_or_default(),
        })
    }

    /// True when the container is there and runs.
    pub async fn is_running(&self, container: &str) -> bool {
        let found = self.docker.inspect_container(container, None::<InspectContainerOptions>).await;
        found.is_ok_and(|found| found.state.and_then(|state| state.running).unwrap_or_default())
    }

    /// Starts a container; one that runs stays as it is.
    pub async fn start_container(&self, container: &str) -> Result<()> {
        if !self.call(&format!("docker start {container}")) {
            return Ok(());
        }
        let started = self.docker.start_container(container, None::<StartContainerOptions>).await;
        started.with_context(|| format!("starting {container}"))
    }

    /// Stops and starts a container.
    pub async fn restart_container(&self, container: &str) -> Result<()> {
        if !self.call(&format!("docker restart {container}")) {
            return Ok(());
        }
        let restarted = self.docker.restart_container(container, None::<RestartContainerOptions>).await;
        restarted.with_context(|| format!("restarting {container}"))
    }

    /// Removes a network by id, since its name may be ambiguous.
    pub async fn remove_network(&self, id: &str) -> Result<()> {
        if !self.call(&format!("docker network rm {id}")) {
            return Ok(());
        }
        self.docker.remove_network(id).await.with_context(|| format!("removing the network {id}"))
    }

    /// Names of the volumes that belong to a cluster.
    pub async fn cluster_volumes(&self, cluster: &str) -> Result<Vec<String>> {
        let label = format!("{CLUSTER_LABEL}={cluster}");
        let options = ListVolumesOptionsBuilder::default()
            .filters(&HashMap::from([("label", vec![label.as_str()])]))
            .build();
        let found = self.docker.list_volumes(Some(options)).await.context("listing volumes")?;
        Ok(found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect())
    }

    /// Removes a volume.
    pub async fn remove_volume(&self, name: &str) -> Result<()> {
        if !self.call(&format!("docker volume rm {name}")) {
            return Ok(());
        }
        let removed = self.docker.remove_volume(name, None::<RemoveVolumeOptions>).await;
        removed.with_context(|| format!("removing the volume {name}"))
    }

    /// Removes a container with its anonymous volumes, running or not.
    pub async fn remove_container(&self, id: &str) -> Result<()> {
        if !self.call(&format!("docker rm --force --volumes {id}")) {
            return Ok(());
        }
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        self.docker
            .remove_container(id, Some(options))
            .await
            .with_context(|| format!("removing the container {id}"))
    }
}

/// Names of the containers attached to a network.
fn attached(network: serde_json::Value) -> Vec<String> {
    let containers = network["Containers"].as_object();
    let names =
        containers.into_iter().flatten().map(|(id, one)| one["Name"].as_str().unwrap_or(id).to_owned());
    names.collect()
}

fn container(found: ContainerSummary) -> Container {
    let ports = found.ports.unwrap_or_default().into_iter().filter_map(|port| {
        Some(PublishedPort {
            address: port.ip.unwrap_or_default(),
            host_port: port.public_port?,
            container_port: port.private_port,
        })
    });
    Container {
        id: found.id.unwrap_or_default(),
        name: found
            .names
            .unwrap_or_default()
            .first()
            .map(|name| name.trim_start_matches('/').to_owned())
            .unwrap_or_default(),
        state: found.state.map(|state| state.to_string()).unwrap_or_default(),
        image: found.image.unwrap_or_default(),
        labels: found.labels.unwrap_or_default().into_iter().collect(),
        ports: ports.collect(),
    }
}
