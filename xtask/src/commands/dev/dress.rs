//! Pods that take a new build without being replaced: the role runs below `game-server reload`, from a volume of the pod.

use serde_json::{Value, json};

use crate::manifests::Manifests;
use crate::settings::IMAGE_NAME;

/// Name of the volume in the pod, and of its folder on the node.
pub const VOLUME: &str = "dev-build";
/// The build in it.
pub const BINARY: &str = "game-server";
/// The page in it.
pub const PAGE: &str = "web";
/// Where the volume is in a container.
const MOUNT: &str = "/dev-build";

/// Changes every workload of ours; the others (bus, database) stay as they are.
pub fn dress(manifests: &mut Manifests) {
    for object in manifests.objects.iter_mut().filter(|object| object.is_workload()) {
        let pod = &mut object.value["spec"]["template"]["spec"];
        let containers = pod["containers"].as_array_mut().into_iter().flatten();
        let ours: Vec<&mut Value> = containers.filter(|container| container["image"] == IMAGE_NAME).collect();
        if ours.is_empty() {
            continue;
        }
        for container in ours {
            dress_container(container);
        }
        // Part of the pod: whatever is in it goes with the pod, and the restricted profile allows it.
        push(&mut pod["volumes"], json!({"name": VOLUME, "emptyDir": {}}));
    }
}

fn dress_container(container: &mut Value) {
    let reload = ["reload", "--binary", &format!("{MOUNT}/{BINARY}"), "--"].map(Value::from);
    let role = container["args"].as_array().cloned().unwrap_or_default();
    container["args"] = reload.into_iter().chain(role).collect();
    push(&mut container["volumeMounts"], json!({"name": VOLUME, "mountPath": MOUNT, "readOnly": true}));
    push(&mut container["env"], json!({"name": "WEB_DIR", "value": format!("{MOUNT}/{PAGE}")}));
}

fn push(list: &mut Value, entry: Value) {
    match list {
        Value::Array(entries) => entries.push(entry),
        other => *other = json!([entry]),
    }
}

#[cfg(test)]
mod tests;
