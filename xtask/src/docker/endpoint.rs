//! Which engine answers: DOCKER_HOST, the context of the docker CLI, or the usual socket.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::manifests::hex;

/// Where an engine listens unless something says otherwise.
const DEFAULT: &str = "unix:///var/run/docker.sock";

/// The docker CLI's own order: DOCKER_HOST, DOCKER_CONTEXT, the current context of its config file.
pub fn resolve() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(host) = variable("DOCKER_HOST") {
        return host;
    }
    let folder = variable("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".docker")));
    folder
        .and_then(|folder| from_config(&folder, variable("DOCKER_CONTEXT")))
        .unwrap_or_else(|| DEFAULT.to_owned())
}

/// The endpoint of a context below a folder such as `~/.docker`; none for the context `default`.
fn from_config(folder: &Path, context: Option<String>) -> Option<String> {
    let context = context.or_else(|| {
        let config = read_json(&folder.join("config.json"))?;
        Some(config["currentContext"].as_str()?.to_owned())
    })?;
    if context == "default" {
        return None;
    }
    let id = hex(&Sha256::digest(context.as_bytes()));
    let meta = read_json(&folder.join("contexts/meta").join(id).join("meta.json"))?;
    Some(meta["Endpoints"]["docker"]["Host"].as_str()?.to_owned())
}

fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests;
