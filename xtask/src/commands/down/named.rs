//! `down` on somebody else's cluster: what was deployed goes, and nothing else.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use crate::commands::deploy::inventory::{self, Inventory};
use crate::context::{Context, lock};
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Id;
use crate::kubernetes::pods::{Pod, ROLE_LABEL};
use crate::manifests::WORKLOADS;
use crate::remote::Remote;
use crate::report::Exit;
use crate::settings::{NAMESPACE, ROLLOUT_LIMIT};
use crate::trust;

#[cfg(test)]
mod tests;

/// How often pods that end are looked at.
const POLL: Duration = Duration::from_millis(300);
/// What can lie in a namespace and is worth keeping it for; the rest belongs to one of these.
const KINDS: [(&str, &str); 7] = [
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
];
/// Put into every namespace by the cluster itself.
const OF_EVERY_NAMESPACE: &str = "kube-root-ca.crt";

pub async fn run(context: &Context, data: bool) -> Result<()> {
    let remote = Remote::connect(context).await?;
    let _lock = lock::take_unless_dry(remote.folder(), &context.report).await?;
    let deployed = with_claims(&remote.cluster, Inventory::read(&remote.cluster).await?).await?;
    let mut doomed = doomed(&deployed, data);
    if data {
        doomed.extend(data_of(&remote.cluster, &deployed).await?);
    }
    if doomed.is_empty() {
        let text = format!("nothing of ours runs on {}\n", remote.pin.name);
        context.report.result(json!({"removed": 0}), &text);
        return Ok(());
    }
    agree(context, &remote, &doomed, data)?;
    let step = context.report.step("down", "removing what was deployed");
    let pods = pods_of(&remote.cluster, &doomed).await?;
    for id in &doomed {
        remote.cluster.delete(id).await?;
    }
    // What stays is still known to be ours: the next deploy finds it, and so does `down --data`.
    let kept = Inventory { ids: deployed.ids.into_iter().filter(|id| !doomed.contains(id)).collect() };
    if !doomed.contains(&inventory::id()) {
        kept.write(&remote.cluster).await?;
    }
    end_matches(&remote.cluster, &pods).await;
    if context.dry_run {
        step.skipped(&format!("would remove {} objects; the cluster stays", doomed.len()));
        return Ok(());
    }
    wait_for(&remote, &pods).await?;
    let rest = if data { "" } else { "; the players' data stay, `--data` takes them too" };
    step.done(&format!("{} objects are gone from {}{rest}", doomed.len(), remote.pin.name));
    context.report.result(json!({"removed": doomed.len(), "target": remote.pin.name}), "");
    Ok(())
}

/// What was applied, the last first; not what holds data, and not the namespace, in which others may have put something.
fn doomed(deployed: &Inventory, data: bool) -> Vec<Id> {
    let kept = |id: &&Id| match id.kind.as_str() {
        "Namespace" => false,
        // With the definition of a kind all objects of that kind would go, whoever made them.
        "CustomResourceDefinition" => false,
        "PersistentVolumeClaim" | "Secret" => data,
        _ => true,
    };
    deployed.ids.iter().rev().filter(kept).cloned().collect()
}

/// The same with the claims that came of our StatefulSets: once those are gone, nothing else tells whose they are.
async fn with_claims(cluster: &Kubernetes, deployed: Inventory) -> Result<Inventory> {
    let mut ids = Vec::new();
    for namespace in cluster.namespaces_deployed().await? {
        let claims = cluster.list("v1", "PersistentVolumeClaim", Some(&namespace), "").await?;
        let found = claims.iter().map(|claim| named("v1", "PersistentVolumeClaim", &namespace, claim));
        ids.extend(found.filter(|id| is_claim_of_ours(id, &deployed)));
    }
    Ok(deployed.with(&Inventory { ids }))
}

