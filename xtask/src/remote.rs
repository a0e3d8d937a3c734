//! Clusters that somebody else made: known by identity, checked, never created or removed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use http::Uri;

use crate::context::Context;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::kubeconfig::Contexts;
use crate::kubernetes::objects::{Id, is_forbidden};
use crate::manifests::targets::{FILE, Pin};
use crate::report::{Exit, Failure, Report};
use crate::settings::NAMESPACE;

/// What must hold before anything is deployed there.
pub mod checks;
#[cfg(test)]
mod tests;

/// The Service that players reach.
const PUBLIC_SERVICE: &str = "gateway";
/// A port that need not be written into an address.
const HTTP_PORT: u64 = 80;

/// A cluster that answers and is proven to be the one that is pinned. A command makes one and keeps it: what happens
/// to the kubeconfig afterwards changes nothing.
#[derive(Clone)]
pub struct Remote {
    pub pin: Pin,
    pub cluster: Kubernetes,
    folder: PathBuf,
}

impl Remote {
    /// Finds the cluster of `--target`, and refuses anything else that answers in its place.
    pub async fn connect(context: &Context) -> Result<Self> {
        let pin = context.pin.clone().context("no target of targets.yaml was named")?;
        let step = context.report.step("target", &format!("looking for {}", pin.name));
        let contexts = contexts(pin.kubeconfig.as_deref(), &pin.context)?;
        let cluster = contexts.connect(&context.report, &pin.context).await?;
        if !is_same_address(&cluster.server, &pin.server) {
            return Err(other_address(&pin, &cluster.server, &contexts));
        }
        let uid = uid(&cluster, &pin.context).await?;
        if uid != pin.uid {
            return Err(other_uid(&pin, &uid));
        }
        step.skipped(&format!("{} is the cluster that {FILE} means ({})", pin.name, pin.server));
        let folder = context.named_folder(&pin.name);
        Ok(Self { pin, cluster, folder })
    }

    /// The lock of the commands that change it from here, and what `diagnose` writes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where players join: as the file says, else as the cluster published it.
    pub async fn url(&self) -> Result<String> {
        if let Some(url) = &self.pin.url {
            return Ok(url.clone());
        }
        let id = Id::new("v1", "Service", Some(NAMESPACE), PUBLIC_SERVICE);
        let service = self.cluster.get(&id).await?.unwrap_or_default();
        let ingress = &service["status"]["loadBalancer"]["ingress"][0];
        let host = ingress["hostname"].as_str().or(ingress["ip"].as_str());
        let port = service["spec"]["ports"][0]["port"].as_u64().unwrap_or(HTTP_PORT);
        match (host, port) {
            (Some(host), HTTP_PORT) => Ok(format!("http://{host}")),
            (Some(host), port) => Ok(format!("http://{host}:{port}")),
            (None, _) => Err(failure(
                &self.pin.name,
                Exit::Cluster,
                "the cluster has given the Service gateway no address yet.",
                &format!("wait for its load balancer, or write `url:` of {} into {FILE}", self.pin.name),
            )),
        }
    }

    /// A paragraph about this target.
    pub fn failure(&self, exit: Exit, found: &str, fix: &str) -> anyhow::Error {
        failure(&self.pin.name, exit, found, fix)
    }
}

/// What pins a cluster: the address of its API and its UID, read from whoever answers for a context now.
pub async fn read(report: &Report, file: Option<&Path>, context: &str) -> Result<(String, String)> {
    let cluster = contexts(file, context)?.connect(report, context).await?;
    let uid = uid(&cluster, context).await?;
    Ok((cluster.server.trim_end_matches('/').to_owned(), uid))
}

/// A command that only makes sense for what was made here.
pub fn not_there(context: &Context, doing: &str) -> anyhow::Error {
    let name = context.pin.as_ref().map_or("", |pin| &pin.name);
    let found = format!("{doing} works on what was made here, and {name} is somebody else's cluster.");
    failure(name, Exit::Usage, &found, "leave --target out, or say `--target k3d`")
}

/// The same error with a fix that can be typed for this target.
pub fn addressed(context: &Context, error: anyhow::Error) -> anyhow::Error {
    let Some(pin) = &context.pin else {
        return error;
    };
    match error.downcast::<Failure>() {
        Ok(failure) => Failure { fix: with_target(&failure.fix, &pin.name), ..failure }.into(),
        Err(other) => other,
    }
}

