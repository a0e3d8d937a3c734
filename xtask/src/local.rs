//! The game as one process of this machine: the target `local`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::context::{Context, random_hex, write_private, write_whole};
use crate::http;
use crate::processes::daemon::Identity;
use crate::target::BUNDLE_FILE;

/// A build that is being worked on, in the place of the regular one.
pub mod development;
/// Draining and ending the process.
pub mod end;
/// The log file: its end, its growth, its filters.
pub mod logs;
/// Starting the process, or replacing it by a changed build.
pub mod start;

#[cfg(test)]
mod tests;

/// A healthy process on loopback answers within a few milliseconds.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// Longest match that the server can be told to play, and what it takes to end one.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(3600 + 30);

const PROCESS_FILE: &str = "process.json";
const LOG_FILE: &str = "game-server.log";
const ADMIN_TOKEN_FILE: &str = "admin-token";
const ADMIN_TOKEN_BYTES: usize = 32;
const DATA_FOLDER: &str = "data";
/// A copy of what was built, so that neither `cargo clean` nor a second clone changes what runs.
const BINARY_FILE: &str = "game-server";
/// The build that `dev` runs; beside the other one, which comes back afterwards.
const DEVELOPMENT_FILE: &str = "game-server-dev";

/// The process that `up` started, as written down in the state folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub identity: Identity,
    /// Where players join.
    pub url: String,
    pub bind_address: String,
    pub port: u16,
    /// Address of /readyz and /metrics.
    pub admin: String,
    /// Settings of the match that were asked for, as flags of `game-server all`.
    pub settings: Vec<String>,
    /// Stamp of the build that runs.
    pub stamp: String,
    pub started_unix_s: u64,
    /// True for a build that `dev` runs; `stamp` and `settings` are then those of the regular one.
    #[serde(default)]
    pub is_development: bool,
}

/// Files of the target `local`.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn of(context: &Context) -> Self {
        Self(context.local_folder())
    }

    pub fn log(&self) -> PathBuf {
        self.0.join(LOG_FILE)
    }

    pub fn data(&self) -> PathBuf {
        self.0.join(DATA_FOLDER)
    }

    pub fn binary(&self) -> PathBuf {
        self.0.join(BINARY_FILE)
    }

    /// What lets somebody write on the admin port: `curl -XPOST -H "Authorization: Bearer $(cat FILE)"`.
    pub fn admin_token(&self) -> PathBuf {
        self.0.join(ADMIN_TOKEN_FILE)
    }

    /// Drawn once, kept for as long as the folder.
    fn ensure_admin_token(&self) -> Result<()> {
        if self.admin_token().exists() {
            return Ok(());
        }
        write_private(&self.admin_token(), random_hex(ADMIN_TOKEN_BYTES)?.as_bytes())
    }

    fn development_binary(&self) -> PathBuf {
        self.0.join(DEVELOPMENT_FILE)
    }

    /// What was started last here, alive or not; a damaged file counts as nothing.
    pub fn last(&self) -> Option<Process> {
        let text = std::fs::read(self.0.join(PROCESS_FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// What runs now.
    pub fn running(&self) -> Option<Process> {
        self.last().filter(|process| process.identity.is_alive())
    }

    fn write(&self, process: &Process) -> Result<()> {
        write_whole(&self.0.join(PROCESS_FILE), serde_json::to_string_pretty(process)?.as_bytes())
    }

    /// Removes everything but the players' data; that too when `data` says so.
    pub fn clear(&self, data: bool) -> Result<()> {
        for file in [PROCESS_FILE, LOG_FILE, BINARY_FILE, BUNDLE_FILE, DEVELOPMENT_FILE, ADMIN_TOKEN_FILE] {
            remove(&self.0.join(file))?;
        }
        if data && self.data().exists() {
            std::fs::remove_dir_all(self.data())?;
        }
        Ok(())
    }
}

impl Process {
    /// True when its admin port says ready and the page is served.
    pub async fn is_ready(&self) -> bool {
        let public = reachable(&self.bind_address, self.port);
        let (ready, served) = tokio::join!(
            http::is_ok(&self.admin, "/readyz", ANSWER_LIMIT),
            http::is_ok(&public, "/", ANSWER_LIMIT)
        );
        ready && served
    }

    pub fn uptime(&self) -> Duration {
        Duration::from_secs(unix_s().saturating_sub(self.started_unix_s))
    }
}

/// The address under which this machine itself reaches a listener.
pub fn reachable(bind_address: &str, port: u16) -> String {
    let host = if bind_address == "0.0.0.0" { "127.0.0.1" } else { bind_address };
    format!("{host}:{port}")
}

fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
