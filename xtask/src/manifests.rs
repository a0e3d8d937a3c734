//! The YAML of `manifests/`: read once, checked, ordered; the only importer of serde_yaml.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Deserialize as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::manifests::locate::Place;
use crate::report::{Exit, Failure};
use crate::settings::{IMAGE_NAME, NAMESPACE};
use schema::{Schema, Wrong};
use source::Source;

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
/// What differs on one cluster of yours.
mod overlay;
/// Kinds and fields, by the schemas of Kubernetes.
pub mod schema;
/// Which namespace an object lives in.
mod scope;
/// Where manifests come from.
pub mod source;
/// `targets.yaml`: clusters that somebody else made.
pub mod targets;
/// Amounts and paths that no pod could be made of.
mod values;

/// Kinds in the order in which they can be applied; an unknown kind comes after all of these. What keeps state starts
/// before what asks it.
const ORDER: [&str; 25] = [
    "Namespace",
    "CustomResourceDefinition",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
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
    /// The file as messages name it: `manifests/lobby.yaml`.
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
        let at = match self.kind() {
            "Pod" => "/spec",
            "CronJob" => "/spec/jobTemplate/spec/template/spec",
            _ => "/spec/template/spec",
        };
        ["initContainers", "containers"].into_iter().flat_map(move |list| {
            let containers = self.value.pointer(&format!("{at}/{list}")).and_then(Value::as_array);
            let containers = containers.into_iter().flatten().enumerate();
            containers.map(move |(index, one)| (format!("{at}/{list}/{index}"), one))
        })
    }
}

impl Manifests {
    /// The manifests of a repository.
    pub fn load(folder: &Path) -> Result<Self> {
        Self::read(&Source::repository(folder))
    }

    /// Reads, checks and orders everything that a source holds.
    pub fn read(source: &Source) -> Result<Self> {
        let (mut objects, mut texts) = (Vec::new(), BTreeMap::new());
        for (file, text) in source.read()? {
            objects.extend(parse(&file, &text, source.is_stream())?);
            texts.insert(file, text);
        }
        scope::place(&mut objects);
        check::references(&objects).map_err(|fault| refuse_at(fault, &texts))?;
        objects.sort_by_key(|object| rank(object.kind()));
        Ok(Self { objects, texts })
    }

    /// Everything that Kubernetes of this minor version would refuse, one line each; looks at no cluster.
    pub fn wrongs(&self, minor: Option<u32>) -> Vec<String> {
        let Some(schema) = Schema::of(minor) else {
            return Vec::new();
        };
        let of = |object: &Object| {
            let values = object.containers_at().flat_map(|(pointer, one)| values::container(one, &pointer));
            let wrongs: Vec<Wrong> = schema.check(object).into_iter().chain(values).collect();
            let line = |wrong: Wrong| {
                let text = self.texts.get(&object.file).map_or("", String::as_str);
                let line = locate::find(text, object.kind(), object.name(), &wrong.pointer).unwrap_or(1);
                format!("{}:{line}: {}: {}", object.file, object.key(), wrong.text)
            };
            wrongs.into_iter().map(line).collect::<Vec<String>>()
        };
        self.objects.iter().flat_map(of).collect()
    }

    /// The same as a refusal, where there is anything.
    pub fn require_valid(&self, minor: Option<u32>) -> Result<()> {
        match self.wrongs(minor).as_slice() {
            [] => Ok(()),
            [only] => Err(refuse(only.clone())),
            several => Err(refuse(format!("{} mistakes.\n{}", several.len(), several.join("\n")))),
        }
    }

    /// What works, and probably not as it was meant.
    pub fn notes(&self) -> Vec<String> {
        self.objects.iter().flat_map(check::notes).collect()
    }

    /// Namespaces in which something of ours lives, that of the game first.
    pub fn namespaces(&self) -> Vec<String> {
        let mut namespaces = vec![NAMESPACE.to_owned()];
        for namespace in self.objects.iter().filter_map(Object::namespace) {
            if !namespaces.iter().any(|known| known == namespace) {
                namespaces.push(namespace.to_owned());
            }
        }
        namespaces
    }

