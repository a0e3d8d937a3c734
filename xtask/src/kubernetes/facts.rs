//! Gathers what a diagnosis reads: lists of plain objects, and the last lines of pods.

use std::collections::BTreeSet;

use anyhow::Result;
use futures_util::future::{join_all, try_join_all};
use k8s_openapi::ByteString;

use crate::diagnosis::facts::{Facts, Subject};
use crate::diagnosis::redact::Redactor;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::objects::Id;
use crate::settings::{INVENTORY_KEY, INVENTORY_NAME, NAMESPACE};

/// Enough of a log to hold the reason of an end.
const LOG_LINES: i64 = 40;
const WORKLOADS: [&str; 4] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"];
/// Label of the pods with which k3s answers for a Service of type LoadBalancer.
pub const SERVICE_LABEL: &str = "svccontroller.k3s.cattle.io/svcname";
const WEBHOOKS: [&str; 2] = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

impl Kubernetes {
    /// Namespaces in which something lives that was deployed from here, that of the game first.
    pub async fn namespaces_deployed(&self) -> Result<Vec<String>> {
        let inventory = self.get(&Id::new("v1", "ConfigMap", Some(NAMESPACE), INVENTORY_NAME)).await?;
        let text = inventory.as_ref().and_then(|map| map["data"][INVENTORY_KEY].as_str()).unwrap_or("[]");
        let ids: Vec<Id> = serde_json::from_str(text).unwrap_or_default();
        let others: BTreeSet<String> = ids.into_iter().filter_map(|id| id.namespace).collect();
        let others = others.into_iter().filter(|namespace| namespace != NAMESPACE);
        Ok([NAMESPACE.to_owned()].into_iter().chain(others).collect())
    }

    /// One look at everything that was deployed, without logs.
    pub async fn facts(&self) -> Result<Facts> {
        let namespaces = self.namespaces_deployed().await?;
        let mut whole: Option<Facts> = None;
        for facts in try_join_all(namespaces.iter().map(|namespace| self.facts_in(namespace))).await? {
            match &mut whole {
                None => whole = Some(facts),
                Some(whole) => {
                    whole.workloads.extend(facts.workloads);
                    whole.pods.extend(facts.pods);
                    whole.events.extend(facts.events);
                    whole.claims.extend(facts.claims);
                }
            }
        }
        Ok(whole.unwrap_or_default())
    }

    async fn facts_in(&self, namespace: &str) -> Result<Facts> {
        let here = Some(namespace);
        let is_home = namespace == NAMESPACE;
        let (workloads, mut pods, service_pods, events, nodes, claims, storage_classes, webhooks) = tokio::try_join!(
            self.lists("apps/v1", &WORKLOADS, here),
            self.list("v1", "Pod", here, ""),
            self.list("v1", "Pod", Some("kube-system"), SERVICE_LABEL),
            self.list("v1", "Event", here, ""),
            self.list("v1", "Node", None, ""),
            self.list("v1", "PersistentVolumeClaim", here, ""),
            self.list("storage.k8s.io/v1", "StorageClass", None, ""),
            self.lists("admissionregistration.k8s.io/v1", &WEBHOOKS, None),
        )?;
        // Those of the balancer serve all namespaces and count once.
        pods.extend(service_pods.into_iter().filter(|_| is_home));
        let logs = Default::default();
        Ok(Facts { workloads, pods, events, nodes, claims, storage_classes, webhooks, logs })
    }

    /// The same with the last lines of every pod whose program has ended or does not become ready.
    pub async fn explained_facts(&self) -> Result<Facts> {
        let mut facts = self.facts().await?;
        let talks = |subject: &Subject| {
            subject.containers().any(|status| {
                let ended =
                    !status["lastState"]["terminated"].is_null() || !status["state"]["terminated"].is_null();
                ended || !status["state"]["running"].is_null() && subject.event(&["Unhealthy"]).is_some()
            })
        };
        let pods: Vec<String> =
            facts.unready().filter(talks).map(|subject| subject.name().to_owned()).collect();
        self.add_logs(&mut facts, &pods).await;
        Ok(facts)
    }

    /// Adds the last lines of these pods; what is printed of them holds no secret.
    pub async fn add_logs(&self, facts: &mut Facts, pods: &[String]) {
        let namespace = |name: &str| {
            let pod = facts.pods.iter().find(|pod| pod["metadata"]["name"] == name);
            pod.and_then(|pod| pod["metadata"]["namespace"].as_str()).unwrap_or(NAMESPACE).to_owned()
        };
        let asked: Vec<(String, &String)> = pods.iter().map(|pod| (namespace(pod), pod)).collect();
        let logs = asked.iter().map(|(namespace, pod)| self.last_lines(namespace, pod, LOG_LINES));
        let logs = join_all(logs).await;
        let redactor = Redactor::default();
        let redacted = logs.iter().map(|lines| lines.iter().map(|line| redactor.text(line)).collect());
        facts.logs.extend(pods.iter().cloned().zip(redacted));
    }

    /// Every value of every Secret of the game, decoded and as it is stored: what must appear nowhere.
    pub async fn secret_values(&self) -> Result<Vec<String>> {
        let namespaces = self.namespaces_deployed().await?;
        let lists = namespaces.iter().map(|namespace| self.list("v1", "Secret", Some(namespace), ""));
        let secrets = try_join_all(lists).await?.concat();
        let data =
            secrets.iter().filter_map(|secret| secret["data"].as_object()).flat_map(|data| data.values());
        let mut values = Vec::new();
        for stored in data {
            values.push(stored.as_str().unwrap_or_default().to_owned());
            if let Ok(ByteString(bytes)) = serde_json::from_value(stored.clone()) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                values.extend(text.lines().map(str::to_owned));
                values.push(text);
            }
        }
        Ok(values)
    }
}
