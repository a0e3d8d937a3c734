//! Clusters through their API; the only importer of kube.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::report::{Exit, Failure, Report};
use objects::Id;
use usable::Entry;

/// What a diagnosis reads.
pub mod facts;
/// Kubeconfig files of the user, read by the rules of kubectl and never written.
pub mod kubeconfig;
/// Log lines of many pods, merged as they come.
pub mod logs;
/// Nodes, their labels, and what must work before anything is deployed.
pub mod nodes;
/// Any object: read, applied, listed, deleted.
pub mod objects;
/// The table of pods, and what a pod says through the API server.
pub mod pods;
/// What an object's status means: done, under way, or never.
pub mod readiness;
/// What an entry of a kubeconfig lacks.
mod usable;

/// An API server of this machine accepts at once or not at all.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// One at the other end of the world needs its time, and one behind a closed VPN never accepts.
const FAR_CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// One cluster, named by a kubeconfig file and a context, never by a current-context.
#[derive(Clone)]
pub struct Kubernetes {
    client: Client,
    /// URL of the API server.
    pub server: String,
    /// Is told every write before it is made.
    report: Report,
    /// True for a cluster that is still to be made: there is nothing in it, and nobody answers.
    is_imagined: bool,
}

impl Kubernetes {
    /// A cluster that is still to be made, for a dry run to say what it would write there.
    pub fn imagined(report: &Report) -> Result<Self> {
        let config = Config::new(http::Uri::from_static("https://127.0.0.1"));
        let client = Client::try_from(config).context("imagining a cluster")?;
        let report = report.clone().dry(true);
        Ok(Self { client, server: String::new(), report, is_imagined: true })
    }

    /// True where writes are only said.
    pub fn is_dry(&self) -> bool {
        self.report.dry_run
    }

    pub fn is_imagined(&self) -> bool {
        self.is_imagined
    }

    /// Reads the file; nothing is sent yet.
    pub async fn connect(report: &Report, kubeconfig: &Path, context: &str) -> Result<Self> {
        let place = kubeconfig.display().to_string();
        let entry = Entry { context, place: &place };
        let file = Kubeconfig::read_from(kubeconfig).map_err(|error| entry.unreadable(&error.to_string()))?;
        Self::of(report, file, entry, CONNECT_LIMIT).await
    }

    async fn of(report: &Report, file: Kubeconfig, entry: Entry<'_>, limit: Duration) -> Result<Self> {
        entry.check(&file)?;
        let options = KubeConfigOptions { context: Some(entry.context.to_owned()), ..Default::default() };
        let mut config = Config::from_custom_kubeconfig(file, &options)
            .await
            .map_err(|error| entry.unreadable(&error.to_string()))?;
        config.connect_timeout = Some(limit);
        // Waiting is decided where the waiting is done.
        config.default_retry = false;
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config).map_err(|error| entry.unusable(&error))?;
        Ok(Self { client, server, report: report.clone(), is_imagined: false })
    }
}

impl Kubernetes {
    /// Says what is about to be written to which object; false in a dry run.
    fn call(&self, verb: &str, id: &Id, rest: &str) -> bool {
        let namespace = id.namespace.as_ref().map_or(String::new(), |namespace| format!(" in {namespace}"));
        self.report.call("kubernetes", &format!("{verb} {}{namespace}{rest}", id.key()), "")
    }
}

/// A request that the API server refused or never got, as a paragraph.
pub fn failure(exit: Exit, doing: &str, error: &anyhow::Error) -> anyhow::Error {
    Failure {
        exit,
        doing: doing.to_owned(),
        found: format!("{error:#}."),
        cause: String::new(),
        fix: "run `cargo xtask cluster`, which repairs what it made, and then this command again".to_owned(),
    }
    .into()
}

#[cfg(test)]
mod tests;
