//! `cargo xtask verify`: plays like a player and reports what it saw.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::cli::TargetName;
use crate::context::{Context, target};
use crate::enforcement::{self, Answer};
use crate::remote::Remote;
use crate::target::Reached;
use crate::{binary, play, public};

/// Play like a player through the public port and report what was seen
///
/// Use it to prove that the game can be joined, moved in, seen and left, on whatever target is up. It plays in a
/// queue of its own: real players, ratings and leaderboards are not touched. Exit code 8 when something is wrong.
/// On a cluster two pods of ours try whether it enforces NetworkPolicies; `doctor` tells the answer again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask verify\n\
\x20\x20cargo xtask verify --url https://play.example.com")]
pub struct Args {
    /// Play there instead of on the target that is up
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    let is_elsewhere = args.url.is_some();
    let url = public::url(context, args.url).await?;
    let program = match is_elsewhere {
        true => binary::player(context).await?,
        false => binary::build(context).await?.path,
    };
    let seen = play::verify(context, &program, &url).await?;
    let policies = if is_elsewhere { None } else { policies(context).await? };
    if context.dry_run {
        return Ok(());
    }
    let mut text = play::observations(&seen);
    if let Some(answer) = &policies {
        text.push_str(&format!("  policies  {}\n", answer.text()));
    }
    context.report.result(told(seen, policies.as_ref()), &text);
    Ok(())
}

/// Nothing on the target `local`, which has no network of its own.
async fn policies(context: &Context) -> Result<Option<Answer>> {
    let doing = "trying whether the cluster enforces NetworkPolicies";
    if context.pin.is_some() {
        let remote = Remote::connect(context).await?;
        return enforcement::probe(&context.report, &remote.cluster, remote.folder()).await.context(doing);
    }
    if target::that_is_up(context)? != Some(TargetName::K3d) {
        return Ok(None);
    }
    let reached = Reached::of(context).await?;
    enforcement::probe(&context.report, &reached.cluster, reached.target.folder()).await.context(doing)
}

fn told(mut seen: Value, policies: Option<&Answer>) -> Value {
    if let Some(answer) = policies {
        seen["network_policies"] = json!(answer.enforced);
    }
    seen
}
