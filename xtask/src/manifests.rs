//! The YAML of `manifests/`: read once, checked, ordered; the only importer of serde_yaml.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::manifests::locate::Place;
use crate::report::{Exit, Failure};
use crate::settings::IMAGE_NAME;

/// Rules that need no cluster: references, selectors, images, YAML that tools read differently.
mod check;
/// `manifests/cluster/k3d.yaml` with its overrides.
pub mod cluster;
/// Where two values differ, by path.
pub mod difference;
/// The manifest from which a node deploys CoreDNS.
pub mod dns;
/// Where in a file a value stands.
pub mod locate;
/// `targets.yaml`: clusters that somebody else made.
pub mod targets;

/// Kinds in the order in which they can be applied; an unknown kind comes after all of these. What keeps state starts
/// before what asks it.
const ORDER: [&str; 20] = [
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Service",
    "StatefulSet",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
];
/// Kinds that make pods and are waited for.
pub const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];
/// Pod annotation that changes when a ConfigMap that the pod reads does, so that the pod is rolled.
const SETTINGS_ANNOTATION: &str = "game-server.dev/settings";

/// One object of one file.
#[derive(Debug, Clone)]
pub struct Object {
    /// File name below `manifests/`, for messages.
    pub file: String,
    pub value: Value,
}

/// Where an image is needed: on nodes with these labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUse {
    pub image: String,
    pub node_selector: BTreeMap<String, String>,
}

/// Everything that is deployed, in the order of applying.
#[derive(Debug, Clone)]
pub struct Manifests {
    pub objects: Vec<Object>,
    /// What was read, by file name: errors name lines of it.
    texts: BTreeMap<String, String>,
}

impl Object {
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    pub fn api_version(&self) -> &str {
        self.value["apiVersion"].as_str().unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub fn namespace(&self) -> Option<&str> {
        self.value["metadata"]["namespace"].as_str()
    }

    /// `Deployment/gateway`, as messages and plans name it.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind(), self.name())
    }

    /// True for the kinds that make pods and are waited for.
    pub fn is_workload(&self) -> bool {
        WORKLOADS.contains(&self.kind())
    }

    fn containers(&self) -> impl Iterator<Item = &Value> {
        self.containers_at().map(|(_, container)| container)
    }

    /// Containers, each with its JSON pointer.
    fn containers_at(&self) -> impl Iterator<Item = (String, &Value)> {
        let spec = &self.value["spec"]["template"]["spec"];
        ["initContainers", "containers"].into_iter().flat_map(move |list| {
            let containers = spec[list].as_array().into_iter().flatten().enumerate();
            containers.map(move |(index, one)| (format!("/spec/template/spec/{list}/{index}"), one))
        })
    }
}

impl Manifests {
    /// Reads, checks and orders every file directly below `manifests/`.
    pub fn load(folder: &Path) -> Result<Self> {
        let (mut objects, mut texts) = (Vec::new(), BTreeMap::new());
        let files = yaml_files(folder)?;
        // An empty folder would be a reason to remove everything that was deployed.
        anyhow::ensure!(!files.is_empty(), "there is no YAML file in {}", folder.display());
        for file in files {
            let path = folder.join(&file);
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            objects.extend(parse(&file, &text)?);
            texts.insert(file, text);
        }
        check::references(&objects).map_err(|fault| refuse_at(fault, &texts))?;
        objects.sort_by_key(|object| rank(object.kind()));
        Ok(Self { objects, texts })
    }

    /// Puts the built image where the manifests say `game-server`, and marks pods with the settings they read.
    pub fn set_image(&mut self, reference: &str) {
        let settings: BTreeMap<String, String> = self
            .objects
            .iter()
            .filter(|object| object.kind() == "ConfigMap")
            .map(|object| (object.name().to_owned(), object.value["data"].to_string()))
            .collect();
        for object in self.objects.iter_mut().filter(|object| object.is_workload()) {
            let fingerprint = settings_fingerprint(object, &settings);
            let template = &mut object.value["spec"]["template"];
            if let Some(fingerprint) = fingerprint {
                template["metadata"]["annotations"][SETTINGS_ANNOTATION] = Value::String(fingerprint);
            }
            for container in template["spec"]["containers"].as_array_mut().into_iter().flatten() {
                if container["image"] == IMAGE_NAME {
                    container["image"] = Value::String(reference.to_owned());
                }
            }
        }
    }

