//! What is too slow for every run: another program, a name server, all manifests.

use std::time::Duration;

use crate::context::Context;
use crate::doctor::machine::Slow;
use crate::manifests::Manifests;
use crate::manifests::cluster::ClusterConfig;
use crate::processes;

/// A name that every pull resolves.
const PUBLIC_NAME: &str = "registry-1.docker.io";
/// A name server that takes longer is as good as none, and doctor stays under a second.
const LOOKUP_LIMIT: Duration = Duration::from_millis(700);

/// Everything at the same time.
pub async fn gather(context: &Context, config: &ClusterConfig) -> Slow {
    let (objects, folder) = (context.objects.clone(), context.root.clone());
    let minor = config.minor();
    let manifests = tokio::task::spawn_blocking(move || {
        let manifests = Manifests::read(&objects)?;
        manifests.require_valid(minor).map(|()| manifests)
    });
    let version = tokio::task::spawn_blocking(move || processes::read(&folder, "k3d", &["version"]));
    let (manifests, version, lookup_error) = tokio::join!(manifests, version, lookup());
    let (manifests, manifests_error) = match manifests {
        Ok(Ok(manifests)) => (manifests.objects, None),
        Ok(Err(error)) => (Vec::new(), Some(format!("{error:#}"))),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let version = version.ok().and_then(Result::ok);
    Slow {
        k3d_version: version.as_deref().and_then(k3d_version),
        lookup_error,
        manifests,
        manifests_error,
        node_labels: config.node_labels(),
        cluster_config_error: None,
        cluster_config_notes: config.notes.clone(),
    }
}

/// `5.9.0` of `k3d version v5.9.0`.
pub fn k3d_version(text: &str) -> Option<String> {
    let word = text.lines().find_map(|line| line.strip_prefix("k3d version "))?;
    Some(word.trim().trim_start_matches('v').to_owned())
}

async fn lookup() -> Option<String> {
    match tokio::time::timeout(LOOKUP_LIMIT, tokio::net::lookup_host((PUBLIC_NAME, 443))).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} ms", LOOKUP_LIMIT.as_millis())),
    }
}
