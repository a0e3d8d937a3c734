//! Files into a container.

use anyhow::{Context as _, Result};
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use bytes::Bytes;

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
