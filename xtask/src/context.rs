//! What every command is given: root, settings, target, report.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cli::{Global, TargetName};
use crate::report::Report;
use crate::settings;

/// Built once from the global flags; commands read it and change nothing in it.
#[derive(Debug, Clone)]
pub struct Context {
    /// Root of the repository, wherever the command was typed.
    pub root: PathBuf,
    /// `$XDG_STATE_HOME/game-server`, else `~/.local/state/game-server`.
    pub state: PathBuf,
    /// What `--target` said; the commands decide the default.
    pub target: Option<TargetName>,
    /// What `--cluster` said.
    pub cluster: Option<String>,
    pub port: u16,
    pub bind_address: &'static str,
    pub dry_run: bool,
    pub yes: bool,
    pub timeout: Option<Duration>,
    pub report: Report,
}

impl Context {
    /// Fails only where neither `XDG_STATE_HOME` nor `HOME` is set.
    pub fn new(global: &Global) -> Result<Self> {
        let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().context("xtask lies in a workspace")?.to_path_buf();
        Ok(Self {
            root,
            state: state_folder()?,
            target: global.target,
            cluster: global.cluster.clone(),
            port: global.port.unwrap_or(settings::PLAYER_PORT_DEFAULT),
            bind_address: if global.lan { "0.0.0.0" } else { "127.0.0.1" },
            dry_run: global.dry_run,
            yes: global.yes,
            timeout: global.timeout,
            report: Report::new(global.json, global.quiet, global.verbose),
        })
    }
}

fn state_folder() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("XDG_STATE_HOME").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(home).join("game-server"));
    }
    let home = std::env::var_os("HOME").context("neither XDG_STATE_HOME nor HOME is set")?;
    Ok(PathBuf::from(home).join(".local/state/game-server"))
}
