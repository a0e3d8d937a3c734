//! The game on somebody else's cluster.

use anyhow::Result;
use serde_json::json;

use super::cluster::{feel, table};
use super::screen;
use crate::context::Context;
use crate::remote::Remote;
use crate::trust;

pub async fn show(context: &Context) -> Result<()> {
    let remote = Remote::connect(context).await?;
    let pods = remote.cluster.pods().await?;
    let (feel, proofs) = tokio::join!(feel(&remote.cluster, &pods), trust::seen_by(&remote.cluster, &pods));
    let url = remote.url().await.ok();
    let (name, ready) = (&remote.pin.name, pods.iter().filter(|pod| pod.ready).count());
    let state = match (pods.len(), ready) {
        (0, _) => "absent",
        (all, ready) if all == ready => "running",
        _ => "unready",
    };
    let mut lines = vec![("state", format!("{ready} of {} pods ready; cluster {name}", pods.len()))];
    if let Some(url) = &url {
        lines.insert(0, ("play", url.clone()));
    }
    if !pods.is_empty() {
        lines.push(("players", feel.players_text()));
        lines.push(("ticks", feel.ticks_text()));
        lines.extend(feel.results.text().map(|text| ("results", text)));
        lines.push(("proofs", proofs.text()));
    }
    lines.push(("kubectl", remote.pin.kubectl()));
    let value = json!({
        "target": name,
        "state": state,
        "url": url,
        "server": remote.pin.server,
        "pods": pods,
        "feel": feel.json(),
        "proofs": proofs.json(),
    });
    context.report.result(value, &format!("{}\n{}", screen(&lines), table(&pods)));
    Ok(())
}
