//! `cargo xtask verify`: plays like a player and reports what it saw.

use anyhow::Result;

use crate::context::Context;
use crate::{binary, play, public};

/// Play like a player through the public port and report what was seen
///
/// Use it to prove that the game can be joined, moved in, seen and left, on whatever target is up. It plays in a
/// queue of its own: real players, ratings and leaderboards are not touched. Exit code 8 when something is wrong.
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
    if context.dry_run {
        return Ok(());
    }
    let text = play::observations(&seen);
    context.report.result(seen, &text);
    Ok(())
}
