//! `targets.yaml`: clusters that somebody else made, each pinned by what it is.
//!
//! It lies at the root of the repository and not in `manifests/`: what is there is the same for every cluster and is
//! never written by a command, while `targets add` writes here what it read from one cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::context::write_whole;
use crate::manifests::cluster::check_name;
use crate::report::{Exit, Failure};

#[cfg(test)]
mod tests;

/// Name of the file, below the root of the repository.
pub const FILE: &str = "targets.yaml";
/// What it begins with where there is none.
const HEAD: &str = "# Clusters that somebody else made; `cargo xtask help targets` tells about each line.\n";
/// Targets that are there without a file.
const OWN: [&str; 2] = ["local", "k3d"];

/// A cluster and where its images come from, as one entry of the file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The key of the entry.
    #[serde(skip)]
    pub name: String,
    /// A context of the kubeconfig; which one is current there means nothing.
    pub context: String,
    /// The file that has it, instead of `$KUBECONFIG` or `~/.kube/config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// Address of the API server.
    pub server: String,
    /// UID of the namespace kube-system: what tells this cluster from every other one for as long as it lives.
    pub uid: String,
    /// Registry and repository from which the nodes pull the game server: `ghcr.io/team/game-server`.
    pub image: String,
    /// Where players join; without it the address that the cluster gave the Service `gateway`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Files that are laid over `manifests/` for this cluster, such as those of `manifests/remote/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<PathBuf>,
    /// Labels that nodes must have, by node; without it one node for each selector of the manifests is enough.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Pin {
    /// `KUBECONFIG=FILE kubectl --context NAME`, as far as it is needed to reach this very cluster by hand.
    pub fn kubectl(&self) -> String {
        let file = self.kubeconfig.as_ref().map(|file| format!("KUBECONFIG={} ", file.display()));
        format!("{}kubectl --context {}", file.unwrap_or_default(), self.context)
    }

    fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        if OWN.contains(&self.name.as_str()) {
            return Err(format!("`{}` is a target of its own; choose another name.", self.name));
        }
        if !self.server.starts_with("https://") {
            return Err(format!("`server: {}` is no address of an API server (https://…).", self.server));
        }
        let (host, repository) = self.image.split_once('/').unwrap_or(("", &self.image));
        let names_registry = host.contains(['.', ':']) || host == "localhost";
        if !names_registry || repository.is_empty() || repository.contains(['@', ':']) {
            let example = "ghcr.io/team/game-server";
            return Err(format!("`image: {}` is not a registry and a repository ({example}).", self.image));
        }
        match self.url.as_deref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            Some(url) => Err(format!("`url: {url}` does not begin with https:// or http://.")),
            None => Ok(()),
        }
    }
}

/// All targets of the file, by name; none where there is no file.
pub fn load(file: &Path) -> Result<Vec<Pin>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
    };
    parse(file, &text)
}

/// The target of this name.
pub fn find(file: &Path, name: &str) -> Result<Pin> {
    let all = load(file)?;
    let names: Vec<String> = all.iter().map(|pin| pin.name.clone()).collect();
    all.into_iter().find(|pin| pin.name == name).ok_or_else(|| unknown(file, name, &names))
}

/// Writes a target to the end of the file; what is there stays as it is, comments among it.
pub fn add(file: &Path, pin: &Pin) -> Result<()> {
    if load(file)?.iter().any(|other| other.name == pin.name) {
        let found = format!("{} has a target {} already.", file.display(), pin.name);
        return Err(failure(found, "take its lines out first, or choose another name"));
    }
    let mut text = std::fs::read_to_string(file).unwrap_or_else(|_| HEAD.to_owned());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&serde_yaml::to_string(&BTreeMap::from([(&pin.name, pin)])).context("writing a target")?);
    // What cannot be read again is not written.
    parse(file, &text)?;
    write_whole(file, text.as_bytes())
}

/// A flag that shapes a cluster of ours was given with somebody else's.
pub fn flag_of_ours(name: &str, flag: &str) -> anyhow::Error {
    let found = format!("{flag} is for clusters that are made here, and {name} is somebody else's.");
    failure(found, &format!("leave {flag} out; what belongs to {name} stands in {FILE}"))
}

fn parse(file: &Path, text: &str) -> Result<Vec<Pin>> {
    let wrong = |what: String| {
        failure(
            format!("{}: {what}", file.display()),
            "correct the file; `cargo xtask help targets` shows one",
        )
    };
    let read: Option<BTreeMap<String, Pin>> =
        serde_yaml::from_str(text).map_err(|error| wrong(format!("{error}.")))?;
    let mut pins = Vec::new();
    for (name, pin) in read.unwrap_or_default() {
        let kubeconfig = pin.kubeconfig.map(|path| absolute(file, &path));
        let overlays = pin.overlays.iter().map(|path| absolute(file, path)).collect();
        let pin = Pin { name, kubeconfig, overlays, ..pin };
        pin.check().map_err(|what| wrong(format!("{}: {what}", pin.name)))?;
        pins.push(pin);
    }
    Ok(pins)
}

/// `~/x` is at home, anything else that is relative beside the file.
fn absolute(file: &Path, path: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => file.parent().unwrap_or(Path::new("")).join(path),
    }
}

fn unknown(file: &Path, name: &str, names: &[String]) -> anyhow::Error {
    let known: Vec<&str> = OWN.into_iter().chain(names.iter().map(String::as_str)).collect();
    let found = format!("no target is called {name}; there are {} ({}).", known.join(", "), file.display());
    let fix = format!("`cargo xtask targets add {name} --context CONTEXT --image REPOSITORY` adds it");
    failure(found, &fix)
}

fn failure(found: String, fix: &str) -> anyhow::Error {
    let doing = "reading the targets".to_owned();
    Failure { exit: Exit::Usage, doing, found, cause: String::new(), fix: fix.to_owned() }.into()
}
