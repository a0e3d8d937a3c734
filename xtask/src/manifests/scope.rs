//! Which namespace an object lives in: what it says, else that of the game; some kinds live in none.

use serde_json::Value;

use crate::manifests::Object;
use crate::settings::NAMESPACE;

/// Kinds of Kubernetes itself that belong to the whole cluster.
const OF_THE_CLUSTER: [&str; 22] = [
    "Namespace",
    "Node",
    "PersistentVolume",
    "StorageClass",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "GatewayClass",
    "PriorityClass",
    "RuntimeClass",
    "APIService",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "CSIDriver",
    "CSINode",
    "VolumeAttachment",
    "VolumeAttributesClass",
    "FlowSchema",
    "PriorityLevelConfiguration",
];

/// Gives a namespace to every object that lives in one and names none, as `kubectl --namespace` does, and adds the
/// namespace of the game where no file defines it: what was deployed is written down there.
pub fn place(objects: &mut Vec<Object>) {
    for index in 0..objects.len() {
        let object = &objects[index];
        let is_namespaced = defined(objects, object.api_version(), object.kind())
            .unwrap_or_else(|| !OF_THE_CLUSTER.contains(&object.kind()));
        if is_namespaced && object.namespace().is_none_or(str::is_empty) {
            objects[index].value["metadata"]["namespace"] = NAMESPACE.into();
        }
    }
    let is_home = |object: &Object| object.kind() == "Namespace" && object.name() == NAMESPACE;
    if !objects.iter().any(is_home) {
        let file = objects.first().map_or(String::new(), |object| object.file.clone());
        let value =
            serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        objects.insert(0, Object { file, value });
    }
}

/// Whether a custom kind lives in namespaces, where one of these objects defines it.
pub fn defined(objects: &[Object], api_version: &str, kind: &str) -> Option<bool> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let of = |object: &&Object| {
        let spec: &Value = &object.value["spec"];
        object.kind() == "CustomResourceDefinition" && spec["group"] == group && spec["names"]["kind"] == kind
    };
    objects.iter().find(of).map(|object| object.value["spec"]["scope"] == "Namespaced")
}
