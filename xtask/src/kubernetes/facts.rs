//! Gathers what a diagnosis reads: lists of plain objects, and the last lines of pods.

use anyhow::Result;
use futures_util::future::join_all;
use k8s_openapi::ByteString;

use crate::diagnosis::facts::{Facts, Subject};
use crate::diagnosis::redact::Redactor;
use crate::kubernetes::Kubernetes;
use crate::settings::NAMESPACE;

/// Enough of a log to hold the reason of an end.
const LOG_LINES: i64 = 40;
const WORKLOADS: [&str; 4] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"];
/// Label of the pods with which k3s answers for a Service of type LoadBalancer.
pub const SERVICE_LABEL: &str = "svccontroller.k3s.cattle.io/svcname";
const WEBHOOKS: [&str; 2] = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

impl Kubernetes {
    /// One look at everything, without logs.
    pub async fn facts(&self) -> Result<Facts> {
        let here = Some(NAMESPACE);
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
        pods.extend(service_pods);
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
        let logs = join_all(pods.iter().map(|pod| self.last_lines(pod, LOG_LINES))).await;
        let redactor = Redactor::default();
        let redacted = logs.iter().map(|lines| lines.iter().map(|line| redactor.text(line)).collect());
        facts.logs.extend(pods.iter().cloned().zip(redacted));
    }

    /// Every value of every Secret of the game, decoded and as it is stored: what must appear nowhere.
    pub async fn secret_values(&self) -> Result<Vec<String>> {
        let secrets = self.list("v1", "Secret", Some(NAMESPACE), "").await?;
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
