//! Any object: read, applied, listed, deleted.

use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::{Scope, pinned_kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::diagnosis::admission::Refusal;
use crate::kubernetes::Kubernetes;
use crate::settings::FIELD_MANAGER;

/// Kinds of every cluster: known here, so that no time is spent on discovery.
const KNOWN: [(&str, &str, bool); 22] = [
    ("Namespace", "namespaces", false),
    ("Node", "nodes", false),
    ("PersistentVolume", "persistentvolumes", false),
    ("ConfigMap", "configmaps", true),
    ("Secret", "secrets", true),
    ("Service", "services", true),
    ("ServiceAccount", "serviceaccounts", true),
    ("Pod", "pods", true),
    ("Event", "events", true),
    ("PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("Deployment", "deployments", true),
    ("StatefulSet", "statefulsets", true),
    ("DaemonSet", "daemonsets", true),
    ("HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    ("PodDisruptionBudget", "poddisruptionbudgets", true),
    ("NetworkPolicy", "networkpolicies", true),
    ("Job", "jobs", true),
    ("CronJob", "cronjobs", true),
    ("ReplicaSet", "replicasets", true),
    ("StorageClass", "storageclasses", false),
    ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false),
    ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false),
];
/// A request that takes longer than this has lost its server.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// Names one object of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Id {
    pub api_version: String,
    pub kind: String,
    pub namespace: Option<String>,
    pub name: String,
}

/// How an apply is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apply {
    /// Validated and answered by the server, and nothing is stored.
    DryRun,
    Real,
}

impl Id {
    pub fn new(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Self {
        Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// The id that an object carries.
    pub fn of(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            api_version: text(&value["apiVersion"]),
            kind: text(&value["kind"]),
            namespace: value["metadata"]["namespace"].as_str().map(str::to_owned),
            name: text(&value["metadata"]["name"]),
        }
    }

    /// `Deployment/gateway`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

impl Kubernetes {
    async fn api(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
    ) -> Result<Api<DynamicObject>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let gvk = GroupVersionKind::gvk(group, version, kind);
        let (resource, namespaced) = match KNOWN.iter().find(|(known, ..)| *known == kind) {
            Some((_, plural, namespaced)) => (ApiResource::from_gvk_with_plural(&gvk, plural), *namespaced),
            None => {
                let found = pinned_kind(&self.client, &gvk).await;
                let (resource, capabilities) =
                    found.map_err(|error| unknown_kind(kind, api_version, error))?;
                (resource, capabilities.scope == Scope::Namespaced)
            }
        };
        Ok(match namespace.filter(|_| namespaced) {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        })
    }

    /// The object as it is now.
    pub async fn get(&self, id: &Id) -> Result<Option<Value>> {
        if self.is_imagined {
            return Ok(None);
        }
        let api = self.api(&id.api_version, &id.kind, id.namespace.as_deref()).await?;
        let found = limited(api.get_opt(&id.name)).await.with_context(|| format!("reading {}", id.key()))?;
        found.map(|object| Ok(serde_json::to_value(object)?)).transpose()
    }

    /// Objects of one kind, all or those with a label.
    pub async fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        label: &str,
    ) -> Result<Vec<Value>> {
        let api = self.api(api_version, kind, namespace).await?;
        let params =
            if label.is_empty() { ListParams::default() } else { ListParams::default().labels(label) };
        let found = limited(api.list(&params)).await.with_context(|| format!("listing {kind}s"))?;
        found.items.into_iter().map(|object| Ok(serde_json::to_value(object)?)).collect()
    }

    /// Objects of several kinds, each with its kind.
    pub async fn lists(&self, version: &str, kinds: &[&str], namespace: Option<&str>) -> Result<Vec<Value>> {
        let lists = try_join_all(kinds.iter().map(|kind| self.list(version, kind, namespace, ""))).await?;
        // The items of a list do not say what they are.
        let of_kind = |(kind, list): (&&str, Vec<Value>)| {
            let kind = (*kind).to_owned();
            list.into_iter().map(move |mut value| {
                value["kind"] = Value::String(kind.clone());
                value
            })
        };
        Ok(kinds.iter().zip(lists).flat_map(|pair| of_kind(pair).collect::<Vec<Value>>()).collect())
    }

    /// Server-side apply with our field manager; unknown fields are refused. Gives the object that results.
    pub async fn apply(&self, object: &Value, mode: Apply) -> Result<Value> {
        let id = Id::of(object);
        if mode == Apply::Real && !self.call("apply", &id, &format!(" (server-side, as {FIELD_MANAGER})")) {
            return Ok(object.clone());
        }
        let api = self.api(&id.api_version, &id.kind, id.namespace.as_deref()).await?;
        let mut params = PatchParams::apply(FIELD_MANAGER).force().validation_strict();
        params.dry_run = mode == Apply::DryRun;
        let applied = limited(api.patch(&id.name, &params, &Patch::Apply(object))).await;
        let applied = applied.map_err(|error| about(&id, error));
        Ok(serde_json::to_value(applied.with_context(|| format!("applying {}", id.key()))?)?)
    }

    /// Sets labels of an object and leaves all else alone.
    pub async fn set_labels(&self, id: &Id, labels: &Value) -> Result<()> {
        if !self.call("label", id, &format!(": {labels}")) {
            return Ok(());
        }
        self.merge(id, &json!({"metadata": {"labels": labels}})).await
    }

