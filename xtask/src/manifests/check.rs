//! Rules that need no cluster: references, selectors, images, YAML that tools read differently.

use serde_json::Value;

use crate::manifests::Object;
use crate::settings::{GENERATED_SECRET, IMAGE_NAME, MATCH_END_MARGIN_S, NAMESPACE};

/// Plain scalars that YAML 1.1 tools read as booleans and this one as text.
const BOOLEAN_LOOKALIKES: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];
/// Roles that keep players through their own end.
const DRAINING_ROLES: [&str; 2] = ["gateway", "room"];

/// Text that kubectl and this program would read differently.
pub fn text(file: &str, text: &str) -> Result<(), String> {
    // Lines of a block of text (`|`) belong to whoever reads it, and are indented deeper than its key.
    let mut block: Option<usize> = None;
    for (index, whole) in text.lines().enumerate() {
        let indent = whole.len() - whole.trim_start().len();
        if whole.trim().is_empty() || block.is_some_and(|block| indent > block) {
            continue;
        }
        block = opens_block(whole).then_some(indent);
        let at = format!("{file}:{}", index + 1);
        let line = whole.split(" #").next().unwrap_or_default().trim().trim_start_matches("- ");
        if line.starts_with("<<:") {
            return Err(format!(
                "{at}: merge keys (<<) are read by some tools and not by others; spell it out."
            ));
        }
        let value = line.split_once(": ").map_or("", |(_, value)| value.trim());
        if BOOLEAN_LOOKALIKES.contains(&value.to_ascii_lowercase().as_str()) {
            return Err(format!(
                "{at}: `{value}` is text here and a boolean for kubectl; write true, false or quotes."
            ));
        }
        if value.len() > 1 && value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!(
                "{at}: `{value}` is text here and an octal number for kubectl; write it in decimal."
            ));
        }
    }
    Ok(())
}

fn opens_block(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or_default().trim_end();
    let end = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    end.ends_with(": |") || end.ends_with(": >") || end.ends_with("- |") || end.ends_with("- >")
}

/// A broken rule of one object, and where the object says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub file: String,
    pub kind: String,
    pub name: String,
    /// JSON pointer into the object; empty for the object as a whole.
    pub pointer: String,
    pub text: String,
}

impl Fault {
    fn at(object: &Object, pointer: impl Into<String>, text: impl Into<String>) -> Self {
        let (file, kind, name) = (object.file.clone(), object.kind().to_owned(), object.name().to_owned());
        Self { file, kind, name, pointer: pointer.into(), text: text.into() }
    }
}

/// Rules about one object alone.
pub fn object(object: &Object, is_stream: bool) -> Result<(), Fault> {
    if object.name().is_empty() && object.value["metadata"]["generateName"].is_string() {
        let text = "`generateName` asks for another object each time; what is deployed again and again needs \
                    `metadata.name` (`kubectl create` makes such objects).";
        return Err(Fault::at(object, "/metadata/generateName", text));
    }
    let fields =
        [("apiVersion", object.api_version()), ("kind", object.kind()), ("metadata.name", object.name())];
    if let Some((field, _)) = fields.iter().find(|(_, value)| value.is_empty()) {
        let text = format!(
            "this has no {field}, so it is no object of Kubernetes; take files that are something else (values of Helm, \
             settings of other tools) out of the folder."
        );
        return Err(Fault::at(object, "", text));
    }
    // What a program prints into a pipe is in no repository.
    if object.kind() == "Secret" && !is_stream {
        let text = format!("{} is in the repository; secrets are made at the first deploy.", object.key());
        return Err(Fault::at(object, "", text));
    }
    if object.is_workload() {
        selector(object)?;
        for (pointer, container) in object.containers_at() {
            self::container(object, &pointer, container)?;
        }
    }
    Ok(())
}

fn selector(object: &Object) -> Result<(), Fault> {
    let spec = &object.value["spec"];
    let wanted = &spec["selector"]["matchLabels"];
    let fault = |text: &str| Fault::at(object, "/spec/selector", format!("{} {text}", object.key()));
    if wanted.as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(fault("has no spec.selector.matchLabels."));
    }
    if !selects(wanted, &spec["template"]["metadata"]["labels"]) {
        return Err(fault("has a selector that does not match its own pods."));
    }
    Ok(())
}