    /// Every image that a pod names, with the node labels that its pods ask for.
    pub fn images(&self) -> Vec<ImageUse> {
        let mut uses: Vec<ImageUse> = Vec::new();
        for object in &self.objects {
            let selector = &object.value["spec"]["template"]["spec"]["nodeSelector"];
            let node_selector: BTreeMap<String, String> =
                serde_json::from_value(selector.clone()).unwrap_or_default();
            for container in object.containers() {
                let image = container["image"].as_str().unwrap_or_default().to_owned();
                let one = ImageUse { image, node_selector: node_selector.clone() };
                if !uses.contains(&one) {
                    uses.push(one);
                }
            }
        }
        uses
    }

    /// The line at which an object says something, or the nearest line above it.
    pub fn place(&self, key: &str, pointer: &str) -> Option<Place> {
        let object = self.objects.iter().find(|object| object.key() == key)?;
        let text = self.texts.get(&object.file)?;
        let line = locate::find(text, object.kind(), object.name(), pointer)?;
        let words = text.lines().nth(line - 1)?.split(" #").next().unwrap_or_default().trim();
        Some(Place { file: format!("manifests/{}", object.file), line, text: words.to_owned() })
    }

    /// A number of a ConfigMap, such as the seconds of a match.
    pub fn setting(&self, config_map: &str, key: &str) -> Option<u64> {
        check::setting(&self.objects, config_map, key)
    }
}

fn settings_fingerprint(object: &Object, settings: &BTreeMap<String, String>) -> Option<String> {
    let read: Vec<&str> = object.containers().flat_map(check::config_maps_read).collect();
    if read.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    for name in read {
        hash.update(settings.get(name).map_or("", String::as_str));
    }
    Some(hex(&hash.finalize()[..6]))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rank(kind: &str) -> usize {
    ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len())
}

fn yaml_files(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"))
        .collect();
    names.sort();
    Ok(names)
}

/// The documents of one file, each checked by itself.
fn parse(file: &str, text: &str) -> Result<Vec<Object>> {
    check::text(file, text).map_err(refuse)?;
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        // Into YAML's own value first: only there a duplicate key is an error.
        let value = serde_yaml::Value::deserialize(document)
            .map_err(|error| refuse(unreadable(file, text, &error)))?;
        if value.is_null() {
            continue;
        }
        let value =
            serde_json::to_value(&value).map_err(|error| refuse(format!("manifests/{file}: {error}")))?;
        let object = Object { file: file.to_owned(), value };
        check::object(&object)
            .map_err(|fault| refuse_at(fault, &BTreeMap::from([(file.to_owned(), text.to_owned())])))?;
        objects.push(object);
    }
    Ok(objects)
}

/// What is missing at the end of a file is missed on the line below it.
fn unreadable(file: &str, text: &str, error: &serde_yaml::Error) -> String {
    let line = error.location().map_or(1, |location| location.line()).min(text.lines().count().max(1));
    format!("manifests/{file}:{line}: {error}.")
}

/// Names the line of the broken rule.
fn refuse_at(fault: check::Fault, texts: &BTreeMap<String, String>) -> anyhow::Error {
    let check::Fault { file, kind, name, pointer, text } = fault;
    let line =
        texts.get(&file).and_then(|content| locate::find(content, &kind, &name, &pointer)).unwrap_or(1);
    refuse(format!("manifests/{file}:{line}: {text}"))
}

fn refuse(found: String) -> anyhow::Error {
    let doing = "reading the manifests".to_owned();
    let fix = "correct the file named above; nothing was changed anywhere".to_owned();
    Failure { exit: Exit::Usage, doing, found, cause: String::new(), fix }.into()
}

#[cfg(test)]
mod tests;
