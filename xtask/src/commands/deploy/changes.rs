//! What a deploy would change, told by the API server itself: each object is applied as a dry run and compared.

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::commands::deploy::inventory::Inventory;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::{Apply, Id, is_not_found, is_unknown_kind};
use crate::manifests::{Manifests, Object, difference};

/// Requests at a time: enough to hide their latency, few enough for a small API server.
const REQUESTS_AT_ONCE: usize = 8;
/// Differences that are named for one object.
const DIFFERENCES_MAX: usize = 6;
/// What the server keeps about an object, not what anybody asked for.
const SERVER_FIELDS: [&str; 5] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"];

/// Counted up by the server beside `generation`.
const SERVER_ANNOTATION: &str = "deprecated.daemonset.template.generation";

/// What happens to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    New,
    /// Paths that differ, with old and new value.
    Changed(Vec<String>),
    Unchanged,
}

/// What happens to all of them.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    applied: Vec<(Id, Change)>,
    removed: Vec<Id>,
}

impl Changes {
    /// What an empty cluster makes of the manifests.
    pub fn all_new(manifests: &Manifests) -> Self {
        let new = |object: &Object| (Id::of(&object.value), Change::New);
        Self { applied: manifests.objects.iter().map(new).collect(), removed: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.applied.iter().all(|(_, change)| *change == Change::Unchanged)
    }

    pub fn of(&self, object: &Object) -> Change {
        let id = Id::of(&object.value);
        self.applied.iter().find(|(known, _)| *known == id).map_or(Change::New, |(_, change)| change.clone())
    }

    pub fn removed(&self) -> &[Id] {
        &self.removed
    }

    pub fn applied(&self) -> &[(Id, Change)] {
        &self.applied
    }

    /// `3 new, 1 changed, 1 removed, 20 unchanged`.
    pub fn summary(&self) -> String {
        let count =
            |wanted: fn(&Change) -> bool| self.applied.iter().filter(|(_, change)| wanted(change)).count();
        let counts = [
            (count(|change| *change == Change::New), "new"),
            (count(|change| matches!(change, Change::Changed(_))), "changed"),
            (self.removed.len(), "removed"),
            (count(|change| *change == Change::Unchanged), "unchanged"),
        ];
        let named: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        named.join(", ")
    }
}

/// Compares every object of the manifests, and everything deployed before, with the cluster.
pub async fn find(cluster: &Kubernetes, manifests: &Manifests, inventory: &Inventory) -> Result<Changes> {
    let comparisons = manifests.objects.iter().map(|object| compare(cluster, manifests, object));
    let applied: Vec<(Id, Change)> =
        stream::iter(comparisons).buffered(REQUESTS_AT_ONCE).try_collect().await?;
    let mut removed = Vec::new();
    for id in inventory.gone_from(&Inventory::of(manifests)) {
        // Owned by another object, it goes with that one.
        let live = match cluster.get(&id).await {
            // Its kind went, and it with it.
            Err(error) if is_unknown_kind(&error) => None,
            live => live?,
        };
        if live.is_some_and(|live| live["metadata"]["ownerReferences"].as_array().is_none_or(Vec::is_empty)) {
            removed.push(id);
        }
    }
    Ok(Changes { applied, removed })
}

async fn compare(cluster: &Kubernetes, manifests: &Manifests, object: &Object) -> Result<(Id, Change)> {
    let id = Id::of(&object.value);
    let (live, wanted) = tokio::join!(cluster.get(&id), cluster.apply(&object.value, Apply::DryRun));
    let is_to_come = |error: &anyhow::Error| {
        is_unknown_kind(error) && manifests.define(object.api_version(), object.kind())
    };
    let live = match live {
        // Its definition is still to come.
        Err(error) if is_to_come(&error) => return Ok((id, Change::New)),
        live => live.map_err(|error| error.context(object.file.clone()))?,
    };
    let wanted = match wanted {
        Ok(wanted) => wanted,
        // The namespace itself is still to come.
        Err(error) if live.is_none() && is_not_found(&error) => return Ok((id, Change::New)),
        Err(error) => return Err(error.context(object.file.clone())),
    };
    let Some(live) = live else {
        return Ok((id, Change::New));
    };
    let paths = differences(&live, &wanted);
    Ok((id, if paths.is_empty() { Change::Unchanged } else { Change::Changed(paths) }))
}

/// `spec.replicas 1 → 2`, for everything but what the server keeps for itself.
pub fn differences(live: &Value, wanted: &Value) -> Vec<String> {
    let (mut live, mut wanted) = (live.clone(), wanted.clone());
    for value in [&mut live, &mut wanted] {
        if let Some(fields) = value.as_object_mut() {
            fields.remove("status");
        }
        if let Some(metadata) = value["metadata"].as_object_mut() {
            metadata.retain(|field, _| !SERVER_FIELDS.contains(&field.as_str()));
        }
        if let Some(annotations) = value["metadata"]["annotations"].as_object_mut() {
            annotations.remove(SERVER_ANNOTATION);
        }
    }
    let mut paths = difference::paths(&live, &wanted);
    let more = paths.len().saturating_sub(DIFFERENCES_MAX);
    paths.truncate(DIFFERENCES_MAX);
    if more > 0 {
        paths.push(format!("and {more} more"));
    }
    paths
}

#[cfg(test)]
mod tests;