    /// True where a custom kind is defined by these manifests themselves: no cluster knows it before they are there.
    pub fn define(&self, api_version: &str, kind: &str) -> bool {
        scope::defined(&self.objects, api_version, kind).is_some()
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
        Some(Place { file: object.file.clone(), line, text: words.to_owned() })
    }

    /// A number of a ConfigMap, such as the seconds of a match.
    pub fn setting(&self, config_map: &str, key: &str) -> Option<u64> {
        check::setting(&self.objects, config_map, key)
    }
}

fn settings_fingerprint(object: &Object, settings: &BTreeMap<String, String>) -> Option<String> {
    let in_environment = object.containers().flat_map(check::config_maps_read);
    let read: Vec<&str> = in_environment.chain(check::config_maps_mounted(object)).collect();
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

/// The documents of one file, each checked by itself.
fn parse(file: &str, text: &str, is_stream: bool) -> Result<Vec<Object>> {
    let values = documents(file, text).map_err(|error| template(file, text).unwrap_or(error))?;
    let texts = BTreeMap::from([(file.to_owned(), text.to_owned())]);
    let mut objects = Vec::new();
    for value in values {
        let object = Object { file: file.to_owned(), value };
        let checked = check::object(&object, is_stream);
        checked.map_err(|fault| template(file, text).unwrap_or_else(|| refuse_at(fault, &texts)))?;
        objects.push(object);
    }
    Ok(objects)
}

/// The values of one file, those of a `List` one by one.
fn documents(file: &str, text: &str) -> Result<Vec<Value>> {
    let mut values: Vec<Value> = Vec::new();
    if text.trim_start().starts_with('{') && file.ends_with(".json") {
        for value in serde_json::Deserializer::from_str(text).into_iter() {
            values.push(value.map_err(|error| refuse(format!("{file}:{}: {error}.", error.line())))?);
        }
    } else {
        check::text(file, text).map_err(refuse)?;
        for document in serde_yaml::Deserializer::from_str(text) {
            // Into YAML's own value first: only there a duplicate key is an error.
            let value = serde_yaml::Value::deserialize(document)
                .map_err(|error| refuse(unreadable(file, text, &error)))?;
            values.push(serde_json::to_value(&value).map_err(|error| refuse(format!("{file}: {error}")))?);
        }
    }
    let items = |value: Value| match value["items"].as_array() {
        Some(items) if value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) => items.clone(),
        _ => vec![value],
    };
    Ok(values.into_iter().flat_map(items).filter(|value| !value.is_null()).collect())
}

/// A template of Helm is no YAML until helm has filled it in.
fn template(file: &str, text: &str) -> Option<anyhow::Error> {
    let line = text.lines().position(|line| line.contains("{{") && line.contains("}}"))?;
    let what = text.lines().nth(line).unwrap_or_default().trim();
    let doing = "reading the manifests".to_owned();
    let found = format!("{file}:{}: `{what}` is the syntax of a Helm template, not yet a value.", line + 1);
    let fix = "let helm fill it in: `helm template CHART | cargo xtask plan --manifests -`".to_owned();
    Some(Failure { exit: Exit::Usage, doing, found, cause: String::new(), fix }.into())
}

/// What is missing at the end of a file is missed on the line below it.
fn unreadable(file: &str, text: &str, error: &serde_yaml::Error) -> String {
    let line = error.location().map_or(1, |location| location.line()).min(text.lines().count().max(1));
    format!("{file}:{line}: {error}.")
}

/// Names the line of the broken rule.
fn refuse_at(fault: check::Fault, texts: &BTreeMap<String, String>) -> anyhow::Error {
    let check::Fault { file, kind, name, pointer, text } = fault;
    let line =
        texts.get(&file).and_then(|content| locate::find(content, &kind, &name, &pointer)).unwrap_or(1);
    refuse(format!("{file}:{line}: {text}"))
}

fn refuse(found: String) -> anyhow::Error {
    let doing = "reading the manifests".to_owned();
    let fix = "correct the file named above; nothing was changed anywhere".to_owned();
    Failure { exit: Exit::Usage, doing, found, cause: String::new(), fix }.into()
}

#[cfg(test)]
mod tests;
