//! The cluster that a command works on: its name, its files, and the proof that it is ours.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::context::{Context, write_private};
use crate::docker::{Container, Engine};
use crate::kubernetes::Kubernetes;
use crate::manifests::cluster::{ClusterConfig, Overrides};
use crate::report::{Exit, Failure};

/// Variable that names another k3s image than the one in k3d.yaml.
const IMAGE_VARIABLE: &str = "K3S_IMAGE";
/// Where nobody but this machine can join.
const LOOPBACK: &str = "127.0.0.1";
/// What is asleep or broken about a cluster that was whole once.
pub mod health;

/// Port on which the API server listens inside its container.
pub const API_PORT: u16 = 6443;
/// The kubeconfig that is ours alone.
const KUBECONFIG_FILE: &str = "kubeconfig";
/// What was written down when the cluster was made.
const RECORD_FILE: &str = "cluster.json";
/// Digests of images by the id that the engine gives them, so that they are worked out once.
pub const IMAGES_FILE: &str = "images.json";
/// Names the images that were deployed last, oldest first.
pub const DEPLOYED_FILE: &str = "deployed.json";
/// Names the image that was played on the cluster last.
pub const PLAYED_FILE: &str = "played";
/// Folders for temporary files of k3d, one a run.
pub const SCRATCH_FOLDER: &str = "k3d";
/// What `diagnose` writes unless it is told where.
pub const BUNDLE_FILE: &str = "diagnosis.tar";
/// Guards creating and removing alone: the commands that do so hold locks of their own.
const LOCK_FILE: &str = "cluster.lock";
/// How often a lock that somebody else holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(200);
/// Another command may be creating the cluster; that ends within minutes.
const LOCK_LIMIT: Duration = Duration::from_secs(300);

/// A cluster by name, with the folder that holds its state.
#[derive(Debug, Clone)]
pub struct Target {
    pub config: ClusterConfig,
    folder: PathBuf,
    /// True when the command line named port or address, now or when the cluster was made.
    is_given: bool,
}

/// What was written down when the cluster was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Random id that its containers and nodes carry as a label.
    pub owner: String,
    /// False until everything was seen to work.
    pub complete: bool,
    /// UID of `kube-system`; empty until complete.
    pub uid: String,
    /// Where players join, as it was asked for last.
    pub published: Published,
    /// Labels that the nodes were given.
    #[serde(default)]
    pub labels: NodeLabels,
    /// Image of the nodes that the environment named instead of k3d.yaml.
    #[serde(default)]
    pub image_given: Option<String>,
    /// True when there is no load balancer.
    #[serde(default)]
    pub direct: bool,
    /// What the cluster was made with and keeps; see [`ClusterConfig::shape`].
    #[serde(default)]
    pub shape: Value,
}

impl Record {
    /// The record in the state folder of a cluster, if there is one.
    pub fn read(folder: &Path) -> Option<Self> {
        let mut record: Value =
            serde_json::from_slice(&std::fs::read(folder.join(RECORD_FILE)).ok()?).ok()?;
        // Records used to hold address and port side by side, whoever had named them.
        if record["published"].is_null() && record["port"].is_number() {
            record["published"] =
                json!({"address": record["bind_address"], "port": record["port"], "given": true});
        }
        serde_json::from_value(record).ok()
    }
}

/// Labels by node.
pub type NodeLabels = BTreeMap<String, BTreeMap<String, String>>;

/// Address and port of this machine at which players join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub address: String,
    pub port: u16,
    /// True when the command line named it: then it outlives a change of k3d.yaml.
    pub given: bool,
}

/// A cluster that answers and is proven to be ours, with everything that a command needs to work on it.
#[derive(Clone)]
pub struct Reached {
    pub target: Target,
    pub engine: Engine,
    pub cluster: Kubernetes,
}

impl Reached {
    /// Fails where there is no cluster to work on: worth asking before a build of minutes.
    pub async fn of(context: &Context) -> Result<Self> {
        Self::through(Engine::connect(&context.report).await?, Target::of(context)?).await
    }

