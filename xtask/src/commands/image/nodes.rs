//! What a node holds, proven by digest, and how it gets the rest.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use bytes::Bytes;

use crate::docker::Engine;
use crate::settings::DELIVER_LIMIT;

/// containerd as Kubernetes uses it; the program is in every k3s node.
const CTR: [&str; 3] = ["ctr", "--namespace", "k8s.io"];
/// Without it the kubelet may remove an image that no pod uses yet.
const PIN: &str = "io.cri-containerd.pinned=pinned";

/// Digests of the wanted images that this node holds completely and has unpacked.
pub async fn held(engine: &Engine, node: &str, references: &[&str]) -> Result<BTreeMap<String, String>> {
    let filters: Vec<String> = references.iter().map(|reference| format!("name=={reference}")).collect();
    let mut command = CTR.to_vec();
    command.extend(["images", "check"]);
    command.extend(filters.iter().map(String::as_str));
    let output = engine.exec(node, &command, None).await?;
    if output.exit_code != 0 {
        bail!("{node} does not say which images it holds: {}", output.stderr.trim());
    }
    Ok(complete(&output.stdout))
}

/// Reads `ctr images check`, whose exit code is 0 for incomplete images too.
pub fn complete(table: &str) -> BTreeMap<String, String> {
    let mut held = BTreeMap::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // REF TYPE DIGEST STATUS (2/2) SIZE UNPACKED
        if let [reference, _, digest, "complete", _, .., "true"] = fields.as_slice() {
            held.insert((*reference).to_owned(), (*digest).to_owned());
        }
    }
    held
}

/// Streams an archive into a node and proves afterwards that the node holds it.
pub async fn import(
    engine: &Engine,
    node: &str,
    reference: &str,
    digest: &str,
    archive: Bytes,
) -> Result<()> {
    let work = async {
        let mut command = CTR.to_vec();
        command.extend(["images", "import", "-"]);
        let imported = engine.exec_to_change(node, &command, Some((reference, archive))).await?;
        if engine.report().dry_run {
            return pin(engine, node, reference).await;
        }
        let held = held(engine, node, &[reference]).await?;
        if held.get(reference).is_none_or(|found| found != digest) {
            // A half-registered name would be taken for an image by the kubelet.
            let mut command = CTR.to_vec();
            command.extend(["images", "rm", reference]);
            engine.exec_to_change(node, &command, None).await?;
            bail!("{node} did not take {reference}: {}", imported.stderr.trim());
        }
        pin(engine, node, reference).await
    };
    match tokio::time::timeout(DELIVER_LIMIT, work).await {
        Ok(ended) => ended,
        Err(_) => bail!("{node} did not take {reference} within {} s", DELIVER_LIMIT.as_secs()),
    }
}

async fn pin(engine: &Engine, node: &str, reference: &str) -> Result<()> {
    let mut command = CTR.to_vec();
    command.extend(["images", "label", reference, PIN]);
    engine.exec_to_change(node, &command, None).await.map(drop)
}

#[cfg(test)]
mod tests;
