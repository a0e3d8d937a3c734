//! Pods of a cluster, and what they say.

use anyhow::Result;
use futures_util::future::join_all;
use serde_json::json;

use super::{Feel, screen};
use crate::context::Context;
use crate::docker::Engine;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::pods::Pod;
use crate::metrics::Metrics;
use crate::target::Target;

pub async fn show(context: &Context) -> Result<()> {
    let target = Target::of(context)?;
    let cluster = target.connect(&Engine::connect(&context.report).await?).await?;
    let pods = cluster.pods().await?;
    let feel = feel(&cluster, &pods).await;
    let url = target.url();
    let ready = pods.iter().filter(|pod| pod.ready).count();
    let lines = [
        ("play", url.clone()),
        ("state", format!("{ready} of {} pods ready; cluster {}", pods.len(), target.name())),
        ("players", feel.players_text()),
        ("ticks", feel.ticks_text()),
        ("kubectl", format!("export KUBECONFIG={}", target.kubeconfig().display())),
    ];
    let value = json!({
        "target": "k3d",
        "cluster": target.name(),
        "state": if ready == pods.len() && ready > 0 { "running" } else { "unready" },
        "url": url,
        "kubeconfig": target.kubeconfig(),
        "pods": pods,
        "feel": feel.json(),
    });
    context.report.result(value, &format!("{}\n{}", screen(&lines), table(&pods)));
    Ok(())
}

/// Room hosts and gateways together; a pod that does not answer adds nothing.
async fn feel(cluster: &Kubernetes, pods: &[Pod]) -> Feel {
    let asked = pods.iter().filter(|pod| pod.role == "room" || pod.role == "gateway");
    let answers = join_all(asked.map(|pod| cluster.pod_metrics(&pod.name))).await;
    let mut all = Metrics::default();
    for answer in answers.into_iter().flatten() {
        all.extend(Metrics::parse(&answer));
    }
    Feel::of(&all)
}

fn table(pods: &[Pod]) -> String {
    let width = pods.iter().map(|pod| pod.name.len()).max().unwrap_or(0);
    let node_width = pods.iter().map(|pod| pod.node.len()).max().unwrap_or(0);
    let line = |pod: &Pod| {
        let ready = if pod.ready { "ready" } else { "not ready" };
        let restarts = if pod.restarts == 0 { String::new() } else { format!("  {} restarts", pod.restarts) };
        format!("  {:<width$}  {:<node_width$}  {:<9}  {}{restarts}\n", pod.name, pod.node, ready, pod.state)
    };
    pods.iter().map(line).collect()
}