    /// A cluster that is still to be made, for a dry run to say what it would write there.
    pub fn imagined(engine: Engine, target: Target) -> Result<Self> {
        let cluster = Kubernetes::imagined(engine.report())?;
        Ok(Self { target, engine, cluster })
    }

    /// True while the cluster is made, or only imagined: nobody has put anything there.
    pub fn is_new(&self) -> bool {
        self.cluster.is_imagined() || !self.target.is_made()
    }

    /// The same, over a connection to Docker that is there already.
    pub async fn through(engine: Engine, target: Target) -> Result<Self> {
        let cluster = target.connect(&engine).await?;
        Ok(Self { target, engine, cluster })
    }
}

/// Held while a cluster is created or removed; released when dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "dropping it releases the lock")] File);

impl Target {
    /// The cluster of k3d.yaml with what the command line and the record of its making say.
    pub fn of(context: &Context) -> Result<Self> {
        let mut overrides = Overrides { name: context.cluster.clone(), ..Default::default() };
        let name = ClusterConfig::load(&context.manifests, &overrides)?.name;
        let folder = context.cluster_folder(&name);
        let record = Record::read(&folder);
        let image_before = record.as_ref().and_then(|record| record.image_given.clone());
        overrides.image = image_given().or(image_before);
        overrides.direct = context.direct || record.as_ref().is_some_and(|record| record.direct);
        let given = record.map(|record| record.published).filter(|published| published.given);
        overrides.port = context.port_given.or(given.as_ref().map(|given| given.port));
        let open = (context.bind_address != LOOPBACK).then(|| context.bind_address.to_owned());
        overrides.bind_address = open.or(given.map(|given| given.address));
        let is_given = overrides.port.is_some() || overrides.bind_address.is_some();
        Ok(Self { config: ClusterConfig::load(&context.manifests, &overrides)?, folder, is_given })
    }

    /// The cluster that is assumed where k3d.yaml cannot be read: good for looking at the machine, and nothing else.
    pub fn assumed(context: &Context) -> Result<Self> {
        let overrides = Overrides { name: context.cluster.clone(), ..Default::default() };
        let config = ClusterConfig::assumed(&overrides)?;
        Ok(Self { folder: context.cluster_folder(&config.name), config, is_given: false })
    }

    /// Where players are to join.
    pub fn published(&self) -> Published {
        let ClusterConfig { bind_address, port, .. } = &self.config;
        Published { address: bind_address.clone(), port: *port, given: self.is_given }
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Where players join.
    pub fn url(&self) -> String {
        let port = self.record().map_or(self.config.port, |record| record.published.port);
        format!("http://127.0.0.1:{port}")
    }

    /// Where everything about this cluster is kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The kubeconfig that is ours alone.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join(KUBECONFIG_FILE)
    }

    /// What was written down, if anything was.
    pub fn record(&self) -> Option<Record> {
        Record::read(&self.folder)
    }

    /// True when the cluster was made to its end, whether it runs now or not.
    pub fn is_made(&self) -> bool {
        self.record().is_some_and(|record| record.complete)
    }

    pub fn write_kubeconfig(&self, text: &str) -> Result<()> {
        self.write(KUBECONFIG_FILE, text.as_bytes())
    }

    pub fn save_record(&self, record: &Record) -> Result<()> {
        self.write(RECORD_FILE, &serde_json::to_vec_pretty(record)?)
    }

