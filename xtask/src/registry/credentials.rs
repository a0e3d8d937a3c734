//! What `docker login` left behind: `~/.docker/config.json`, and the programs that it names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::processes::job::Job;
use crate::report::{Exit, Failure, Report};

#[cfg(test)]
mod tests;

/// A helper asks a keychain, which may ask the user.
const HELPER_LIMIT: Duration = Duration::from_secs(60);
/// Docker Hub's key in the config.
const HUB: &str = "https://index.docker.io/v1/";

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody is logged in: public repositories answer all the same.
    None,
    Login {
        user: String,
        secret: String,
    },
    /// Sent as it is.
    Token(String),
}

impl Credentials {
    /// The header for name and password.
    pub fn basic(&self) -> Option<String> {
        match self {
            Self::Login { user, secret } => {
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{secret}"))))
            }
            _ => None,
        }
    }
}

/// What a config of Docker has for a registry.
pub async fn of(report: &Report, file: Option<&Path>, registry: &str) -> Result<Credentials> {
    let Some(file) = file.filter(|file| file.exists()) else {
        return Ok(Credentials::None);
    };
    let doing = || format!("reading {}", file.display());
    let config: Value =
        serde_json::from_slice(&std::fs::read(file).with_context(doing)?).with_context(doing)?;
    match helper(&config, registry) {
        Some(name) => ask(report, name, registry).await,
        None => written(&config, registry),
    }
}

/// `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
pub fn config_file() -> Option<PathBuf> {
    let folder = std::env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
    Some(folder.or_else(home)?.join("config.json"))
}

/// Keys under which the config may have a registry.
fn keys(registry: &str) -> Vec<String> {
    let mut keys = vec![registry.to_owned(), format!("https://{registry}"), format!("http://{registry}")];
    if registry == "docker.io" {
        keys.insert(0, HUB.to_owned());
    }
    keys
}

/// The program that knows: the registry's own, else the one for all; an entry in the file itself comes before that.
fn helper<'a>(config: &'a Value, registry: &str) -> Option<&'a str> {
    let own = keys(registry).into_iter().find_map(|key| config["credHelpers"].get(key)?.as_str());
    let is_written = written(config, registry).is_ok_and(|found| found != Credentials::None);
    own.or_else(|| config["credsStore"].as_str().filter(|_| !is_written))
}

/// What stands in the file itself.
fn written(config: &Value, registry: &str) -> Result<Credentials> {
    let Some(entry) = keys(registry).into_iter().find_map(|key| config["auths"].get(key)) else {
        return Ok(Credentials::None);
    };
    let text = |key: &str| entry[key].as_str().filter(|text| !text.is_empty());
    if let Some(token) = text("registrytoken") {
        return Ok(Credentials::Token(token.to_owned()));
    }
    if let (Some(user), Some(secret)) = (text("username"), text("password")) {
        return Ok(Credentials::Login { user: user.to_owned(), secret: secret.to_owned() });
    }
    let Some(packed) = text("auth") else {
        return Ok(Credentials::None);
    };
    let doing = || format!("reading what `docker login {registry}` wrote");
    let plain = String::from_utf8(STANDARD.decode(packed).with_context(doing)?).with_context(doing)?;
    let (user, secret) = plain.split_once(':').with_context(doing)?;
    // An older Docker filled it up with zeros.
    let secret = secret.trim_end_matches('\0');
    Ok(Credentials::Login { user: user.to_owned(), secret: secret.to_owned() })
}

/// `docker-credential-NAME get`, as the docker CLI asks it.
async fn ask(report: &Report, name: &str, registry: &str) -> Result<Credentials> {
    let program = format!("docker-credential-{name}");
    let server = if registry == "docker.io" { HUB } else { registry };
    let job = Job::new(&program, Path::new("/")).args(["get"]).stdin(server).limit(HELPER_LIMIT);
    let ended = job.changes_nothing().run(report).await;
    let ended = ended.map_err(|error| unhelpful(&program, registry, &format!("{error:#}")))?;
    if !ended.success() {
        // Its words for "nobody is logged in there".
        let is_unknown = ended.tail.contains("credentials not found");
        return if is_unknown {
            Ok(Credentials::None)
        } else {
            Err(unhelpful(&program, registry, &ended.tail))
        };
    }
    let answer: Value = serde_json::from_str(&ended.stdout).context("reading the answer of a helper")?;
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    Ok(Credentials::Login { user: text("Username"), secret: text("Secret") })
}

fn unhelpful(program: &str, registry: &str, words: &str) -> anyhow::Error {
    Failure {
        exit: Exit::Prerequisite,
        doing: format!("asking {program} for the login at {registry}"),
        found: format!("{}.", words.trim().trim_end_matches('.')),
        cause: "The config of Docker names it as the program that knows.".to_owned(),
        fix: format!("install {program}, or log in with it: docker login {registry}"),
    }
    .into()
}
