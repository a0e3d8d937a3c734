//! Files into a container and out of it.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::TryStreamExt as _;

use crate::docker::Engine;

impl Engine {
    /// Unpacks a tar archive into a folder of a container, as `docker cp` does.
    pub async fn upload(&self, container: &str, folder: &str, archive: Bytes) -> Result<()> {
        if !self.call(&format!("docker cp - {container}:{folder}")) {
            return Ok(());
        }
        let options = UploadToContainerOptionsBuilder::default().path(folder).build();
        let sent =
            self.docker.upload_to_container(container, Some(options), bollard::body_full(archive)).await;
        sent.with_context(|| format!("copying files to {folder} in {container}"))
    }

    /// The text of a file of a container. Unlike a command that reads it, it starts no process.
    pub async fn read_file(&self, container: &str, path: &str) -> Result<String> {
        let doing = || format!("reading {path} of {container}");
        let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
        let parts = self.docker.download_from_container(container, Some(options));
        let archive = parts.try_collect::<Vec<_>>().await.with_context(doing)?.concat();
        let mut text = String::new();
        let mut files = tar::Archive::new(archive.as_slice());
        let mut file = files.entries()?.next().with_context(doing)?.with_context(doing)?;
        file.read_to_string(&mut text).with_context(doing)?;
        Ok(text)
    }

    /// One file of a container, readable for everybody in it.
    pub async fn upload_file(&self, container: &str, folder: &str, name: &str, content: &[u8]) -> Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let mut archive = tar::Builder::new(Vec::new());
        let packed = archive.append_data(&mut header, name, content).and_then(|()| archive.into_inner());
        self.upload(container, folder, packed.with_context(|| format!("packing {name}"))?.into()).await
    }
}
