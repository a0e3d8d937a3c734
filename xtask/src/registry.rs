//! Image registries: what they hold, and pushing to them, by version 2 of the OCI's distribution API.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::manifests::hex;
use crate::report::{Exit, Failure, Report, format_bytes};
use session::{Answer, Call, Session};

/// What a registry asks for before it answers.
mod challenge;
/// What `docker login` left behind.
mod credentials;
/// Requests that answer a challenge by themselves.
mod session;

pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";

/// A piece of an image and the digest that names it.
#[derive(Debug, Clone)]
pub struct Blob {
    pub media_type: String,
    pub digest: String,
    pub bytes: Bytes,
}

impl Blob {
    pub fn new(media_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            media_type: media_type.to_owned(),
            digest: format!("sha256:{}", hex(&Sha256::digest(&bytes))),
            bytes,
        }
    }

    pub fn layer(bytes: impl Into<Bytes>) -> Self {
        const GZIP: [u8; 2] = [0x1f, 0x8b];
        let bytes = bytes.into();
        let is_packed = bytes.starts_with(&GZIP);
        Self::new(&format!("{LAYER_TYPE}{}", if is_packed { "+gzip" } else { "" }), bytes)
    }

    pub fn config(bytes: impl Into<Bytes>) -> Self {
        Self::new(CONFIG_TYPE, bytes)
    }

    pub fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len()})
    }
}

/// An image in pieces, under the tag by which the registry keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Pieces<'a> {
    pub tag: &'a str,
    pub manifest: &'a Blob,
    /// Layers and configuration: everything that the manifest names.
    pub blobs: &'a [Blob],
}

/// What a push had to send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    pub blobs: usize,
    pub bytes: usize,
    /// False when the registry held the very image already.
    pub manifest: bool,
}

/// One repository of a registry, such as `ghcr.io/team/game-server`.
pub struct Repository {
    /// As it was given.
    name: String,
    /// `https://ghcr.io/v2/team/game-server`.
    base: String,
    session: Session,
    report: Report,
}