/// Rules that the game itself needs: pods of others are only told about.
fn container(object: &Object, pointer: &str, container: &Value) -> Result<(), Fault> {
    let key = object.key();
    let fault = |field: &str, text: String| Fault::at(object, format!("{pointer}/{field}"), text);
    let image = container["image"].as_str().unwrap_or_default();
    if image.starts_with(&format!("{IMAGE_NAME}:")) {
        let text = format!("{key}: write `{IMAGE_NAME}` without a tag; it is set from what was built.");
        return Err(fault("image", text));
    }
    if image != IMAGE_NAME {
        return Ok(());
    }
    if container["imagePullPolicy"] != "IfNotPresent" {
        let text = format!("{key}: imagePullPolicy must be IfNotPresent; images are delivered to the nodes.");
        return Err(fault("imagePullPolicy", text));
    }
    if !container["resources"]["limits"]["cpu"].is_null() {
        let text = format!("{key}: a CPU limit makes ticks late; leave requests only.");
        return Err(fault("resources/limits/cpu", text));
    }
    Ok(())
}

/// What works, and probably not as it was meant.
pub fn notes(object: &Object) -> Vec<String> {
    let key = object.key();
    let of = |container: &Value| {
        let image = container["image"].as_str().unwrap_or_default();
        let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
        let is_fixed = image == IMAGE_NAME || image.contains('@') || tag.is_some_and(|tag| tag != "latest");
        let note =
            format!("{key}: the image `{image}` has no fixed tag: pods may differ by node; name a version");
        (!is_fixed && !image.is_empty()).then_some(note)
    };
    object.containers().filter_map(of).collect()
}

/// Rules between objects.
pub fn references(objects: &[Object]) -> Result<(), Fault> {
    for (index, object) in objects.iter().enumerate() {
        if let Some(twin) = objects[..index].iter().find(|other| is_same(other, object)) {
            let text = format!("{} is defined here and again in {}.", object.key(), object.file);
            return Err(Fault::at(twin, "", text));
        }
        match object.kind() {
            "Service" => service(object, objects)?,
            "HorizontalPodAutoscaler" => autoscaler(object, objects)?,
            _ if object.is_workload() => workload(object, objects)?,
            _ => {}
        }
    }
    Ok(())
}

fn is_same(a: &Object, b: &Object) -> bool {
    let group = |object: &Object| {
        object.api_version().split_once('/').map_or(String::new(), |(group, _)| group.to_owned())
    };
    a.key() == b.key() && a.namespace() == b.namespace() && group(a) == group(b)
}

/// Whatever makes pods in ways that only its own controller knows.
fn may_make_pods(object: &Object) -> bool {
    let is_kubernetes = !object.api_version().contains('.') || object.api_version().contains(".k8s.io/");
    !is_kubernetes || ["Pod", "Job", "CronJob", "ReplicaSet"].contains(&object.kind())
}

fn service(service: &Object, objects: &[Object]) -> Result<(), Fault> {
    let wanted = &service.value["spec"]["selector"];
    // Without a selector its endpoints are given, or it is a name for something outside.
    if wanted.as_object().is_none_or(serde_json::Map::is_empty) {
        return Ok(());
    }
    let mut near = objects.iter().filter(|other| other.namespace() == service.namespace());
    let found = near.any(|other| {
        let labels = &other.value["spec"]["template"]["metadata"]["labels"];
        may_make_pods(other) || other.is_workload() && selects(wanted, labels)
    });
    if found {
        return Ok(());
    }
    let text = format!("{} selects {wanted}, which no pod has.", service.key());
    Err(Fault::at(service, "/spec/selector", text))
}

