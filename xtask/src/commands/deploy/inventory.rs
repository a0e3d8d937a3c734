//! What the last deploy put into the cluster, kept in the cluster: any clone of the repository can prune.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::{Apply, Id};
use crate::manifests::Manifests;
use crate::settings::{INVENTORY_KEY as KEY, INVENTORY_NAME as NAME, NAMESPACE};

/// Ids of everything that was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    pub ids: Vec<Id>,
}

/// The object that holds it.
pub fn id() -> Id {
    Id::new("v1", "ConfigMap", Some(NAMESPACE), NAME)
}

impl Inventory {
    pub fn of(manifests: &Manifests) -> Self {
        Self { ids: manifests.objects.iter().map(|object| Id::of(&object.value)).collect() }
    }

    /// Empty before the first deploy.
    pub async fn read(cluster: &Kubernetes) -> Result<Self> {
        let Some(map) = cluster.get(&id()).await? else {
            return Ok(Self::default());
        };
        let text = map["data"][KEY].as_str().unwrap_or("[]");
        Ok(Self { ids: serde_json::from_str(text).context("reading the inventory of the last deploy")? })
    }

    pub async fn write(&self, cluster: &Kubernetes) -> Result<()> {
        let map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "data": {KEY: serde_json::to_string(&self.ids)?},
        });
        cluster.apply(&map, Apply::Real).await.map(|_| ())
    }

    /// Both together.
    pub fn with(&self, other: &Self) -> Self {
        let new = other.ids.iter().filter(|id| !self.ids.contains(id));
        Self { ids: self.ids.iter().chain(new).cloned().collect() }
    }

    /// What was applied once and is in the manifests no more; claims, Secrets and namespaces are for
    /// ever, and so are definitions of kinds: with one all objects of its kind would go, whoever made them.
    pub fn gone_from(&self, now: &Self) -> Vec<Id> {
        let kept = ["PersistentVolumeClaim", "Secret", "Namespace", "CustomResourceDefinition"];
        let gone =
            |id: &&Id| !now.ids.iter().any(|other| same(other, id)) && !kept.contains(&id.kind.as_str());
        self.ids.iter().filter(gone).cloned().collect()
    }
}

/// The same object, whatever version of its API names it.
fn same(a: &Id, b: &Id) -> bool {
    (&a.kind, &a.namespace, &a.name) == (&b.kind, &b.namespace, &b.name)
}

#[cfg(test)]
mod tests;
