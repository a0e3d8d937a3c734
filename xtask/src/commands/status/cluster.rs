//! Pods of a cluster, and what they say.

use anyhow::Result;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Feel, screen};
use crate::context::Context;
use crate::docker::Engine;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::pods::Pod;
use crate::metrics::Metrics;
use crate::target::Target;
use crate::target::health::{self, Ailment};
use crate::trust;

pub async fn show(context: &Context) -> Result<()> {
    let target = Target::of(context)?;
    let engine = Engine::connect(&context.report).await?;
    let ailments = match target.record() {
        Some(record) if record.complete => health::look(&engine, &target).await?,
        _ => Vec::new(),
    };
    if ailments.iter().any(|one| matches!(one, Ailment::Asleep { .. } | Ailment::Silent { .. })) {
        return out_of_reach(context, &target, &ailments);
    }
    let cluster = target.connect(&engine).await?;
    let pods = cluster.pods().await?;
    let (feel, proofs) = tokio::join!(feel(&cluster, &pods), trust::seen_by(&cluster, &pods));
    let url = target.url();
    let ready = pods.iter().filter(|pod| pod.ready).count();
    let mut lines = vec![
        ("play", url.clone()),
        ("state", format!("{ready} of {} pods ready; cluster {}", pods.len(), target.name())),
        ("players", feel.players_text()),
        ("ticks", feel.ticks_text()),
        ("proofs", proofs.text()),
        ("kubectl", format!("export KUBECONFIG={}", target.kubeconfig().display())),
    ];
    lines.extend(feel.results.text().map(|text| ("results", text)));
    lines.extend(complaints(&ailments));
    let state = match (ailments.is_empty(), ready == pods.len() && ready > 0) {
        (false, _) => "broken",
        (true, true) => "running",
        (true, false) => "unready",
    };
    let value = json!({
        "target": "k3d",
        "cluster": target.name(),
        "state": state,
        "ailments": events(&ailments),
        "url": url,
        "kubeconfig": target.kubeconfig(),
        "pods": pods,
        "feel": feel.json(),
        "proofs": proofs.json(),
    });
    context.report.result(value, &format!("{}\n{}", screen(&lines), table(&pods)));
    Ok(())
}

/// The cluster cannot be asked: what keeps it from answering, and what wakes it.
fn out_of_reach(context: &Context, target: &Target, ailments: &[Ailment]) -> Result<()> {
    let is_asleep = ailments.iter().all(|one| matches!(one, Ailment::Asleep { .. }));
    let (state, text) = if is_asleep { ("asleep", "asleep") } else { ("broken", "not answering") };
    let mut lines = vec![("state", format!("{text}; cluster {}", target.name()))];
    lines.extend(complaints(ailments));
    let value = json!({
        "target": "k3d",
        "cluster": target.name(),
        "state": state,
        "ailments": events(ailments),
        "url": target.url(),
    });
    context.report.result(value, &screen(&lines));
    Ok(())
}

/// A line for each thing that is wrong, and one that says what repairs them.
fn complaints(ailments: &[Ailment]) -> Vec<(&'static str, String)> {
    let word = |one: &Ailment| if matches!(one, Ailment::Asleep { .. }) { "asleep" } else { "broken" };
    let mut lines: Vec<(&str, String)> = ailments.iter().map(|one| (word(one), one.to_string())).collect();
    if !lines.is_empty() {
        lines.push(("fix", "cargo xtask start".to_owned()));
    }
    lines
}

fn events(ailments: &[Ailment]) -> Vec<Value> {
    ailments.iter().map(|one| json!({"id": one.id(), "text": one.to_string()})).collect()
}

/// Room hosts, gateways and the ranking together; a pod that does not answer adds nothing.
pub(super) async fn feel(cluster: &Kubernetes, pods: &[Pod]) -> Feel {
    let asked = pods.iter().filter(|pod| matches!(pod.role.as_str(), "room" | "gateway" | "ranking"));
    let answers = join_all(asked.map(|pod| cluster.pod_metrics(&pod.name))).await;
    let mut all = Metrics::default();
    for answer in answers.into_iter().flatten() {
        all.extend(Metrics::parse(&answer));
    }
    Feel::of(&all)
}

pub(super) fn table(pods: &[Pod]) -> String {
    let width = pods.iter().map(|pod| pod.name.len()).max().unwrap_or(0);
    let node_width = pods.iter().map(|pod| pod.node.len()).max().unwrap_or(0);
    let line = |pod: &Pod| {
        let ready = if pod.ready { "ready" } else { "not ready" };
        let restarts = if pod.restarts == 0 { String::new() } else { format!("  {} restarts", pod.restarts) };
        format!("  {:<width$}  {:<node_width$}  {:<9}  {}{restarts}\n", pod.name, pod.node, ready, pod.state)
    };
    pods.iter().map(line).collect()
}
