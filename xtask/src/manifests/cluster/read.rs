//! A k3d config as it was written, brought to what the commands work with; each refusal names its real reason.

use std::path::Path;

use serde_yaml::Value;

use super::keys::{self, Fate};
use super::variables::expand;
use super::{migrate, ports};
use crate::manifests::locate;

/// What players and pods of ours run on where the file names no image; k3d's own default changes by its version.
const IMAGE_DEFAULT: &str = "rancher/k3s:v1.34.4-k3s1";
/// Arguments of k3s that configs name, for the spelling of one that is none.
const ARGUMENTS: [&str; 24] = [
    "--disable",
    "--disable-cloud-controller",
    "--disable-network-policy",
    "--disable-kube-proxy",
    "--disable-helm-controller",
    "--disable-scheduler",
    "--tls-san",
    "--node-label",
    "--node-taint",
    "--node-name",
    "--node-ip",
    "--kubelet-arg",
    "--kube-apiserver-arg",
    "--kube-controller-manager-arg",
    "--kube-scheduler-arg",
    "--kube-proxy-arg",
    "--cluster-cidr",
    "--service-cidr",
    "--cluster-dns",
    "--flannel-backend",
    "--snapshotter",
    "--docker",
    "--write-kubeconfig-mode",
    "--etcd-expose-metrics",
];
/// As like as `--disabel` is to `--disable`, and unlike as two real ones are.
const NEARLY: f64 = 0.9;

/// The config in k3d's current version, and the players' address.
#[derive(Debug, Clone)]
pub struct Read {
    pub value: Value,
    pub bind_address: String,
    pub port: u16,
    /// What works, and probably not as it was meant.
    pub notes: Vec<String>,
}

/// A reason with the line that it stands on, when there is one.
pub type Refusal = (Option<usize>, String);