/// The Secret, the list itself, and the namespace when nobody else uses it.
async fn data_of(cluster: &Kubernetes, deployed: &Inventory) -> Result<Vec<Id>> {
    let mut ids = Vec::new();
    for id in [trust::secret_id(), inventory::id()] {
        if cluster.get(&id).await?.is_some() {
            ids.push(id);
        }
    }
    // That of the game last: it holds the list.
    let namespaces = deployed.ids.iter().rev().filter(|id| id.kind == "Namespace");
    let (home, others): (Vec<&Id>, Vec<&Id>) = namespaces.partition(|id| id.name == NAMESPACE);
    for namespace in others.into_iter().chain(home) {
        if !is_shared(cluster, &namespace.name, deployed, &ids).await? {
            ids.push(namespace.clone());
        }
    }
    Ok(ids)
}

/// `TEMPLATE-STATEFULSET-NUMBER`, as the StatefulSet controller names them.
fn is_claim_of_ours(claim: &Id, deployed: &Inventory) -> bool {
    let Some((rest, number)) = claim.name.rsplit_once('-') else {
        return false;
    };
    let near = |id: &&Id| id.kind == "StatefulSet" && id.namespace == claim.namespace;
    let sets = deployed.ids.iter().filter(near);
    number.parse::<u32>().is_ok()
        && sets
            .into_iter()
            .any(|set| rest.strip_suffix(&set.name).is_some_and(|before| before.ends_with('-')))
}

async fn is_shared(cluster: &Kubernetes, namespace: &str, deployed: &Inventory, ours: &[Id]) -> Result<bool> {
    for (version, kind) in KINDS {
        for object in cluster.list(version, kind, Some(namespace), "").await? {
            let id = named(version, kind, namespace, &object);
            let is_owned =
                object["metadata"]["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty());
            let is_ours = deployed.ids.contains(&id) || ours.contains(&id) || id.name == OF_EVERY_NAMESPACE;
            if !is_owned && !is_ours {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Items of a list do not say what they are.
fn named(version: &str, kind: &str, namespace: &str, object: &Value) -> Id {
    Id::new(version, kind, Some(namespace), object["metadata"]["name"].as_str().unwrap_or_default())
}

fn agree(context: &Context, remote: &Remote, doomed: &[Id], data: bool) -> Result<()> {
    let what = if data { "and the players' data " } else { "" };
    let (count, name, server) = (doomed.len(), &remote.pin.name, &remote.pin.server);
    if context.dry_run || context.confirm(&format!("Remove {count} objects {what}from {name} ({server})?"))? {
        return Ok(());
    }
    Err(remote.failure(
        Exit::Refused,
        &format!("{count} objects would be removed, and nobody said yes; nothing was changed."),
        "answer y, or add --yes",
    ))
}

/// Pods of the workloads that are removed.
async fn pods_of(cluster: &Kubernetes, doomed: &[Id]) -> Result<Vec<Pod>> {
    let raw = cluster.list("v1", "Pod", Some(NAMESPACE), ROLE_LABEL).await?;
    let workloads: Vec<&Id> = doomed.iter().filter(|id| WORKLOADS.contains(&id.kind.as_str())).collect();
    let is_ours = |pod: &Pod| workloads.iter().any(|id| id.name == pod.role);
    Ok(raw.iter().map(Pod::read).filter(is_ours).collect())
}

/// Matches end now, with a result, as everywhere where `down` is typed.
async fn end_matches(cluster: &Kubernetes, pods: &[Pod]) {
    for pod in pods.iter().filter(|pod| pod.role == "room" || pod.role == "gateway") {
        // A pod that cannot be asked ends by itself, later.
        let _ = cluster.drain_now(&pod.name).await;
    }
}

async fn wait_for(remote: &Remote, pods: &[Pod]) -> Result<()> {
    let started = Instant::now();
    loop {
        let there = remote.cluster.list("v1", "Pod", Some(NAMESPACE), ROLE_LABEL).await?;
        let there: Vec<Pod> = there.iter().map(Pod::read).collect();
        let left: Vec<&str> = there
            .iter()
            .filter(|pod| pods.iter().any(|known| known.name == pod.name))
            .map(|pod| pod.name.as_str())
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        if started.elapsed() > ROLLOUT_LIMIT {
            let fix = format!("`{} --namespace {NAMESPACE} describe pods` says why", remote.pin.kubectl());
            return Err(remote.failure(Exit::Rollout, &format!("{} do not end.", left.join(", ")), &fix));
        }
        tokio::time::sleep(POLL).await;
    }
}
