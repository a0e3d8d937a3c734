//! What a node holds, proven by digest, and how it gets the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::Bytes;

use super::archive::Archive;
use crate::docker::Engine;
use crate::interrupt;
use crate::settings::DELIVER_LIMIT;

/// containerd as Kubernetes uses it; the program is in every k3s node.
const CTR: [&str; 3] = ["ctr", "--namespace", "k8s.io"];
/// Without it the kubelet may remove an image that no pod uses yet.
const PIN: &str = "io.cri-containerd.pinned=pinned";
/// How often a node that is starting is asked.
const AWAKE_POLL: Duration = Duration::from_millis(300);
/// A node that is starting or short of memory takes an image a moment later.
const ATTEMPTS: u32 = 3;
/// Times the number of attempts so far.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Digests of the wanted images that this node holds completely and has unpacked. A node that is starting answers
/// within the time that is given to it.
pub async fn held(
    engine: &Engine,
    node: &str,
    references: &[&str],
    patience: Duration,
) -> Result<BTreeMap<String, String>> {
    let started = Instant::now();
    loop {
        match look(engine, node, references).await {
            Err(_) if started.elapsed() < patience => tokio::time::sleep(AWAKE_POLL).await,
            held => return held,
        }
    }
}

async fn look(engine: &Engine, node: &str, references: &[&str]) -> Result<BTreeMap<String, String>> {
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

/// Digests of all blobs in a node's store, whatever they belong to.
async fn blobs(engine: &Engine, node: &str) -> Result<BTreeSet<String>> {
    let mut command = CTR.to_vec();
    command.extend(["content", "ls", "--quiet"]);
    let output = engine.exec(node, &command, None).await?;
    Ok(output.stdout.lines().map(|line| line.trim().to_owned()).collect())
}

/// Brings an image to a node, proves it, and keeps it there; gives the bytes that were sent. The first attempt sends
/// only what the node lacks, later ones send everything.
pub async fn deliver(engine: &Engine, node: &str, image: &Archive) -> Result<usize> {
    let mut sent = 0;
    let mut attempt = 1;
    loop {
        if engine.report().dry_run {
            import(engine, node, image, Bytes::new()).await?;
            return Ok(0);
        }
        let held = if attempt == 1 { blobs(engine, node).await.unwrap_or_default() } else { BTreeSet::new() };
        let bytes = image.without(&held)?;
        sent += bytes.len();
        let imported = tokio::time::timeout(DELIVER_LIMIT, import(engine, node, image, bytes)).await;
        match imported.unwrap_or_else(|_| bail!("not within {} s", DELIVER_LIMIT.as_secs())) {
            Ok(()) => return Ok(sent),
            Err(error) if attempt == ATTEMPTS => {
                bail!("{node} did not take {} in {ATTEMPTS} attempts: {error:#}", image.full_reference)
            }
            Err(_) => tokio::time::sleep(RETRY_AFTER * attempt).await,
        }
        attempt += 1;
    }
}

/// Takes the image in, pins it and looks, as one command: starting one costs a busy machine more than what it does.
async fn import(engine: &Engine, node: &str, image: &Archive, archive: Bytes) -> Result<()> {
    let reference = image.full_reference.as_str();
    let ctr = CTR.join(" ");
    let script = format!(
        "{ctr} images import - && {ctr} images label {reference} {PIN} && {ctr} images check name=={reference}"
    );
    let command = ["sh", "-c", &script];
    interrupt::place_later("deliver-streams", Duration::ZERO);
    let imported = engine.exec_to_change(node, &command, Some((reference, archive))).await?;
    if engine.report().dry_run || complete(&imported.stdout).get(reference) == Some(&image.digest) {
        return Ok(());
    }
    // A half-registered name would be taken for an image by the kubelet.
    remove(engine, node, reference).await?;
    bail!("{}", imported.stderr.trim());
}

/// Every name that a node gives an image, with the digest that it stands for.
pub async fn names(engine: &Engine, node: &str) -> Result<Vec<(String, String)>> {
    let mut command = CTR.to_vec();
    command.extend(["images", "ls"]);
    Ok(named(&engine.exec(node, &command, None).await?.stdout))
}

/// Reads `ctr images ls`: REF TYPE DIGEST and more.
fn named(table: &str) -> Vec<(String, String)> {
    let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let pair = |fields: Vec<&str>| match fields.as_slice() {
        [reference, _, digest, ..] => Some(((*reference).to_owned(), (*digest).to_owned())),
        _ => None,
    };
    fields.filter_map(pair).collect()
}

/// Takes a name away; containerd clears what no name holds.
pub async fn remove(engine: &Engine, node: &str, reference: &str) -> Result<()> {
    let mut command = CTR.to_vec();
    command.extend(["images", "rm", reference]);
    engine.exec_to_change(node, &command, None).await.map(|_| ())
}

#[cfg(test)]
mod tests;
