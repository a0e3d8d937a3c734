//! The Secret that is made once: never in the repository, never changed, never removed.

use anyhow::Result;
use serde_json::json;

use crate::commands::deploy::secret_id;
use crate::context::random_hex;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Apply;
use crate::settings::{GENERATED_SECRET, NAMESPACE, TICKET_SECRET_KEY};

/// As many bits as the hash that signs with it.
const SECRET_BYTES: usize = 32;

pub async fn exists(cluster: &Kubernetes) -> Result<bool> {
    Ok(cluster.get(&secret_id()).await?.is_some())
}

/// Makes the Secret where it is missing.
pub async fn ensure(cluster: &Kubernetes) -> Result<()> {
    if exists(cluster).await? {
        return Ok(());
    }
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": GENERATED_SECRET, "namespace": NAMESPACE},
        "stringData": {TICKET_SECRET_KEY: random_hex(SECRET_BYTES)?},
    });
    cluster.apply(&secret, Apply::Real).await.map(|_| ())
}
