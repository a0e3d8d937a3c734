//! `cargo xtask logs`.

use anyhow::Result;

use crate::context::Context;

#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_context: &Context, _args: Args) -> Result<()> {
    anyhow::bail!("not built yet")
}