    /// Writes a file that only this user reads, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_private(&self.folder.join(name), bytes)
    }

    /// Forgets the cluster; lock files stay for whoever waits on them.
    pub fn forget(&self) -> Result<()> {
        for name in [
            KUBECONFIG_FILE,
            RECORD_FILE,
            IMAGES_FILE,
            PLAYED_FILE,
            DEPLOYED_FILE,
            BUNDLE_FILE,
            health::BALANCER_FILE,
        ] {
            let path = self.folder.join(name);
            if path.exists() {
                std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
            }
        }
        let scratch = self.folder.join(SCRATCH_FOLDER);
        if scratch.exists() {
            std::fs::remove_dir_all(&scratch).with_context(|| format!("removing {}", scratch.display()))?;
        }
        Ok(())
    }

    /// Waits until no other command creates or removes this cluster.
    pub async fn lock(&self, context: &Context) -> Result<Lock> {
        std::fs::create_dir_all(&self.folder).with_context(|| format!("making {}", self.folder.display()))?;
        let path = self.folder.join(LOCK_FILE);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        let mut told = false;
        let wait = async {
            while file.try_lock().is_err() {
                if !told {
                    context.report.note("cluster", "waiting for another command that works on this cluster");
                    told = true;
                }
                tokio::time::sleep(LOCK_POLL).await;
            }
        };
        if tokio::time::timeout(LOCK_LIMIT, wait).await.is_err() {
            return Err(self.failure(
                Exit::Cluster,
                "another command has been holding it for five minutes.",
                "end that command and try again",
            ));
        }
        // k3d inherits it: if we are killed and it works on, whoever comes next waits for it.
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).context("sharing the lock with k3d")?;
        Ok(Lock(file))
    }

    /// A connection that is proven to lead to this cluster; nothing is written over any other.
    pub async fn connect(&self, engine: &Engine) -> Result<Kubernetes> {
        let Some(record) = self.record().filter(|record| record.complete) else {
            return Err(self.failure(Exit::Cluster, "it does not exist yet.", "run `cargo xtask cluster`"));
        };
        let cluster = self.open(engine).await?;
        let uid = cluster.uid().await.map_err(|error| self.unreachable(&error))?;
        if uid != record.uid {
            let found = format!(
                "{} answers, but as another cluster: its kube-system has the UID {uid} and not {}.",
                cluster.server, record.uid
            );
            return Err(self.failure(Exit::Refused, &found, "run `cargo xtask down`, then `cargo xtask up`"));
        }
        Ok(cluster)
    }

    /// A connection whose address is published by a container of this cluster, whoever answers there.
    pub async fn open(&self, engine: &Engine) -> Result<Kubernetes> {
        let context = format!("k3d-{}", self.name());
        let cluster = Kubernetes::connect(engine.report(), &self.kubeconfig(), &context).await?;
        let containers = engine.cluster_containers(self.name()).await?;
        if publishes(&containers, &cluster.server) {
            return Ok(cluster);
        }
        if containers.iter().any(|container| !container.is_running()) {
            return Err(self.failure(Exit::Cluster, "it is stopped.", "run `cargo xtask start`"));
        }
        let found = format!(
            "the kubeconfig leads to {}, which no container of this cluster publishes.",
            cluster.server
        );
        Err(self.failure(
            Exit::Refused,
            &found,
            "run `cargo xtask cluster`, which writes the kubeconfig again",
        ))
    }

    fn unreachable(&self, error: &anyhow::Error) -> anyhow::Error {
        self.failure(
            Exit::Cluster,
            &format!("its API server does not answer: {error:#}."),
            "run `cargo xtask cluster`",
        )
    }

    /// A paragraph about this cluster.
    pub fn failure(&self, exit: Exit, found: &str, fix: &str) -> anyhow::Error {
        Failure {
            exit,
            doing: format!("working on the cluster {}", self.name()),
            found: found.to_owned(),
            cause: String::new(),
            fix: fix.to_owned(),
        }
        .into()
    }
}

/// The image that the environment asks for instead of the one in k3d.yaml.
pub fn image_given() -> Option<String> {
    std::env::var(IMAGE_VARIABLE).ok().filter(|image| !image.is_empty())
}

/// True when a running container answers at the port of this URL.
fn publishes(containers: &[Container], server: &str) -> bool {
    let port = server.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    let ports =
        containers.iter().filter(|container| container.is_running()).flat_map(|container| &container.ports);
    let mut api_ports = ports.filter(|published| published.container_port == API_PORT);
    api_ports.any(|published| Some(published.host_port) == port)
}

#[cfg(test)]
mod tests;
