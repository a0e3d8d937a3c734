//! What doctor asks an engine.

use std::path::Path;
use std::time::Duration;

use bollard::Docker;

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
    pub operating_system: String,
    pub os_type: String,
    pub architecture: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    pub cpus: u64,
    pub memory_bytes: u64,
    pub root_folder: String,
    pub storage_driver: String,
    pub warnings: Vec<String>,
    /// Every container in every state, with the ports it holds.
    pub containers: Vec<Container>,
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

/// Where the engine is expected, without asking it.
pub fn endpoint() -> String {
    endpoint::resolve()
}

/// Asks the engine for everything that doctor wants to know, within a second.
pub async fn probe() -> Result<Probe, ProbeError> {
    let endpoint = endpoint::resolve();
    socket(&endpoint).await?;
    match tokio::time::timeout(PROBE_LIMIT, ask(&endpoint)).await {
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

async fn ask(endpoint: &str) -> anyhow::Result<Probe> {
    let docker = Docker::connect_with_host(endpoint)?.negotiate_version().await?;
    let engine = Engine { docker, endpoint: endpoint.to_owned(), report: Report::new(false, true, false) };
    let (version, info, containers) = tokio::try_join!(
        async { Ok(engine.docker.version().await?) },
        async { Ok(engine.docker.info().await?) },
        engine.containers(None)
    )?;
    Ok(Probe {
        endpoint: endpoint.to_owned(),
        version: version.version.unwrap_or_default(),
        api_version: version.api_version.unwrap_or_default(),
        minimum_api_version: version.min_api_version.unwrap_or_default(),
        operating_system: info.operating_system.unwrap_or_default(),
        os_type: info.os_type.unwrap_or_default(),
        architecture: version.arch.unwrap_or_default(),
        cgroup_version: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
        cpus: info.ncpu.and_then(|count| u64::try_from(count).ok()).unwrap_or_default(),
        memory_bytes: info.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
        root_folder: info.docker_root_dir.unwrap_or_default(),
        storage_driver: info.driver.unwrap_or_default(),
        warnings: info.warnings.unwrap_or_default(),
        containers,
    })
}
