//! One file per family of checks of this machine.

use anyhow::Result;

use crate::cli::TargetName;
use crate::context::Context;

/// Stops with everything that is in the way of a target.
pub async fn require(_context: &Context, _target: TargetName) -> Result<()> {
    Ok(())
}
