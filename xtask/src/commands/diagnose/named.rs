//! What somebody else's cluster tells: its API alone, since its machines are none of ours.

use anyhow::Result;
use serde_json::json;

use super::Found;
use super::bundle::Bundle;
use super::cluster::{Inside, keys, with_logs};
use crate::context::Context;
use crate::diagnosis::causes;
use crate::diagnosis::redact::Redactor;
use crate::kubernetes::kubeconfig::Contexts;
use crate::remote::Remote;
use crate::target::BUNDLE_FILE;

pub async fn look(context: &Context) -> Result<Found> {
    let remote = Remote::connect(context).await?;
    let cluster = &remote.cluster;
    let (facts, secrets) = tokio::try_join!(cluster.facts(), cluster.secret_values())?;
    let (facts, secrets) = with_logs(Ok(Inside { cluster: cluster.clone(), facts, secrets })).await;
    let files = Contexts::read(remote.pin.kubeconfig.as_deref())?.files;
    let keys = files.iter().flat_map(|file| keys(file));
    let mut bundle = Bundle::new(Redactor::new(secrets.into_iter().chain(keys)));
    let (causes, unready) = (causes(&facts), facts.unready().count());
    let pods = match facts.pods.len() {
        0 => "nothing is deployed".to_owned(),
        pods => format!("{} of {pods} pods ready", pods - unready.min(pods)),
    };
    for (pod, lines) in &facts.logs {
        bundle.lines(&format!("pods/{pod}.log"), lines);
    }
    bundle.json("facts.json", json!(facts));
    let path = remote.folder().join(BUNDLE_FILE);
    Ok(Found { state: format!("cluster {}: {pods}", remote.pin.name), causes, bundle, path })
}
