//! What a node holds, proven by digest, and how it gets the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use bytes::Bytes;

use super::archive::{self, Archive};
use crate::docker::Engine;
use crate::interrupt;
use crate::settings::{CLUSTER_READY_LIMIT, DELIVER_LIMIT};

/// containerd as Kubernetes uses it; the program is in every k3s node.
const CTR: [&str; 3] = ["ctr", "--namespace", "k8s.io"];
/// Without it the kubelet may remove an image that no pod uses yet.
const PIN: &str = "io.cri-containerd.pinned=pinned";
/// How often a node that is starting is asked.
const AWAKE_POLL: Duration = Duration::from_millis(200);
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

/// What a node is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// It runs for a while: only what it lacks.
    Known,
    /// It was made just now: everything, as soon as its containerd answers.
    New,
}

/// Brings images to a node, proves them, and keeps them there; gives the bytes that were sent. The first attempt sends
/// only what the node lacks, later ones send everything.
pub async fn deliver(engine: &Engine, name: &str, node: Node, images: &[&Archive]) -> Result<usize> {
    if engine.report().dry_run {
        import(engine, name, node, images, Bytes::new()).await?;
        return Ok(0);
    }
    if node == Node::New {
        until_running(engine, name).await?;
    }
    let mut sent = 0;
    let mut attempt = 1;
    loop {
        let held = match (node, attempt) {
            (Node::Known, 1) => blobs(engine, name).await.unwrap_or_default(),
            _ => BTreeSet::new(),
        };
        let bytes = archive::without(images, &held)?;
        sent += bytes.len();
        let imported = tokio::time::timeout(DELIVER_LIMIT, import(engine, name, node, images, bytes)).await;
        match imported.unwrap_or_else(|_| bail!("not within {} s", DELIVER_LIMIT.as_secs())) {
            Ok(()) => return Ok(sent),
            Err(error) if attempt == ATTEMPTS => {
                let names = names_of(images).join(", ");
                bail!("{name} did not take {names} in {ATTEMPTS} attempts: {error:#}")
            }
            Err(_) => tokio::time::sleep(RETRY_AFTER * attempt).await,
        }
        attempt += 1;
    }
}

/// A container that does not run takes no command.
async fn until_running(engine: &Engine, name: &str) -> Result<()> {
    let started = Instant::now();
    while !engine.is_running(name).await {
        ensure!(started.elapsed() < CLUSTER_READY_LIMIT, "{name} does not start");
        tokio::time::sleep(AWAKE_POLL).await;
    }
    Ok(())
}

fn names_of<'a>(images: &[&'a Archive]) -> Vec<&'a str> {
    images.iter().map(|image| image.full_reference.as_str()).collect()
}

/// Takes images in, pins them and looks, as one command: starting one costs a busy machine more than what it does.
async fn import(engine: &Engine, name: &str, node: Node, images: &[&Archive], bytes: Bytes) -> Result<()> {
    let names = names_of(images);
    let script = script(node, &names);
    interrupt::place_later("deliver-streams", Duration::ZERO);
    let imported =
        engine.exec_to_change(name, &["sh", "-c", &script], Some((&names.join("+"), bytes))).await?;
    let held = complete(&imported.stdout);
    let is_held = |image: &&Archive| held.get(&image.full_reference) == Some(&image.digest);
    if engine.report().dry_run || images.iter().all(is_held) {
        return Ok(());
    }
    // A half-registered name would be taken for an image by the kubelet.
    for image in images.iter().filter(|image| !is_held(image)) {
        remove(engine, name, &image.full_reference).await?;
    }
    bail!("{}", imported.stderr.trim());
}

fn script(node: Node, names: &[&str]) -> String {
    let ctr = CTR.join(" ");
    let awake = match node {
        Node::Known => String::new(),
        Node::New => format!("until {ctr} version >/dev/null 2>&1; do sleep 0.2; done; "),
    };
    let pinned: String = names.iter().map(|name| format!(" && {ctr} images label {name} {PIN}")).collect();
    let checked: String = names.iter().map(|name| format!(" name=={name}")).collect();
    format!("{awake}{ctr} images import -{pinned} && {ctr} images check{checked}")
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
