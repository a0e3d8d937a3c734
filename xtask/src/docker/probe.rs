//! What doctor asks an engine.

use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{Network as NetworkSummary, SystemInfo, SystemVersion};
use bollard::query_parameters::ListNetworksOptions;

use crate::docker::{Container, Engine, endpoint};
use crate::report::Report;

/// An engine on this machine answers in milliseconds; doctor as a whole must stay under a second.
const PROBE_LIMIT: Duration = Duration::from_millis(900);

/// What an engine says about itself.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    pub endpoint: String,
    pub version: String,
    pub api_version: String,
    pub minimum_api_version: String,
    /// `Engine`, `containerd`, or `Podman Engine`.
    pub components: Vec<String>,
    /// Name of the machine that it runs on.
    pub name: String,
    pub operating_system: String,
    pub os_type: String,
    /// As Docker spells it: `amd64`, `arm64`.
    pub architecture: String,
    /// `1` or `2`; something else where the engine does not know.
    pub cgroup_version: String,
    pub cpus: u64,
    pub memory_bytes: u64,
    /// False where the kernel cannot limit memory.
    pub limits_memory: bool,
    pub root_folder: String,
    pub storage_driver: String,
    /// Pairs such as `Backing Filesystem`, `extfs`.
    pub storage_status: Vec<(String, String)>,
    pub security_options: Vec<String>,
    pub http_proxy: String,
    /// RFC 3339.
    pub system_time: String,
    pub warnings: Vec<String>,
    /// Every container in every state, with the ports it holds.
    pub containers: Vec<Container>,
    pub networks: Vec<Network>,
    /// Architecture of the image that was asked about; `None` where the engine does not hold it.
    pub image_architecture: Option<String>,
}

/// A network of the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    pub name: String,
    pub driver: String,
    /// Such as `172.18.0.0/16`.
    pub subnets: Vec<String>,
}

/// Why nothing answered; each has another fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    #[error("there is no socket at {0}")]
    NoSocket(String),
    #[error("this user may not use {0}")]
    Permission(String),
    #[error("nothing answers at {0}")]
    Refused(String),
    #[error("{0} did not answer in time")]
    Timeout(String),
    #[error("{0} answers, but not as Docker does: {1}")]
    Other(String, String),
}

impl Probe {
    /// True for a socket of this machine, whatever is behind it.
    pub fn is_local(&self) -> bool {
        self.endpoint.starts_with("unix://")
    }

    pub fn is_docker_desktop(&self) -> bool {
        self.operating_system.eq_ignore_ascii_case("docker desktop")
    }

    /// Engines that bring a Linux of their own: limits and kernel are those of the virtual machine.
    pub fn in_virtual_machine(&self) -> bool {
        let name = self.name.as_str();
        self.is_docker_desktop()
            || self.operating_system == "OrbStack"
            || self.operating_system.contains("Rancher Desktop")
            || ["colima", "lima-"].iter().any(|prefix| name.starts_with(prefix))
    }

    pub fn is_podman(&self) -> bool {
        self.components.iter().any(|component| component == "Podman Engine")
    }

    pub fn is_rootless(&self) -> bool {
        self.security_options.iter().any(|option| option.starts_with("name=rootless"))
    }

