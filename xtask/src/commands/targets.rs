//! `cargo xtask targets`: clusters that somebody else made, and how one gets into targets.yaml.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::context::Context;
use crate::manifests::targets::{self, Pin};
use crate::remote;

/// Show the clusters of targets.yaml, or add one
///
/// Use it to run the game on a cluster that you have: k3s, EKS, GKE, any context of your kubeconfig. A target pins the
/// cluster by the address of its API and by its UID, so that a context of the same name which leads elsewhere is refused
/// before anything is written. `targets add` reads both from the cluster; then every command takes --target NAME:
/// `doctor`, `image --push`, `plan`, `up`, `deploy`, `status`, `logs`, `verify`, `load`, `diagnose`, `down`. Nodes, labels
/// and registry are yours: they are checked, and what is missing is said with the command that sees to it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask targets\n\
\x20\x20cargo xtask targets add production --context gke_games --image ghcr.io/team/game-server\n\
\x20\x20cargo xtask doctor --target production\n\
\x20\x20cargo xtask image --push --target production && cargo xtask up --target production\n\n\
targets.yaml, at the root of the repository:\n\
\x20\x20production:\n\
\x20\x20\x20\x20context: gke_games                    (of your kubeconfig; which one is current means nothing)\n\
\x20\x20\x20\x20kubeconfig: ~/.kube/games             (if not $KUBECONFIG or ~/.kube/config)\n\
\x20\x20\x20\x20server: https://203.0.113.7           (pinned: address of the API)\n\
\x20\x20\x20\x20uid: 6f7c…                            (pinned: UID of the namespace kube-system)\n\
\x20\x20\x20\x20image: ghcr.io/team/game-server       (registry and repository that the nodes pull from)\n\
\x20\x20\x20\x20url: https://play.example.com         (if not the address of the Service gateway)\n\
\x20\x20\x20\x20overlays: [manifests/remote/local-traffic.yaml]   (laid over manifests/ for this cluster)\n\
\x20\x20\x20\x20nodes: {node-1: {workload: compute}}  (if it matters which node has which label)")]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Add(Added),
}

/// Pin a cluster: read its address and UID, and write them to targets.yaml
#[derive(Debug, clap::Args)]
struct Added {
    /// What --target will call it
    name: String,
    /// The context of the kubeconfig that leads to it
    #[arg(long, value_name = "CONTEXT")]
    context: String,
    /// Registry and repository that its nodes pull from, such as ghcr.io/team/game-server
    #[arg(long, value_name = "REPOSITORY")]
    image: String,
    /// The file that has the context, instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Where players join, instead of the address that the cluster gives the Service gateway
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    match args.action {
        Some(Action::Add(added)) => add(context, added).await,
        None => list(context),
    }
}

fn list(context: &Context) -> Result<()> {
    let pins = targets::load(&context.targets)?;
    let width = pins.iter().map(|pin| pin.name.len()).max().unwrap_or(0);
    let line = |pin: &Pin| {
        let url = pin.url.as_deref().unwrap_or("the address of its Service gateway");
        format!(
            "  {:<width$}  {} (context {})\n  {:<width$}  image {}, players at {url}\n",
            pin.name, pin.server, pin.context, "", pin.image
        )
    };
    let text = match pins.as_slice() {
        [] => {
            "no cluster of yours is named yet; `cargo xtask help targets` shows how to add one\n".to_owned()
        }
        pins => pins.iter().map(line).collect(),
    };
    let values: Vec<_> = pins
        .iter()
        .map(|pin| json!({"name": pin.name, "context": pin.context, "server": pin.server, "uid": pin.uid, "image": pin.image, "url": pin.url}))
        .collect();
    context.report.result(json!({"file": context.targets, "targets": values}), &text);
    Ok(())
}

async fn add(context: &Context, added: Added) -> Result<()> {
    let step = context.report.step("targets", &format!("reading who {} is", added.context));
    // The command may have been typed in any folder, and the file is read from another one.
    let kubeconfig = added.kubeconfig.map(std::path::absolute).transpose()?;
    let (server, uid) = remote::read(&context.report, kubeconfig.as_deref(), &added.context).await?;
    let pin = Pin {
        name: added.name,
        context: added.context,
        kubeconfig,
        server,
        uid,
        image: added.image,
        url: added.url,
        overlays: Vec::new(),
        nodes: Default::default(),
    };
    let file = context.targets.display();
    if context.dry_run {
        step.skipped(&format!("{} ({}, UID {}) would be added to {file}", pin.name, pin.server, pin.uid));
        return Ok(());
    }
    targets::add(&context.targets, &pin)?;
    step.done(&format!("{} is {} with the UID {}; written to {file}", pin.name, pin.server, pin.uid));
    let value = json!({"name": pin.name, "server": pin.server, "uid": pin.uid, "file": context.targets});
    context.report.result(value, &format!("next: cargo xtask doctor --target {}\n", pin.name));
    Ok(())
}