fn autoscaler(autoscaler: &Object, objects: &[Object]) -> Result<(), Fault> {
    let target = &autoscaler.value["spec"]["scaleTargetRef"];
    let near = |other: &&Object| other.namespace() == autoscaler.namespace();
    let found = objects
        .iter()
        .filter(near)
        .find(|other| target["kind"] == other.kind() && target["name"] == other.name());
    let Some(found) = found else {
        // What an operator makes cannot be seen in files.
        if objects.iter().filter(near).any(may_make_pods) {
            return Ok(());
        }
        let text = format!("{} scales something that no file defines.", autoscaler.key());
        return Err(Fault::at(autoscaler, "/spec/scaleTargetRef", text));
    };
    if !found.value["spec"]["replicas"].is_null() {
        let text = format!(
            "{} has `replicas` and an autoscaler; every deploy would undo the scaling. Remove `replicas`.",
            found.key()
        );
        return Err(Fault::at(found, "/spec/replicas", text));
    }
    Ok(())
}

fn workload(object: &Object, objects: &[Object]) -> Result<(), Fault> {
    let key = object.key();
    let has = |name: &str| {
        let is_it = |other: &Object| {
            other.kind() == "ConfigMap" && other.name() == name && other.namespace() == object.namespace()
        };
        objects.iter().any(is_it)
    };
    if let Some(name) = config_maps_mounted(object).find(|name| !has(name)) {
        let text = format!("{key} mounts the ConfigMap `{name}`, which no file defines.");
        return Err(Fault::at(object, "/spec/template/spec/volumes", text));
    }
    for (pointer, container) in object.containers_at() {
        for name in config_maps_read(container) {
            if !has(name) {
                let text = format!("{key} reads the ConfigMap `{name}`, which no file defines.");
                return Err(Fault::at(object, format!("{pointer}/envFrom"), text));
            }
        }
        for (index, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
            let reference = &variable["valueFrom"]["secretKeyRef"];
            let secret = &reference["name"];
            let is_given = reference["optional"] == true
                || objects.iter().any(|other| other.kind() == "Secret" && *secret == other.name())
                || object.namespace() != Some(NAMESPACE)
                || objects.iter().any(may_make_pods);
            if !is_given && secret.as_str().is_some_and(|name| name != GENERATED_SECRET) {
                let text =
                    format!("{key} reads the Secret {secret}; only `{GENERATED_SECRET}` is made here.");
                return Err(Fault::at(
                    object,
                    format!("{pointer}/env/{index}/valueFrom/secretKeyRef/name"),
                    text,
                ));
            }
        }
    }
    if DRAINING_ROLES.contains(&object.name()) && object.containers().any(|one| one["image"] == IMAGE_NAME) {
        grace(object, setting(objects, "match", "MATCH_SECONDS").unwrap_or(0))?;
    }
    Ok(())
}

fn grace(object: &Object, match_s: u64) -> Result<(), Fault> {
    let grace_s =
        object.value["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(0);
    if grace_s >= match_s + MATCH_END_MARGIN_S {
        return Ok(());
    }
    let text = format!(
        "{} is killed {grace_s} s after it is asked to end, but a match of {match_s} s (settings.yaml) needs {} s.",
        object.key(),
        match_s + MATCH_END_MARGIN_S
    );
    Err(Fault::at(object, "/spec/template/spec/terminationGracePeriodSeconds", text))
}

/// Names of the ConfigMaps that a container takes its environment from.
pub fn config_maps_read(container: &Value) -> impl Iterator<Item = &str> {
    let list = |key: &str| container[key].as_array().into_iter().flatten();
    let whole = list("envFrom").map(|from| &from["configMapRef"]);
    let single = list("env").map(|env| &env["valueFrom"]["configMapKeyRef"]);
    let needed = whole.chain(single).filter(|reference| reference["optional"] != true);
    needed.filter_map(|reference| reference["name"].as_str())
}

/// Names of the ConfigMaps that the pods of a workload see as files.
pub fn config_maps_mounted(object: &Object) -> impl Iterator<Item = &str> {
    let volumes = object.value["spec"]["template"]["spec"]["volumes"].as_array().into_iter().flatten();
    volumes.filter_map(|volume| volume["configMap"]["name"].as_str())
}

/// A number of a ConfigMap among these objects.
pub fn setting(objects: &[Object], config_map: &str, key: &str) -> Option<u64> {
    let map = objects.iter().find(|object| object.kind() == "ConfigMap" && object.name() == config_map)?;
    map.value["data"][key].as_str()?.parse().ok()
}

fn selects(wanted: &Value, labels: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
}
