//! Log lines of many pods, merged as they come.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::{AsyncBufReadExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use tokio::sync::mpsc;

use crate::kubernetes::Kubernetes;
use crate::settings::NAMESPACE;

/// How often new pods are looked for while following.
const NEW_PODS_POLL: Duration = Duration::from_secs(2);
/// Lines between the pods and the terminal; a slow terminal slows the reading, nothing is dropped.
const LINES_QUEUED_MAX: usize = 1024;

/// The kubelet answers at once; that of a node which is gone never does.
const LAST_LINES_LIMIT: Duration = Duration::from_secs(3);
/// What stands for the log of a container that the node has removed.
const LOG_GONE: &str = "unable to retrieve container logs";

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Only pods of this role, such as `room`.
    pub role: Option<String>,
    /// Only this pod.
    pub pod: Option<String>,
    /// The last lines of each pod to begin with.
    pub tail_lines: i64,
    /// Keep going, new pods included.
    pub follow: bool,
    /// The container before the last restart.
    pub previous: bool,
}

/// One line of one pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub pod: String,
    pub text: String,
}

impl Kubernetes {
    /// The last lines of one pod, of the run before the current one where there was one.
    pub async fn last_lines(&self, namespace: &str, pod: &str, lines: i64) -> Vec<String> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        for previous in [true, false] {
            let params = LogParams { tail_lines: Some(lines), previous, ..Default::default() };
            if let Ok(Ok(text)) = tokio::time::timeout(LAST_LINES_LIMIT, api.logs(pod, &params)).await
                && !text.trim().is_empty()
                && !text.starts_with(LOG_GONE)
            {
                return text.lines().map(str::to_owned).collect();
            }
        }
        Vec::new()
    }

    /// Gives each line to `line`; without `follow` it ends with the last line, with it never.
    pub async fn follow_logs(&self, query: &LogQuery, mut line: impl FnMut(LogLine)) -> Result<()> {
        let (sender, mut receiver) = mpsc::channel(LINES_QUEUED_MAX);
        let feed = self.feed(query, sender);
        let print = async {
            while let Some(one) = receiver.recv().await {
                line(one);
            }
        };
        tokio::join!(feed, print).0
    }

    async fn feed(&self, query: &LogQuery, sender: mpsc::Sender<LogLine>) -> Result<()> {
        let mut seen = HashSet::new();
        let mut readers = tokio::task::JoinSet::new();
        loop {
            for pod in self.pods().await.context("looking for pods")? {
                let role_fits = query.role.as_ref().is_none_or(|role| *role == pod.role);
                let pod_fits = query.pod.as_ref().is_none_or(|name| *name == pod.name);
                // A restarted container is another stream of the same pod.
                let run = (pod.name.clone(), pod.restarts);
                if role_fits && pod_fits && pod.state != "Pending" && !seen.contains(&run) {
                    seen.insert(run);
                    readers.spawn(read(self.clone(), pod.name, query.clone(), sender.clone()));
                }
            }
            if !query.follow {
                while readers.join_next().await.is_some() {}
                return Ok(());
            }
            tokio::time::sleep(NEW_PODS_POLL).await;
        }
    }
}

async fn read(cluster: Kubernetes, pod: String, query: LogQuery, sender: mpsc::Sender<LogLine>) {
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), NAMESPACE);
    let params = LogParams {
        follow: query.follow,
        previous: query.previous,
        tail_lines: Some(query.tail_lines),
        ..Default::default()
    };
    // A pod that went away between the list and this has nothing to say.
    let Ok(stream) = api.log_stream(&pod, &params).await else {
        return;
    };
    let mut lines = stream.lines();
    while let Ok(Some(text)) = lines.try_next().await {
        if sender.send(LogLine { pod: pod.clone(), text }).await.is_err() {
            return;
        }
    }
}
