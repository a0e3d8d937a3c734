//! The manifest from which a node's k3s deploys CoreDNS, with the names of this cluster in it.

use anyhow::{Context as _, Result};
use serde::Deserialize as _;
use serde_yaml::Value;

#[cfg(test)]
mod tests;

/// The same documents with these lines as `NodeHosts` of the ConfigMap, as k3d writes them.
pub fn with_host_records(text: &str, hosts: &str) -> Result<String> {
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let mut value = Value::deserialize(document).context("reading the manifest of CoreDNS")?;
        if value.is_null() {
            continue;
        }
        if value["kind"] == "ConfigMap" {
            value["data"]["NodeHosts"] = hosts.into();
        }
        documents.push(serde_yaml::to_string(&value).context("writing the manifest of CoreDNS")?);
    }
    Ok(documents.join("---\n"))
}
