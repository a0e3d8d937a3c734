//! The Docker engine; the only importer of bollard.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bollard::Docker;

use crate::report::{Exit, Failure, Report};

/// Containers, networks and volumes of a cluster.
pub mod cluster;
/// Which engine answers: DOCKER_HOST, the context of the docker CLI, or the usual socket.
mod endpoint;
/// Commands inside a container.
mod exec;
/// Files into a container and out of it.
mod files;
/// Images: looked up, loaded, exported.
mod images;
/// What doctor asks an engine.
pub mod probe;

/// Loads and exports of large images answer late; a dead engine refuses at once.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);

/// A connection to the engine that the docker CLI would use.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    /// Where it answers, such as `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// Is told every write before it is made.
    report: Report,
}

/// A container as far as anybody here cares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    pub id: String,
    pub name: String,
    /// `running`, `exited`, `created`, `restarting` and so on.
    pub state: String,
    pub image: String,
    pub labels: BTreeMap<String, String>,
    pub ports: Vec<PublishedPort>,
}

/// A port of this machine that a container answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    pub address: String,
    pub host_port: u16,
    pub container_port: u16,
}

/// How a command inside a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    pub exit_code: i64,
    pub stdout: String,
    pub stderr: String,
}

impl Container {
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }
}

impl Engine {
    /// Connects and agrees on an API version; an engine that does not answer is a prerequisite that is missing.
    pub async fn connect(report: &Report) -> Result<Self> {
        let endpoint = endpoint::resolve();
        let docker = Docker::connect_with_host(&endpoint).map_err(|error| unreachable(&endpoint, &error))?;
        let docker = docker.with_timeout(REQUEST_LIMIT);
        let docker = docker.negotiate_version().await.map_err(|error| unreachable(&endpoint, &error))?;
        Ok(Self { docker, endpoint, report: report.clone() })
    }

    /// Is told every write, to Docker and to what is reached through it.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Says what is about to be written; false in a dry run.
    fn call(&self, call: &str) -> bool {
        self.report.call("docker", call, "")
    }

    /// Architecture of the machine that runs the containers, as Docker spells it: `amd64`, `arm64`.
    pub async fn architecture(&self) -> Result<String> {
        let version = self.docker.version().await.context("asking Docker for its version")?;
        Ok(version.arch.unwrap_or_default())
    }
}

fn unreachable(endpoint: &str, error: &bollard::errors::Error) -> anyhow::Error {
    Failure {
        exit: Exit::Prerequisite,
        doing: "connecting to Docker".to_owned(),
        found: format!("{endpoint} does not answer ({error})."),
        cause: String::new(),
        fix: "start Docker and run `cargo xtask doctor`, or play without it: `cargo xtask up --target local`"
            .to_owned(),
    }
    .into()
}
