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
    for (index, line) in text.lines().enumerate() {
        let at = format!("manifests/{file}:{}", index + 1);
        let line = line.split(" #").next().unwrap_or_default().trim().trim_start_matches("- ");
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
pub fn object(object: &Object) -> Result<(), Fault> {
    for (field, value) in
        [("apiVersion", object.api_version()), ("kind", object.kind()), ("metadata.name", object.name())]
    {
        if value.is_empty() {
            return Err(Fault::at(object, "", format!("an object has no {field}.")));
        }
    }
    let key = object.key();
    let namespace = "/metadata/namespace";
    match object.kind() {
        "Secret" => {
            let text = format!("{key} is in the repository; secrets are made at the first deploy.");
            return Err(Fault::at(object, "", text));
        }
        "Namespace" if object.name() != NAMESPACE => {
            let text = format!("{key}: everything lives in the namespace {NAMESPACE}.");
            return Err(Fault::at(object, "/metadata/name", text));
        }
        "Namespace" => {}
        _ if object.namespace() != Some(NAMESPACE) => {
            return Err(Fault::at(object, namespace, format!("{key} has no `namespace: {NAMESPACE}`.")));
        }
        _ => {}
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

fn container(object: &Object, pointer: &str, container: &Value) -> Result<(), Fault> {
    let key = object.key();
    let fault = |field: &str, text: String| Fault::at(object, format!("{pointer}/{field}"), text);
    let image = container["image"].as_str().unwrap_or_default();
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
    match tag {
        None if image == IMAGE_NAME || image.contains('@') => {}
        None | Some("latest") => {
            let text = format!("{key}: the image `{image}` needs a fixed tag: pods would differ by node.");
            return Err(fault("image", text));
        }
        Some(_) if image.starts_with(&format!("{IMAGE_NAME}:")) => {
            let text = format!("{key}: write `{IMAGE_NAME}` without a tag; it is set from what was built.");
            return Err(fault("image", text));
        }
        Some(_) => {}
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

/// Rules between objects.
pub fn references(objects: &[Object]) -> Result<(), Fault> {
    for (index, object) in objects.iter().enumerate() {
        if let Some(twin) = objects[..index].iter().find(|other| other.key() == object.key()) {
            let text = format!("{} is defined here and again in manifests/{}.", object.key(), object.file);
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

fn service(service: &Object, objects: &[Object]) -> Result<(), Fault> {
    let wanted = &service.value["spec"]["selector"];
    let found = objects.iter().any(|other| {
        other.is_workload() && selects(wanted, &other.value["spec"]["template"]["metadata"]["labels"])
    });
    if found {
        return Ok(());
    }
    let text = format!("{} selects {wanted}, which no pod has.", service.key());
    Err(Fault::at(service, "/spec/selector", text))
}

fn autoscaler(autoscaler: &Object, objects: &[Object]) -> Result<(), Fault> {
    let target = &autoscaler.value["spec"]["scaleTargetRef"];
    let found = objects.iter().find(|other| target["kind"] == other.kind() && target["name"] == other.name());
    let Some(found) = found else {
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
    for (pointer, container) in object.containers_at() {
        for name in config_maps_read(container) {
            if !objects.iter().any(|other| other.kind() == "ConfigMap" && other.name() == name) {
                let text = format!("{key} reads the ConfigMap `{name}`, which no file defines.");
                return Err(Fault::at(object, format!("{pointer}/envFrom"), text));
            }
        }
        for (index, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
            let secret = &variable["valueFrom"]["secretKeyRef"]["name"];
            if secret.as_str().is_some_and(|name| name != GENERATED_SECRET) {
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
    if DRAINING_ROLES.contains(&object.name()) {
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
    let whole =
        container["envFrom"].as_array().into_iter().flatten().map(|from| &from["configMapRef"]["name"]);
    let single = container["env"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|env| &env["valueFrom"]["configMapKeyRef"]["name"]);
    whole.chain(single).filter_map(Value::as_str)
}

/// A number of a ConfigMap among these objects.
pub fn setting(objects: &[Object], config_map: &str, key: &str) -> Option<u64> {
    let map = objects.iter().find(|object| object.kind() == "ConfigMap" && object.name() == config_map)?;
    map.value["data"][key].as_str()?.parse().ok()
}

fn selects(wanted: &Value, labels: &Value) -> bool {
    wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
}
