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
}