    /// Sets the data that are named of a ConfigMap and leaves all else alone.
    pub async fn set_data(&self, id: &Id, data: &Value) -> Result<()> {
        if !self.call("change", id, &format!(": {data}")) {
            return Ok(());
        }
        self.merge(id, &json!({"data": data})).await
    }

    /// Sets values of a Secret and leaves the others alone; only their names are told.
    pub async fn set_secret(&self, id: &Id, values: &Map<String, Value>) -> Result<()> {
        let names: Vec<&str> = values.keys().map(String::as_str).collect();
        if !self.call("change", id, &format!(": {}", names.join(", "))) {
            return Ok(());
        }
        self.merge(id, &json!({"stringData": values})).await
    }

    /// A value of a Secret's `data`, decoded.
    pub fn secret_text(data: &Value, key: &str) -> Option<String> {
        String::from_utf8(STANDARD.decode(data[key].as_str()?).ok()?).ok()
    }

    pub(super) async fn merge(&self, id: &Id, fields: &Value) -> Result<()> {
        let api = self.api(&id.api_version, &id.kind, id.namespace.as_deref()).await?;
        let patched = limited(api.patch(&id.name, &PatchParams::default(), &Patch::Merge(fields))).await;
        patched.map(|_| ()).with_context(|| format!("changing {}", id.key()))
    }

    /// Sets the number of pods without owning it: an autoscaler may change it from then on.
    pub async fn scale(&self, id: &Id, replicas: u64) -> Result<()> {
        if !self.call("scale", id, &format!(" to {replicas}")) {
            return Ok(());
        }
        let api = self.api(&id.api_version, &id.kind, id.namespace.as_deref()).await?;
        let patch = json!({"spec": {"replicas": replicas}});
        let scaled = limited(api.patch_scale(&id.name, &PatchParams::default(), &Patch::Merge(&patch))).await;
        scaled.map(|_| ()).with_context(|| format!("scaling {}", id.key()))
    }

    /// Deletes an object; one that is gone already is fine.
    pub async fn delete(&self, id: &Id) -> Result<()> {
        if !self.call("delete", id, "") {
            return Ok(());
        }
        let api = self.api(&id.api_version, &id.kind, id.namespace.as_deref()).await?;
        match limited(api.delete(&id.name, &DeleteParams::background())).await {
            Err(error) if is_not_found(&error) => Ok(()),
            other => other.map(|_| ()).with_context(|| format!("deleting {}", id.key())),
        }
    }
}

async fn limited<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T> {
    let answer =
        tokio::time::timeout(REQUEST_LIMIT, request).await.context("the API server did not answer")?;
    answer.map_err(|error| match error {
        kube::Error::Api(status) => {
            let causes = status.details.into_iter().flat_map(|details| details.causes);
            let fields = causes.map(|cause| cause.field).filter(|field| !field.is_empty()).collect();
            anyhow::Error::new(ApiRefusal {
                code: status.code,
                message: status.message,
                fields,
                object: String::new(),
            })
        }
        other => anyhow::Error::new(other),
    })
}

/// A kind that the cluster has no definition of.
#[derive(Debug, thiserror::Error)]
#[error(
    "the cluster knows no kind {kind} of {api_version}: what defines it (a CustomResourceDefinition, mostly an operator's) is \
     not installed"
)]
struct UnknownKind {
    kind: String,
    api_version: String,
}

fn unknown_kind(kind: &str, api_version: &str, error: kube::Error) -> anyhow::Error {
    const NOT_FOUND: u16 = 404;
    let is_unknown = match &error {
        kube::Error::Api(status) => status.code == NOT_FOUND,
        kube::Error::Discovery(_) => true,
        _ => false,
    };
    if is_unknown {
        return UnknownKind { kind: kind.to_owned(), api_version: api_version.to_owned() }.into();
    }
    anyhow::Error::new(error).context(format!("asking the cluster about the kind {kind} of {api_version}"))
}

/// True when the cluster has no definition of the kind.
pub fn is_unknown_kind(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<UnknownKind>().is_some())
}

/// The API server's own words.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct ApiRefusal {
    code: u16,
    message: String,
    /// Paths of the fields that are at fault.
    fields: Vec<String>,
    /// What was to be applied, as `Deployment/gateway`; empty for other requests.
    object: String,
}

fn about(id: &Id, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<ApiRefusal>() {
        Ok(refusal) => ApiRefusal { object: id.key(), ..refusal }.into(),
        Err(other) => other,
    }
}

/// What the API server said to an object; `None` when none was refused.
pub fn refusal(error: &anyhow::Error) -> Option<Refusal> {
    let refusal = error.chain().find_map(|cause| cause.downcast_ref::<ApiRefusal>())?;
    let ApiRefusal { message, fields, object, .. } = refusal;
    let known = Refusal { object: object.clone(), message: message.clone(), fields: fields.clone() };
    (!object.is_empty()).then_some(known)
}

/// True when the object, or the namespace around it, does not exist.
pub fn is_not_found(error: &anyhow::Error) -> bool {
    const NOT_FOUND: u16 = 404;
    has_code(error, &[NOT_FOUND])
}

/// True when the API server does not know who asks, or does not let them.
pub fn is_forbidden(error: &anyhow::Error) -> bool {
    const REFUSALS: [u16; 2] = [401, 403];
    has_code(error, &REFUSALS)
}

fn has_code(error: &anyhow::Error, codes: &[u16]) -> bool {
    let mut refusals = error.chain().filter_map(|cause| cause.downcast_ref::<ApiRefusal>());
    refusals.any(|refusal| codes.contains(&refusal.code))
}
