//! `up` on somebody else's cluster: checks, a deploy, and a player.

use anyhow::Result;
use serde_json::json;

use super::{Args, finish};
use crate::commands::deploy::named::onto;
use crate::context::{Context, lock};
use crate::remote::Remote;
use crate::{binary, play, public};

pub async fn run(context: &Context, args: &Args) -> Result<()> {
    let remote = Remote::connect(context).await?;
    let _lock = lock::take_unless_dry(remote.folder(), &context.report).await?;
    let reference = onto(context, &remote, args.now).await?;
    let program = binary::path(context);
    if context.dry_run {
        // Before the first deploy nobody knows the address.
        let url = remote.url().await.unwrap_or_else(|_| "URL".to_owned());
        return play::verify(context, &program, &url).await.map(drop);
    }
    let url = remote.url().await?;
    public::wait_for_url(&url).await?;
    let seen = play::verify(context, &program, &url).await?;
    let name = &remote.pin.name;
    let what = format!("cluster {name}, {reference}");
    finish(context, &url, &what, json!({"target": name, "image": reference, "seen": seen}));
    Ok(())
}
