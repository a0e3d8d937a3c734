//! What every command is given: root, settings, target, report.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::cli::{Global, TargetName};
use crate::manifests::hex;
use crate::manifests::source::Source;
use crate::manifests::targets::{self, Pin};
use crate::report::{Report, github};
use crate::settings;

/// One command at a time on one target.
pub mod lock;
/// Which target a command means, and which are up.
pub mod target;

#[cfg(test)]
mod tests;

/// Variable by which a test gives a command other manifests: those of the repository are never edited.
const MANIFESTS_VARIABLE: &str = "XTASK_MANIFESTS";
/// Variable by which a test gives a command another targets.yaml.
const TARGETS_VARIABLE: &str = "XTASK_TARGETS";
/// State of the clusters that somebody else made; no cluster of ours can be called so, for its capital.
const NAMED_FOLDER: &str = "Named";

/// Built once from the global flags; commands read it and change nothing in it.
#[derive(Debug, Clone)]
pub struct Context {
    /// Root of the repository, wherever the command was typed.
    pub root: PathBuf,
    /// The folder `manifests`, or what a test puts in its place.
    pub manifests: PathBuf,
    /// What is deployed: those manifests, or what `--manifests` names.
    pub objects: Source,
    /// `$XDG_STATE_HOME/game-server`, else `~/.local/state/game-server`; one folder a target in it.
    pub state: PathBuf,
    /// The file targets.yaml, or what a test puts in its place.
    pub targets: PathBuf,
    /// What `--target` said; `target::for_up` and `target::that_is_up` decide where it said nothing.
    pub target: Option<TargetName>,
    /// What targets.yaml says of the target that is named.
    pub pin: Option<Pin>,
    /// What `--cluster` said.
    pub cluster: Option<String>,
    /// The only cluster of which there is state, when `--cluster` said nothing.
    pub known_cluster: Option<String>,
    /// What `--port` said.
    pub port_given: Option<u16>,
    /// Port at which players join: `--port`, else 8080.
    pub port: u16,
    pub bind_address: &'static str,
    /// Players reach a node of the cluster itself, without a load balancer.
    pub direct: bool,
    pub dry_run: bool,
    pub yes: bool,
    pub timeout: Option<Duration>,
    pub report: Report,
}

impl Context {
    /// Fails where neither `XDG_STATE_HOME` nor `HOME` is set, and where targets.yaml does not have the target.
    pub fn new(global: &Global) -> Result<Self> {
        let root = root();
        let manifests = std::env::var_os(MANIFESTS_VARIABLE).map(PathBuf::from);
        let manifests = manifests.unwrap_or_else(|| root.join("manifests"));
        let given = global.manifests.as_deref().map(Source::given);
        let targets = std::env::var_os(TARGETS_VARIABLE).map(PathBuf::from);
        let targets = targets.unwrap_or_else(|| root.join(targets::FILE));
        let pin = match &global.target {
            Some(TargetName::Named(name)) => Some(pin(&targets, name, global)?),
            _ => None,
        };
        Ok(Self {
            objects: given.unwrap_or_else(|| Source::repository(&manifests)),
            manifests,
            root,
            state: state_folder()?,
            targets,
            pin,
            target: global.target.clone(),
            cluster: global.cluster.clone(),
            known_cluster: None,
            port_given: global.port,
            port: global.port.unwrap_or(settings::PLAYER_PORT_DEFAULT),
            bind_address: if global.lan { "0.0.0.0" } else { "127.0.0.1" },
            direct: global.direct,
            dry_run: global.dry_run,
            yes: global.yes,
            timeout: global.timeout,
            report: Report::new(global.json, global.quiet, global.verbose)
                .dry(global.dry_run)
                .hosted(github::is_hosted()),
        })
    }

    /// State of the target `local`: pid, log, data.
    pub fn local_folder(&self) -> PathBuf {
        self.state.join("local")
    }

    /// State of one cluster: kubeconfig, identity, inventory.
    pub fn cluster_folder(&self, cluster: &str) -> PathBuf {
        self.state.join(cluster)
    }

    /// State of a cluster that somebody else made: the lock and what `diagnose` writes.
    pub fn named_folder(&self, name: &str) -> PathBuf {
        self.state.join(NAMED_FOLDER).join(name)
    }

    /// Asks a question that only the user can answer. `--yes` answers it; where nobody can be asked it is a no.
    pub fn confirm(&self, question: &str) -> Result<bool> {
        if self.yes {
            return Ok(true);
        }
        if !console::user_attended() || !console::user_attended_stderr() || self.report.is_json() {
            return Ok(false);
        }
        self.report.ask(&format!("{question} [y/N] "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).context("reading the answer")?;
        Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }

    /// Where cargo puts what it builds, `CARGO_TARGET_DIR` honoured.
    pub fn cargo_target_folder(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }
}

/// The clone in which `cargo xtask` was typed, as the cargo that runs us says: two clones that share a target folder
/// share this program. Run without cargo, it is the clone that built it.
pub fn root() -> PathBuf {
    let running = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let manifest = running.filter(|folder| folder.file_name() == built.file_name()).unwrap_or(built);
    manifest.parent().unwrap_or(&manifest).to_path_buf()
}

/// So many random bytes, in hexadecimal digits; every system that we run on has the file.
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    let mut file = File::open("/dev/urandom").context("opening /dev/urandom")?;
    file.read_exact(&mut random).context("reading /dev/urandom")?;
    Ok(hex(&random))
}

/// Writes a file so that a reader sees the old or the new content, never half of it.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    replace(path, content, 0o666)
}

/// The same, for a file that only this user reads.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    replace(path, content, 0o600)
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    let folder = path.parent().with_context(doing)?;
    std::fs::create_dir_all(folder).with_context(doing)?;
    let beside = path.with_extension("new");
    let options = File::options().write(true).create(true).truncate(true).mode(mode).to_owned();
    options.open(&beside).and_then(|mut file| file.write_all(content)).with_context(doing)?;
    std::fs::rename(&beside, path).with_context(doing)
}

/// What targets.yaml says of a target; flags that shape a cluster of ours mean nothing there.
fn pin(file: &Path, name: &str, global: &Global) -> Result<Pin> {
    let shaping = [
        ("--cluster", global.cluster.is_some()),
        ("--port", global.port.is_some()),
        ("--lan", global.lan),
        ("--direct", global.direct),
    ];
    match shaping.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(targets::flag_of_ours(name, flag)),
        None => targets::find(file, name),
    }
}

fn state_folder() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("XDG_STATE_HOME").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(home).join("game-server"));
    }
    let home = std::env::var_os("HOME").context("neither XDG_STATE_HOME nor HOME is set")?;
    Ok(PathBuf::from(home).join(".local/state/game-server"))
}