impl Repository {
    /// Nothing is sent yet. Registries of this machine speak plain HTTP, as Docker has it.
    pub fn new(report: &Report, name: &str) -> Result<Self> {
        let (host, path) = name.split_once('/').with_context(|| format!("{name} names no registry"))?;
        let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host_name(host));
        let scheme = if is_here { "http" } else { "https" };
        // Docker Hub answers elsewhere than where its images are named.
        let address = if host == "docker.io" { "registry-1.docker.io" } else { host };
        Ok(Self {
            name: name.to_owned(),
            base: format!("{scheme}://{address}/v2/{path}"),
            session: Session::new(report, host, address, is_here)?,
            report: report.clone(),
        })
    }

    /// The same with logins from another file than that of Docker.
    pub fn with_logins(mut self, file: PathBuf) -> Self {
        self.session.logins = Some(file);
        self
    }

    /// True when the image of this digest can be pulled from here.
    pub async fn holds(&self, digest: &str) -> Result<bool> {
        let call = Call::new(Method::HEAD, format!("{}/manifests/{digest}", self.base)).accept(MANIFEST_TYPE);
        let answer = self.send(&call).await?;
        match answer.status {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refused("looking for the image", &call, &answer)),
        }
    }

    /// Sends what the registry lacks, the manifest last: an image that can be named is whole.
    pub async fn push(&self, image: Pieces<'_>) -> Result<Pushed> {
        let mut pushed = Pushed::default();
        if self.holds(&image.manifest.digest).await? {
            return Ok(pushed);
        }
        for blob in image.blobs {
            if !self.holds_blob(blob).await? {
                self.upload(blob).await?;
                pushed.blobs += 1;
                pushed.bytes += blob.bytes.len();
            }
        }
        self.put_manifest(image).await?;
        if !self.report.dry_run && !self.holds(&image.manifest.digest).await? {
            let found = format!("{} took {}, and does not have it.", self.name, image.manifest.digest);
            return Err(self.failure(Exit::Build, &found, "push again; ask those who run the registry"));
        }
        Ok(Pushed { manifest: true, ..pushed })
    }

    async fn holds_blob(&self, blob: &Blob) -> Result<bool> {
        let call = Call::new(Method::HEAD, format!("{}/blobs/{}", self.base, blob.digest));
        let answer = self.send(&call).await?;
        match answer.status {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refused("looking for a part of the image", &call, &answer)),
        }
    }

    /// One request opens the upload and says where it goes, a second one brings all of it.
    async fn upload(&self, blob: &Blob) -> Result<()> {
        let open = Call::new(Method::POST, format!("{}/blobs/uploads/", self.base));
        let text = format!(
            "POST {}, then PUT to the address it gives: {} ({})",
            open.url,
            blob.digest,
            format_bytes(blob.bytes.len())
        );
        if !self.report.call("registry", &text, "") {
            return Ok(());
        }
        let opened = self.send(&open).await?;
        let Some(place) = opened.header("location").filter(|_| opened.status == StatusCode::ACCEPTED) else {
            return Err(self.refused("opening an upload", &open, &opened));
        };
        let url = with_digest(&session::resolve(&open.url, place)?, &blob.digest);
        let put = Call::new(Method::PUT, url).body("application/octet-stream", blob.bytes.clone());
        let answer = self.send(&put).await?;
        match answer.status {
            StatusCode::CREATED => Ok(()),
            _ => Err(self.refused("sending a part of the image", &put, &answer)),
        }
    }

    async fn put_manifest(&self, image: Pieces<'_>) -> Result<()> {
        let url = format!("{}/manifests/{}", self.base, image.tag);
        if !self.report.call("registry", &format!("PUT {url} ({})", image.manifest.digest), "") {
            return Ok(());
        }
        let put = Call::new(Method::PUT, url).body(MANIFEST_TYPE, image.manifest.bytes.clone());
        let answer = self.send(&put).await?;
        match answer.status {
            StatusCode::CREATED => Ok(()),
            _ => Err(self.refused("sending the manifest", &put, &answer)),
        }
    }

    async fn send(&self, call: &Call) -> Result<Answer> {
        self.session.send(call).await.map_err(|error| {
            if error.is::<Failure>() {
                return error;
            }
            let fix = "look at the name in targets.yaml and at the network";
            self.failure(Exit::Prerequisite, &format!("it does not answer ({error:#})."), fix)
        })
    }

    /// What the registry said, in its own words.
    fn refused(&self, doing: &str, call: &Call, answer: &Answer) -> anyhow::Error {
        let words = words(&answer.body);
        let found =
            format!("{doing} was answered with {} ({} {}){words}", answer.status, call.method, call.url);
        let registry = self.name.split('/').next().unwrap_or_default();
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let fix =
                    format!("`docker login {registry}` as somebody who may push there, then this again");
                self.failure(Exit::Prerequisite, &found, &fix)
            }
            StatusCode::NOT_FOUND => {
                self.failure(Exit::Prerequisite, &found, &format!("make the repository {} there", self.name))
            }
            _ => self.failure(Exit::Build, &found, "try again; ask those who run the registry"),
        }
    }

    fn failure(&self, exit: Exit, found: &str, fix: &str) -> anyhow::Error {
        Failure {
            exit,
            doing: format!("talking to the registry of {}", self.name),
            found: found.to_owned(),
            cause: String::new(),
            fix: fix.to_owned(),
        }
        .into()
    }
}

/// The address of an upload with the digest that ends it.
fn with_digest(url: &str, digest: &str) -> String {
    format!("{url}{}digest={digest}", if url.contains('?') { "&" } else { "?" })
}

fn host_name(host: &str) -> &str {
    host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name)
}

/// `: NAME_UNKNOWN, repository does not exist.`, or nothing but an end.
fn words(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = value["errors"].as_array().into_iter().flatten();
    let text = |error: &Value| {
        let part = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        [part("code"), part("message")]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let all: Vec<String> = errors.map(text).filter(|text| !text.is_empty()).collect();
    if all.is_empty() { ".".to_owned() } else { format!(": {}.", all.join("; ")) }
}
