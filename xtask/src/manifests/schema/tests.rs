//! What Kubernetes would refuse is refused here with the field and what to write; what it takes is taken.

use serde_json::json;

use super::*;

fn wrongs(value: Value) -> Vec<(String, String)> {
    let object = Object { file: "x.yaml".to_owned(), value };
    let wrongs = Schema::of(Some(34)).unwrap().check(&object);
    wrongs.into_iter().map(|wrong| (wrong.pointer, wrong.text)).collect()
}

fn pod(container: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [container]}})
}

#[test]
fn the_schemas_are_small_and_whole() {
    assert!(TEXT.len() < 300_000, "{} bytes", TEXT.len());
    for minor in MINORS {
        let schema = Schema::of(Some(minor)).unwrap();
        for (kind, definition) in &schema.own.kinds {
            assert!(schema.definition(definition).is_some(), "1.{minor} {kind}");
        }
        assert!(schema.own.kinds.len() > 70, "1.{minor}: {}", schema.own.kinds.len());
    }
    assert_eq!(Schema::of(Some(20)).unwrap().minor, 33);
    assert_eq!(Schema::of(Some(99)).unwrap().minor, 35);
    assert_eq!(Schema::of(None).unwrap().minor, 34);
}

#[test]
fn each_mistake_has_its_field_and_its_remedy() {
    let cases = [
        (
            pod(json!({"name": "a", "ports": [{"containerPort": "7000"}]})),
            "/spec/containers/0/ports/0/containerPort",
            "write 7000, without quotes",
        ),
        (
            pod(json!({"name": "a", "env": [{"name": "A", "value": 1}]})),
            "/spec/containers/0/env/0/value",
            "write \"1\", in quotes",
        ),
        (
            pod(json!({"name": "a", "imagePullPollicy": "Always"})),
            "/spec/containers/0/imagePullPollicy",
            "Did you mean `imagePullPolicy`?",
        ),
        (pod(json!({"name": "a", "env": {"A": "b"}})), "/spec/containers/0/env", "a list is wanted"),
        (pod(json!({"name": "a", "tty": "true"})), "/spec/containers/0/tty", "leave the quotes out"),
        (pod(json!({"image": "x:1"})), "/spec/containers/0", "`spec.containers[0].name` is missing"),
        (
            pod(json!({"name": "a", "resources": {"limits": {"memory": ["1Gi"]}}})),
            "/spec/containers/0/resources/limits/memory",
            "text or a number",
        ),
        (
            json!({"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "a"}}),
            "/apiVersion",
            "`apiVersion: networking.k8s.io/v1`",
        ),
        (
            json!({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}}),
            "/apiVersion",
            "`apiVersion: policy/v1`",
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "Deploymnet", "metadata": {"name": "a"}}),
            "/kind",
            "Did you mean `Deployment`?",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "a"}}),
            "/apiVersion",
            "`apiVersion: apps/v1`",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"A": true}}),
            "/data/A",
            "in quotes",
        ),
    ];
    for (value, pointer, text) in cases {
        let found = wrongs(value.clone());
        assert!(found.len() == 1 && found[0].0 == pointer && found[0].1.contains(text), "{value}: {found:?}");
    }
}

#[test]
fn what_kubernetes_takes_is_taken() {
    let fine = [
        pod(json!({"name": "a", "resources": {"limits": {"memory": "1Gi", "cpu": 2}}, "command": null})),
        pod(
            json!({"name": "a", "livenessProbe": {"httpGet": {"port": "http"}}, "readinessProbe": {"tcpSocket": {"port": 80}}}),
        ),
        json!({"apiVersion": "agones.dev/v1", "kind": "Fleet", "metadata": {"name": "a"}, "spec": {"anything": [1]}}),
        json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "a"}, "spec": {}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "annotations": {"a/b": "c"}}, "data": {"A": "b"}}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "a"},
            "spec": {"group": "g", "scope": "Namespaced", "names": {"kind": "K", "plural": "ks"}, "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
                    "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}}),
    ];
    for value in fine {
        assert_eq!(wrongs(value.clone()), [], "{value}");
    }
}
