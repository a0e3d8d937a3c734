//! Turns parsed flags into a running role with everything it stands on.

use crate::cli::Command;
use crate::roles::healthcheck;

/// Runs one role until it has drained.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Healthcheck(args) => healthcheck::run(&args.url).await,
        other => anyhow::bail!("{other:?} is not part of this build"),
    }
}