/// Adds the flag to every command of ours that stands between back quotes.
fn with_target(fix: &str, name: &str) -> String {
    let about = |code: &str| {
        let is_ours = code.starts_with("cargo xtask ") && !code.contains("--target");
        is_ours && !["targets", "help"].iter().any(|word| code["cargo xtask ".len()..].starts_with(word))
    };
    let parts = fix.split('`').enumerate().map(|(index, part)| match index % 2 == 1 && about(part) {
        true => format!("{part} --target {name}"),
        false => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

fn contexts(file: Option<&Path>, context: &str) -> Result<Contexts> {
    let contexts = Contexts::read(file).map_err(|error| {
        let fix = "correct that file; `kubectl config view` reads the same";
        failure(context, Exit::Refused, &format!("{error:#}."), fix)
    })?;
    if contexts.places.contains_key(context) {
        return Ok(contexts);
    }
    let display = |files: &[&Path]| -> String {
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" or ")
    };
    let missing = contexts.missing();
    let files: Vec<&Path> = contexts.files.iter().map(PathBuf::as_path).collect();
    if missing.len() == files.len() {
        return Err(no_file(context, &display(&missing), file.is_some()));
    }
    let absent = match missing.as_slice() {
        [] => String::new(),
        missing => format!(" {} is not there at all.", display(missing)),
    };
    let known: Vec<&str> = contexts.places.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "no context at all".to_owned() } else { known.join(", ") };
    let found = format!("there is no context {context} in {}, but {known}.{absent}", display(&files));
    Err(failure(
        context,
        Exit::Refused,
        &found,
        &format!("get it as you got it before, or correct `context:` or `kubeconfig:` in {FILE}"),
    ))
}

/// The context cannot be missing where the whole file is.
fn no_file(context: &str, files: &str, is_pinned: bool) -> anyhow::Error {
    let is_listed = std::env::var_os("KUBECONFIG").is_some_and(|value| !value.is_empty());
    let (cause, fix) = match (is_pinned, is_listed) {
        (true, _) => {
            (format!("`kubeconfig:` in {FILE} names it."), format!("correct `kubeconfig:` in {FILE}"))
        }
        (false, true) => (
            "The variable KUBECONFIG names it.".to_owned(),
            "`unset KUBECONFIG` (then ~/.kube/config is read), or set it to a file that is there".to_owned(),
        ),
        (false, false) => (
            "Without the variable KUBECONFIG this is the file that kubectl reads as well.".to_owned(),
            "get a kubeconfig from whoever runs the cluster, and `export KUBECONFIG=FILE`".to_owned(),
        ),
    };
    Failure {
        exit: Exit::Refused,
        doing: format!("working on the cluster {context}"),
        found: format!("there is no file {files}."),
        cause,
        fix,
    }
    .into()
}

async fn uid(cluster: &Kubernetes, context: &str) -> Result<String> {
    cluster.uid().await.map_err(|error| {
        let server = &cluster.server;
        if is_forbidden(&error) {
            let found = format!(
                "{server} does not tell who it is: reading the namespace kube-system was refused ({error:#})."
            );
            let fix = "log in again, or ask for the right to get that namespace";
            return failure(context, Exit::Refused, &found, fix);
        }
        let fix =
            "connect to its network (VPN) and log in, so that `kubectl get nodes` answers, then this again";
        failure(context, Exit::Cluster, &format!("{server} does not answer: {error:#}."), fix)
    })
}

/// True for two spellings of one address.
fn is_same_address(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?.to_owned();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some((scheme, uri.host()?.to_lowercase(), port, uri.path().trim_end_matches('/').to_owned()))
    };
    parts(a).is_some() && parts(a) == parts(b)
}

fn other_address(pin: &Pin, server: &str, contexts: &Contexts) -> anyhow::Error {
    let places = &contexts.places[&pin.context];
    let places: Vec<String> = places.iter().map(|file| file.display().to_string()).collect();
    let several = match places.len() {
        1 => String::new(),
        count => format!(" The name stands in {count} files, and the first one counts."),
    };
    let found = format!(
        "the context {} of {} leads to {}, and {FILE} pins {}.{several}",
        pin.context,
        places.join(" and "),
        server.trim_end_matches('/'),
        pin.server
    );
    let fix = format!(
        "if that is another cluster, put the right file into `kubeconfig:` of {} in {FILE}; if the cluster has moved, \
         correct `server:` there",
        pin.name
    );
    failure(&pin.name, Exit::Refused, &found, &fix)
}

fn other_uid(pin: &Pin, uid: &str) -> anyhow::Error {
    let found = format!(
        "{} answers, but as another cluster: its kube-system has the UID {uid} and not {}.",
        pin.server, pin.uid
    );
    let fix = format!(
        "if it was made anew on purpose, take {} out of {FILE} and add it again: `cargo xtask targets add {} --context {} \
         --image {}`",
        pin.name, pin.name, pin.context, pin.image
    );
    failure(&pin.name, Exit::Refused, &found, &fix)
}

fn failure(name: &str, exit: Exit, found: &str, fix: &str) -> anyhow::Error {
    Failure {
        exit,
        doing: format!("working on the cluster {name}"),
        found: found.to_owned(),
        cause: String::new(),
        fix: fix.to_owned(),
    }
    .into()
}