    /// What people call it.
    pub fn kind(&self) -> &'static str {
        match self.operating_system.to_ascii_lowercase().as_str() {
            _ if self.is_podman() => "Podman",
            "docker desktop" => "Docker Desktop",
            "orbstack" => "OrbStack",
            system if system.contains("rancher desktop") => "Rancher Desktop",
            _ if self.name.starts_with("colima") => "Colima",
            _ => "Docker",
        }
    }

    /// A value of the storage driver's status, such as that of `Backing Filesystem`.
    pub fn storage(&self, key: &str) -> Option<&str> {
        self.storage_status.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Puts together what the engine answered to `/version` and `/info`.
    fn of(endpoint: &str, version: SystemVersion, info: SystemInfo) -> Self {
        let number =
            |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default();
        let pair = |pair: Vec<String>| {
            let mut pair = pair.into_iter();
            Some((pair.next()?, pair.next()?))
        };
        let components = version.components.unwrap_or_default().into_iter();
        Self {
            endpoint: endpoint.to_owned(),
            version: version.version.unwrap_or_default(),
            api_version: version.api_version.unwrap_or_default(),
            minimum_api_version: version.min_api_version.unwrap_or_default(),
            components: components.map(|component| component.name).collect(),
            name: info.name.unwrap_or_default(),
            operating_system: info.operating_system.unwrap_or_default(),
            os_type: info.os_type.unwrap_or_default(),
            architecture: version.arch.unwrap_or_default(),
            cgroup_version: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
            cpus: number(info.ncpu),
            memory_bytes: number(info.mem_total),
            limits_memory: info.memory_limit.unwrap_or(true),
            root_folder: info.docker_root_dir.unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            storage_status: info.driver_status.unwrap_or_default().into_iter().filter_map(pair).collect(),
            security_options: info.security_options.unwrap_or_default(),
            http_proxy: info.http_proxy.unwrap_or_default(),
            system_time: info.system_time.unwrap_or_default(),
            warnings: info.warnings.unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// Where the engine is expected, without asking it.
pub fn endpoint() -> String {
    endpoint::resolve()
}

/// Asks the engine for everything that doctor wants to know, and about one image, within a second.
pub async fn probe(image: &str) -> Result<Probe, ProbeError> {
    let endpoint = endpoint::resolve();
    socket(&endpoint).await?;
    match tokio::time::timeout(PROBE_LIMIT, ask(&endpoint, image)).await {
        Ok(Ok(probe)) => Ok(probe),
        Ok(Err(error)) => Err(ProbeError::Other(endpoint, format!("{error:#}"))),
        Err(_) => Err(ProbeError::Timeout(endpoint)),
    }
}

/// Tells the three ways apart in which a socket can be unusable.
async fn socket(endpoint: &str) -> Result<(), ProbeError> {
    let Some(path) = endpoint.strip_prefix("unix://") else {
        return Ok(());
    };
    match tokio::time::timeout(PROBE_LIMIT, tokio::net::UnixStream::connect(Path::new(path))).await {
        Ok(Ok(_)) => Ok(()),
        Err(_) => Err(ProbeError::Timeout(endpoint.to_owned())),
        Ok(Err(error)) => Err(match error.kind() {
            std::io::ErrorKind::NotFound => ProbeError::NoSocket(endpoint.to_owned()),
            std::io::ErrorKind::PermissionDenied => ProbeError::Permission(endpoint.to_owned()),
            _ => ProbeError::Refused(endpoint.to_owned()),
        }),
    }
}

async fn ask(endpoint: &str, image: &str) -> anyhow::Result<Probe> {
    let docker = Docker::connect_with_host(endpoint)?.negotiate_version().await?;
    let engine = Engine { docker, endpoint: endpoint.to_owned(), report: Report::quiet() };
    let (version, info, networks, containers, image) = tokio::try_join!(
        async { Ok(engine.docker.version().await?) },
        async { Ok(engine.docker.info().await?) },
        async { Ok(engine.docker.list_networks(None::<ListNetworksOptions>).await?) },
        engine.containers(None),
        async { Ok(engine.docker.inspect_image(image).await.ok()) },
    )?;
    Ok(Probe {
        containers,
        networks: networks.into_iter().map(network).collect(),
        image_architecture: image.and_then(|image| image.architecture),
        ..Probe::of(endpoint, version, info)
    })
}

fn network(found: NetworkSummary) -> Network {
    let ranges = found.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    Network {
        name: found.name.unwrap_or_default(),
        driver: found.driver.unwrap_or_default(),
        subnets: ranges.into_iter().filter_map(|range| range.subnet).collect(),
    }
}

/// A probe out of answers that were recorded.
#[cfg(test)]
pub fn recorded(version: &str, info: &str) -> Probe {
    let version = serde_json::from_str(version).unwrap();
    let info = serde_json::from_str(info).unwrap();
    Probe::of("unix:///var/run/docker.sock", version, info)
}
