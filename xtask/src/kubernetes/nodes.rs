//! Nodes, their labels, and what must work before anything is deployed.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Id;
use crate::kubernetes::readiness::{Rollout, has_condition, rollout};

/// Key of CoreDNS's ConfigMap: what k3s and k3d write the hosts of a cluster to.
const HOST_RECORDS: &str = "NodeHosts";

/// A node as far as scheduling cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub ready: bool,
    /// As images name it: `amd64`, `arm64`.
    pub architecture: String,
    pub labels: BTreeMap<String, String>,
}

impl Kubernetes {
    /// What is still missing before pods can run; nothing when all is well.
    pub async fn missing(&self, nodes_wanted: usize) -> Result<Option<String>> {
        if !self.is_api_ready().await {
            return Ok(Some("the API server is not ready".to_owned()));
        }
        let ready = self.nodes().await?.iter().filter(|node| node.ready).count();
        if ready < nodes_wanted {
            return Ok(Some(format!("{ready} of {nodes_wanted} nodes are Ready")));
        }
        let (dns, account) = (dns(), default_account());
        let (dns, account) = tokio::try_join!(self.get(&dns), self.get(&account))?;
        match dns.as_ref().map(rollout) {
            Some(Rollout::Current) => {}
            Some(Rollout::Waiting(text)) => return Ok(Some(format!("CoreDNS: {text}"))),
            Some(Rollout::Failed(text)) => return Ok(Some(format!("CoreDNS failed: {text}"))),
            None => return Ok(Some("CoreDNS does not exist yet".to_owned())),
        }
        Ok(account.is_none().then(|| "the default service account does not exist yet".to_owned()))
    }

    /// True when the API server says so itself.
    pub async fn is_api_ready(&self) -> bool {
        let Ok(request) = http::Request::get("/readyz").body(Vec::new()) else {
            return false;
        };
        self.client.request_text(request).await.is_ok_and(|answer| answer.trim() == "ok")
    }

    /// All nodes with their labels.
    pub async fn nodes(&self) -> Result<Vec<Node>> {
        Ok(self.list("v1", "Node", None, "").await?.iter().map(node).collect())
    }

    /// Where every node is, as the cluster knows it.
    pub async fn node_addresses(&self) -> Result<BTreeMap<String, String>> {
        let nodes = self.list("v1", "Node", None, "").await?;
        let address = |node: &Value| {
            let mut addresses = node["status"]["addresses"].as_array()?.iter();
            let internal = addresses.find(|address| address["type"] == "InternalIP")?;
            Some((node["metadata"]["name"].as_str()?.to_owned(), internal["address"].as_str()?.to_owned()))
        };
        Ok(nodes.iter().filter_map(address).collect())
    }

    /// The file of hosts that CoreDNS answers from.
    pub async fn host_records(&self) -> Result<String> {
        let map = self.get(&dns_config()).await?.unwrap_or_default();
        Ok(map["data"][HOST_RECORDS].as_str().unwrap_or_default().to_owned())
    }

    /// Writes that file; CoreDNS reads it again within a minute.
    pub async fn set_host_records(&self, hosts: &str) -> Result<()> {
        self.set_data(&dns_config(), &json!({HOST_RECORDS: hosts})).await
    }

    /// What tells this cluster from every other one for as long as it lives.
    pub async fn uid(&self) -> Result<String> {
        let namespace = self.get(&Id::new("v1", "Namespace", None, "kube-system")).await?;
        let namespace = namespace.context("the cluster has no kube-system")?;
        Ok(namespace["metadata"]["uid"].as_str().context("kube-system has no UID")?.to_owned())
    }
}

/// As `kubectl label` takes them.
pub fn label_text(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

fn dns_config() -> Id {
    Id::new("v1", "ConfigMap", Some("kube-system"), "coredns")
}

fn dns() -> Id {
    Id::new("apps/v1", "Deployment", Some("kube-system"), "coredns")
}

fn default_account() -> Id {
    Id::new("v1", "ServiceAccount", Some("default"), "default")
}

fn node(value: &Value) -> Node {
    Node {
        name: value["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        ready: has_condition(value, "Ready", "True"),
        architecture: value["status"]["nodeInfo"]["architecture"].as_str().unwrap_or_default().to_owned(),
        labels: serde_json::from_value(value["metadata"]["labels"].clone()).unwrap_or_default(),
    }
}
