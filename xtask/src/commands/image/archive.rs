//! An image as one file that Docker and containerd both load, with digests known in advance.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::registry::{Blob, MANIFEST_TYPE, Pieces};
use crate::settings::IMAGE_NAME;

/// A question that is lost, as on a node whose way to the DNS is not made yet, is asked again after a second: glibc
/// waits five.
const RESOLVER: &str = "RES_OPTIONS=timeout:1 attempts:3";
/// The user that every role runs as, in the image as in the manifests.
const USER: &str = "65532:65532";
/// Layers and configuration decide the tag; this many digits tell any two builds apart.
const TAG_CHARS: usize = 12;
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// A whole image, ready to be written.
#[derive(Debug, Clone)]
pub struct Archive {
    /// As the manifests and Docker name it: `game-server:0123456789ab`.
    pub reference: String,
    /// As containerd names it: `docker.io/library/game-server:0123456789ab`.
    pub full_reference: String,
    /// Digest of the manifest: what a node that holds this image reports.
    pub digest: String,
    /// Layers, configuration, manifest.
    blobs: Vec<Blob>,
    /// The manifest, by the name under which containerd keeps it.
    entry: Value,
    docker_index: Vec<u8>,
}

impl Archive {
    /// The names of an image that a dry run has no need to read.
    pub fn unread(reference: &str, full_reference: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            full_reference: full_reference.to_owned(),
            digest: String::new(),
            blobs: Vec::new(),
            entry: Value::Null,
            docker_index: Vec::new(),
        }
    }

    /// An OCI layout that carries Docker's own index as well.
    pub fn whole(&self) -> Result<Bytes> {
        let mut file = open(&[self])?;
        append(&mut file, "manifest.json", 0o644, &self.docker_index)?;
        close(file, self.blobs.iter())
    }

    /// What a registry takes one by one; none for an image that was not read.
    pub fn pieces(&self) -> Option<Pieces<'_>> {
        let (manifest, blobs) = self.blobs.split_last()?;
        let tag = self.reference.rsplit(':').next().unwrap_or_default();
        Some(Pieces { tag, manifest, blobs })
    }
}

/// Images as one OCI layout, with only what a node lacks: containerd takes the rest from its own store. Docker's index
/// has no form for that.
pub fn without(images: &[&Archive], held: &BTreeSet<String>) -> Result<Bytes> {
    let blobs = images.iter().flat_map(|image| &image.blobs);
    close(open(images)?, blobs.filter(|blob| !held.contains(&blob.digest)))
}

fn open(images: &[&Archive]) -> Result<tar::Builder<Vec<u8>>> {
    let mut file = tar::Builder::new(Vec::new());
    append(&mut file, "oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    let entries: Vec<&Value> = images.iter().map(|image| &image.entry).collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries});
    append(&mut file, "index.json", 0o644, &serde_json::to_vec(&index)?)?;
    Ok(file)
}

fn close<'a>(mut file: tar::Builder<Vec<u8>>, blobs: impl Iterator<Item = &'a Blob>) -> Result<Bytes> {
    for blob in blobs {
        append(&mut file, &path(blob), 0o644, &blob.bytes)?;
    }
    Ok(file.into_inner().context("packing the image")?.into())
}

/// Where a blob lies within an OCI layout.
fn path(blob: &Blob) -> String {
    format!("blobs/{}", blob.digest.replace(':', "/"))
}

/// Packs the static binary FROM scratch: the same binary gives the same bytes, tag and digests.
pub fn pack(binary: &[u8], architecture: &str) -> Result<Archive> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, IMAGE_NAME, 0o755, binary)?;
    let layer = Blob::layer(layer.into_inner().context("packing the binary")?);
    let config = Blob::config(serde_json::to_vec(&json!({
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "User": USER,
            "Entrypoint": [format!("/{IMAGE_NAME}")],
            "Env": ["PATH=/", RESOLVER],
            "WorkingDir": "/",
            "ExposedPorts": {"8080/tcp": {}, "7000/tcp": {}, "9100/tcp": {}},
            "StopSignal": "SIGTERM",
            "Labels": {"org.opencontainers.image.title": IMAGE_NAME},
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "COPY game-server /"}],
    }))?);
    let tag =
        manifest(&config, std::slice::from_ref(&layer))?.digest["sha256:".len()..][..TAG_CHARS].to_owned();
    write(&format!("{IMAGE_NAME}:{tag}"), config, vec![layer])
}

/// Tells what is put around a binary: another layout makes another image of the same one.
pub fn layout(architecture: &str) -> Result<String> {
    Ok(pack(&[], architecture)?.digest)
}

/// Puts config and layers together under a name.
pub fn write(reference: &str, config: Blob, layers: Vec<Blob>) -> Result<Archive> {
    let manifest = manifest(&config, &layers)?;
    let full_reference = full_reference(reference);
    let mut entry = manifest.descriptor();
    entry["annotations"] = json!({"io.containerd.image.name": full_reference});
    let paths: Vec<String> = layers.iter().map(path).collect();
    let docker = json!([{"Config": path(&config), "RepoTags": [reference], "Layers": paths}]);
    let digest = manifest.digest.clone();
    Ok(Archive {
        reference: reference.to_owned(),
        full_reference,
        digest,
        blobs: layers.into_iter().chain([config, manifest]).collect(),
        entry,
        docker_index: serde_json::to_vec(&docker)?,
    })
}

fn manifest(config: &Blob, layers: &[Blob]) -> Result<Blob> {
    let layers: Vec<Value> = layers.iter().map(Blob::descriptor).collect();
    let value = json!({
        "schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config.descriptor(), "layers": layers,
    });
    Ok(Blob::new(MANIFEST_TYPE, serde_json::to_vec(&value)?))
}

/// Spells out what Docker leaves away: registry and `library`.
pub fn full_reference(reference: &str) -> String {
    let first = reference.split('/').next().unwrap_or_default();
    let names_registry = reference.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    match (names_registry, reference.contains('/')) {
        (true, _) => reference.to_owned(),
        (false, true) => format!("docker.io/{reference}"),
        (false, false) => format!("docker.io/library/{reference}"),
    }
}

fn append(file: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_entry_type(tar::EntryType::Regular);
    file.append_data(&mut header, path, bytes).with_context(|| format!("packing {path}"))
}

#[cfg(test)]
mod tests;
