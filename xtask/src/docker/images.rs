//! Images: looked up, loaded, exported.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use bollard::query_parameters::{ImportImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptions};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;

use crate::docker::Engine;

impl Engine {
    /// Id of an image that the engine holds under this name.
    pub async fn image_id(&self, reference: &str) -> Result<Option<String>> {
        match self.docker.inspect_image(reference).await {
            Ok(image) => Ok(image.id),
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("looking up the image {reference}")),
        }
    }

    /// Names of all images of one repository.
    pub async fn image_names(&self, repository: &str) -> Result<Vec<String>> {
        let options = ListImagesOptionsBuilder::default()
            .filters(&HashMap::from([("reference", vec![repository])]))
            .build();
        let found = self.docker.list_images(Some(options)).await;
        let found = found.with_context(|| format!("listing the images of {repository}"))?;
        Ok(found.into_iter().flat_map(|image| image.repo_tags).collect())
    }

    /// Loads an image archive, as `docker load` does.
    pub async fn load_image(&self, archive: Bytes) -> Result<()> {
        let options = ImportImageOptionsBuilder::default().quiet(true).build();
        let answers = self.docker.import_image(options, bollard::body_full(archive), None);
        answers.try_for_each(|_| async { Ok(()) }).await.context("loading the image into Docker")
    }

    /// The image as `docker save` writes it.
    pub async fn export_image(&self, reference: &str) -> Result<Bytes> {
        let parts = self.docker.export_image(reference);
        let all = parts.try_fold(BytesMut::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        });
        Ok(all.await.with_context(|| format!("exporting the image {reference}"))?.freeze())
    }

    /// Takes a name away from an image; the engine deletes what no name holds.
    pub async fn remove_image(&self, reference: &str) -> Result<()> {
        let removed = self.docker.remove_image(reference, None::<RemoveImageOptions>, None).await;
        removed.map(|_| ()).with_context(|| format!("removing the image {reference}"))
    }
}
