//! The kubeconfig of a cluster, from the one that k3s writes.

use anyhow::{Context as _, Result};
use serde_yaml::Value;

/// What k3s wrote, for this machine: with the port at which the API answers here, and the names that k3d gives cluster,
/// user and context (`KubeconfigGet` of k3d) where k3s calls all `default`.
pub fn kubeconfig(text: &str, name: &str, port: u16) -> Result<String> {
    let mut value: Value = serde_yaml::from_str(text).context("reading what k3s wrote")?;
    let (cluster, user) = (format!("k3d-{name}"), format!("admin@k3d-{name}"));
    let changes = [
        ("clusters", "cluster", vec![("server", format!("https://127.0.0.1:{port}"))], &cluster),
        ("contexts", "context", vec![("cluster", cluster.clone()), ("user", user.clone())], &cluster),
        ("users", "user", vec![], &user),
    ];
    for (list, entry, fields, name) in changes {
        let one = value.get_mut(list).and_then(|list| list.get_mut(0));
        let one = one.with_context(|| format!("it has no {list}"))?;
        one["name"] = name.as_str().into();
        for (field, content) in fields {
            one[entry][field] = content.into();
        }
    }
    value["current-context"] = cluster.into();
    Ok(serde_yaml::to_string(&value)?)
}

#[cfg(test)]
mod tests;
