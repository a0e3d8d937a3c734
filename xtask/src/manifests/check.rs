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
        let at = format!("{file}:{}", index + 1);
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

/// Rules about one object alone.
pub fn object(object: &Object) -> Result<(), String> {
    let file = &object.file;
    for (field, value) in
        [("apiVersion", object.api_version()), ("kind", object.kind()), ("metadata.name", object.name())]
    {
        if value.is_empty() {
            return Err(format!("{file}: an object has no {field}."));
        }
    }
    let key = object.key();
    match object.kind() {
        "Secret" => {
            return Err(format!("{file}: {key} is in the repository; secrets are made at the first deploy."));
        }
        "Namespace" if object.name() != NAMESPACE => {
            return Err(format!("{file}: {key}: everything lives in the namespace {NAMESPACE}."));
        }
        "Namespace" => {}
        _ if object.namespace() != Some(NAMESPACE) => {
            return Err(format!("{file}: {key} has no `namespace: {NAMESPACE}`."));
        }
        _ => {}
    }
    if object.is_workload() {
        selector(object)?;
        for container in object.containers() {
            self::container(object, container)?;
        }
    }
    Ok(())
}

fn selector(object: &Object) -> Result<(), String> {
    let spec = &object.value["spec"];
    let wanted = &spec["selector"]["matchLabels"];
    if wanted.as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(format!("{}: {} has no spec.selector.matchLabels.", object.file, object.key()));
    }
    if !selects(wanted, &spec["template"]["metadata"]["labels"]) {
        return Err(format!(
            "{}: the selector of {} does not match its own pods.",
            object.file,
            object.key()
        ));
    }
    Ok(())
}

fn container(object: &Object, container: &Value) -> Result<(), String> {
    let (file, key) = (&object.file, object.key());
    let image = container["image"].as_str().unwrap_or_default();
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
    match tag {
        None if image == IMAGE_NAME || image.contains('@') => {}
        None | Some("latest") => {
            return Err(format!(
                "{file}: {key}: the image `{image}` needs a fixed tag: pods would differ by node."
            ));
        }
        Some(_) if image.starts_with(&format!("{IMAGE_NAME}:")) => {
            return Err(format!(
                "{file}: {key}: write `{IMAGE_NAME}` without a tag; it is set from what was built."
            ));
        }
        Some(_) => {}
    }
    if container["imagePullPolicy"] != "IfNotPresent" {
        return Err(format!(
            "{file}: {key}: imagePullPolicy must be IfNotPresent; images are delivered to the nodes."
        ));
    }
    if !container["resources"]["limits"]["cpu"].is_null() {
        return Err(format!("{file}: {key}: a CPU limit makes ticks late; leave requests only."));
    }
    Ok(())
}

/// Rules between objects.
pub fn references(objects: &[Object]) -> Result<(), String> {
    for (index, object) in objects.iter().enumerate() {
        if let Some(twin) = objects[..index].iter().find(|other| other.key() == object.key()) {
            return Err(format!(
                "{} is defined in {} and again in {}.",
                object.key(),
                twin.file,
                object.file
            ));
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

fn service(service: &Object, objects: &[Object]) -> Result<(), String> {
    let wanted = &service.value["spec"]["selector"];
    let found = objects.iter().any(|other| {
        other.is_workload() && selects(wanted, &other.value["spec"]["template"]["metadata"]["labels"])
    });
    if found {
        return Ok(());
    }
    Err(format!("{}: {} selects {wanted}, which no pod has.", service.file, service.key()))
}

fn autoscaler(autoscaler: &Object, objects: &[Object]) -> Result<(), String> {
    let target = &autoscaler.value["spec"]["scaleTargetRef"];
    let found = objects.iter().find(|other| target["kind"] == other.kind() && target["name"] == other.name());
    let Some(found) = found else {
        return Err(format!(
            "{}: {} scales something that no file defines.",
            autoscaler.file,
            autoscaler.key()
        ));
    };
    if !found.value["spec"]["replicas"].is_null() {
        return Err(format!(
            "{}: {} has `replicas` and an autoscaler; every deploy would undo the scaling. Remove `replicas`.",
            found.file,
            found.key()
        ));
    }
    Ok(())
}

fn workload(object: &Object, objects: &[Object]) -> Result<(), String> {
    let (file, key) = (&object.file, object.key());
    for container in object.containers() {
        for name in config_maps_read(container) {
            if !objects.iter().any(|other| other.kind() == "ConfigMap" && other.name() == name) {
                return Err(format!("{file}: {key} reads the ConfigMap `{name}`, which no file defines."));
            }
        }
        for variable in container["env"].as_array().into_iter().flatten() {
            let secret = &variable["valueFrom"]["secretKeyRef"]["name"];
            if secret.as_str().is_some_and(|name| name != GENERATED_SECRET) {
                return Err(format!(
                    "{file}: {key} reads the Secret {secret}; only `{GENERATED_SECRET}` is made here."
                ));
            }
        }
    }
    if DRAINING_ROLES.contains(&object.name()) {
        grace(object, setting(objects, "match", "MATCH_SECONDS").unwrap_or(0))?;
    }
    Ok(())
}

fn grace(object: &Object, match_s: u64) -> Result<(), String> {
    let grace_s =
        object.value["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(0);
    if grace_s >= match_s + MATCH_END_MARGIN_S {
        return Ok(());
    }
    Err(format!(
        "{}: {} is killed {grace_s} s after it is asked to end, but a match of {match_s} s (settings.yaml) needs {} s.",
        object.file,
        object.key(),
        match_s + MATCH_END_MARGIN_S
    ))
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