/// Reads a text as k3d would; `folder` is where files that it names lie.
pub fn read(text: &str, folder: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<Read, Refusal> {
    let expanded = expand(text, variable);
    if let Some((line, name)) = expanded.unset.first() {
        let what = format!("the variable `{name}` is not set, and k3d would put nothing in its place.");
        return Err((Some(*line), what));
    }
    let mut value: Value = serde_yaml::from_str(&expanded.text)
        .map_err(|error| (error.location().map(|location| location.line()), format!("{error}.")))?;
    if !value.is_mapping() {
        return Err((None, "it is empty.".to_owned()));
    }
    let from = migrate::to_current(&mut value).map_err(|what| (locate::line(text, "/apiVersion"), what))?;
    check(&value, text)?;
    let mut notes = notes(&value);
    if let Some(from) = from {
        let to = migrate::CURRENT;
        notes.push(format!("it is written in {from} and read as {to}; `k3d config migrate` writes it so"));
    }
    if !expanded.replaced.is_empty() {
        notes.push(format!("{} came from the environment", expanded.replaced.join(", ")));
    }
    embed_files(&mut value, folder).map_err(|(pointer, what)| (locate::line(text, &pointer), what))?;
    let (bind_address, port) =
        ports::players(&mut value).map_err(|what| (locate::line(text, "/ports"), what))?;
    for key in ["updateDefaultKubeconfig", "switchCurrentContext"] {
        value["options"]["kubeconfig"][key] = Value::Bool(false);
    }
    if value["image"].is_null() {
        value["image"] = IMAGE_DEFAULT.into();
    }
    let again = serde_yaml::to_string(&value).map_err(|error| (None, error.to_string()))?;
    let twice = expand(&again, |_| None);
    if let Some((_, name)) = twice.unset.first() {
        let what = format!(
            "after the variables were replaced there is still `${name}`, which k3d would replace again."
        );
        return Err((None, what));
    }
    Ok(Read { value, bind_address, port, notes })
}

/// Keys and kinds of values, by k3d's schema.
fn check(value: &Value, text: &str) -> Result<(), Refusal> {
    let mut refusal = None;
    walk(value, "", "", &mut |path, pointer, value| {
        if refusal.is_some() {
            return;
        }
        let what = match keys::find(path) {
            Err(keys::Unknown { path, meant: Some(meant) }) => {
                format!("k3d knows no key `{path}`; did you mean `{meant}`?")
            }
            Err(keys::Unknown { path, meant: None }) => format!("k3d knows no key `{path}`."),
            Ok(Some((_, kind, ..))) if !value.is_null() => match keys::wrong(*kind, value) {
                Some(wrong) => format!("`{path}` {wrong}."),
                None => return,
            },
            Ok(_) => return,
        };
        refusal = Some((locate::line(text, pointer), what));
    });
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let at = |pointer: &str, what: String| Err((locate::line(text, pointer), what));
    if let Some(image) =
        value["image"].as_str().filter(|image| image.contains('+') && !image.starts_with('+'))
    {
        let right = image.replace('+', "-");
        return at("/image", format!("`{image}` is no image: tags have no `+`; this one is {right}."));
    }
    if value["servers"].as_u64() == Some(0) {
        return at("/servers", "a cluster without servers has no API; k3d wants at least 1.".to_owned());
    }
    Ok(())
}

/// Calls for every mapping key, with its path as the table of keys writes it and its JSON pointer.
fn walk<'a>(value: &'a Value, path: &str, pointer: &str, see: &mut impl FnMut(&str, &str, &'a Value)) {
    match value {
        Value::Mapping(fields) => {
            for (key, inner) in fields {
                let key = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let pointer = format!("{pointer}/{key}");
                see(&path, &pointer, inner);
                walk(inner, &path, &pointer, see);
            }
        }
        Value::Sequence(entries) if path != "options.k3d.loadbalancer.configOverrides" => {
            for (index, inner) in entries.iter().enumerate() {
                let (path, pointer) = (format!("{path}[]"), format!("{pointer}/{index}"));
                if !inner.is_mapping() {
                    see(&path, &pointer, inner);
                }
                walk(inner, &path, &pointer, see);
            }
        }
        _ => {}
    }
}

fn notes(value: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    if value["servers"].as_u64() == Some(2) {
        notes.push(
            "`servers: 2` is worse than 1: etcd needs both of them to do anything; write 1 or 3".to_owned(),
        );
    }
    for argument in value["options"]["k3s"]["extraArgs"].as_sequence().into_iter().flatten() {
        let text = argument["arg"].as_str().unwrap_or_default();
        let name = text.split(['=', ' ', '@']).next().unwrap_or_default();
        let nearest = ARGUMENTS
            .into_iter()
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        // A longer name that begins the same is one of the many that are not listed.
        let is_slip = |known: &&str| {
            *known != name
                && strsim::damerau_levenshtein(known, name) <= 2
                && strsim::jaro_winkler(known, name) > NEARLY
        };
        if !name.starts_with('-') && !name.is_empty() {
            notes.push(format!("the argument `{text}` begins without a dash: k3s takes it for nothing"));
        } else if let Some(known) = nearest.filter(is_slip) {
            notes.push(format!(
                "k3s has no argument `{name}` and its nodes will not start; did you mean `{known}`?"
            ));
        }
    }
    for key in keys::KEYS.iter().filter(|(.., fate, _)| *fate == Fate::Replaced) {
        let pointer = key.0.split('.').try_fold(value, |value, key| value.get(key));
        if pointer.is_some_and(|found| *found == Value::Bool(true)) {
            notes.push(format!("`{}: true` is read as {}", key.0, key.3));
        }
    }
    notes
}

/// k3d looks for files beside the config, which it gets without a place; their text goes in instead.
fn embed_files(value: &mut Value, folder: &Path) -> Result<(), (String, String)> {
    let files = value.get_mut("files").and_then(Value::as_sequence_mut);
    for (index, file) in files.into_iter().flatten().enumerate() {
        let Some(source) = file["source"].as_str().filter(|source| !source.contains('\n')) else {
            continue;
        };
        let path = folder.join(source.trim_start_matches('/'));
        let text = std::fs::read_to_string(&path).map_err(|error| {
            (
                format!("/files/{index}/source"),
                format!("the file {} cannot be read: {error}.", path.display()),
            )
        })?;
        // Only text of several lines is text to k3d.
        file["source"] = if text.contains('\n') { text.into() } else { format!("{text}\n").into() };
    }
    Ok(())
}

#[cfg(test)]
mod tests;
