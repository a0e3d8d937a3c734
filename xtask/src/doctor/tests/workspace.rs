//! Tools, folders and manifests.

use serde_json::{Value, json};

use super::*;
use crate::doctor::rule::Profile::{K3d, Local};
use crate::manifests::Object;

pub fn cases() -> Vec<Case> {
    [TOOLS, MANIFESTS].concat()
}

fn k3d(machine: &mut Machine, version: &str) {
    slow(machine).k3d_version = Some(version.to_owned());
}

const TOOLS: &[Case] = &[
    on(Local, linux, "compiler-missing", |m| without(m, "cc"), |m| without(m, "docker")),
    on(Local, linux, "rust-target-missing", |m| m.musl_toolchain = true, |_| {}),
    on(K3d, linux, "k3d-not-installed", |m| without(m, "k3d"), |m| without(m, "git")),
    on(K3d, linux, "k3d-too-old", |m| k3d(m, "5.4.9"), |m| k3d(m, "5.5.0-rc1")),
    on(
        K3d,
        linux,
        "docker-client-too-old",
        |m| {
            m.engine = Ok(recorded(fixture!("version_29.json"), fixture!("info_ubuntu.json")));
            k3d(m, "5.6.0");
        },
        |m| {
            m.engine = Ok(recorded(fixture!("version_29.json"), fixture!("info_ubuntu.json")));
            k3d(m, "5.6.3");
        },
    ),
    on(Local, linux, "state-not-writable", |m| m.state_writable = false, |m| m.build_writable = false),
    on(Local, linux, "build-folder-not-writable", |m| m.build_writable = false, |m| m.state_writable = false),
    on(
        Local,
        linux,
        "sudo",
        |m| {
            variable(m, "SUDO_USER", "ana");
            m.is_root = true;
        },
        |m| variable(m, "SUDO_USER", "ana"),
    ),
    on(
        K3d,
        linux,
        "target-cpu-native",
        |m| variable(m, "RUSTFLAGS", "-C target-cpu=native"),
        |m| {
            variable(m, "RUSTFLAGS", "-C target-cpu=x86-64-v3");
        },
    ),
    on(
        Local,
        linux,
        "git-autocrlf",
        |m| m.git_config = "[core]\n\tautocrlf = true\n".to_owned(),
        |m| {
            m.git_config = "[core]\n\tautocrlf = false\n".to_owned();
        },
    ),
];

fn object(file: &str, value: Value) -> Object {
    Object { file: file.to_owned(), value }
}

fn workload(spec: Value) -> Object {
    object(
        "room.yaml",
        json!({"kind": "StatefulSet", "metadata": {"name": "room"}, "spec": {"template": {"spec": spec}}}),
    )
}

fn container(extra: Value) -> Value {
    let mut container =
        json!({"name": "room", "image": "game-server", "ports": [{"name": "admin", "containerPort": 9100}]});
    for (key, value) in extra.as_object().unwrap() {
        container[key] = value.clone();
    }
    json!({ "containers": [container] })
}

fn put(machine: &mut Machine, objects: Vec<Object>) {
    slow(machine).manifests = objects;
}

fn settings() -> Object {
    object(
        "settings.yaml",
        json!({"kind": "ConfigMap", "metadata": {"name": "match"}, "data": {"MATCH_SECONDS": "300"}}),
    )
}

fn reads(key: &str) -> Object {
    let from = json!({"configMapKeyRef": {"name": "match", "key": key}});
    workload(container(json!({"env": [{"name": "X", "valueFrom": from}]})))
}

fn mounts(volume: Value) -> Object {
    let mut spec = container(json!({}));
    spec["volumes"] = json!([volume]);
    workload(spec)
}

fn service(name: &str, kind: &str, port: u16) -> Object {
    object(
        "a.yaml",
        json!({"kind": "Service", "metadata": {"name": name}, "spec": {"type": kind, "ports": [{"port": port}]}}),
    )
}

fn scaler() -> Object {
    let target = json!({"kind": "StatefulSet", "name": "room"});
    let metrics = json!([{"type": "Resource", "resource": {"name": "cpu"}}]);
    object(
        "a.yaml",
        json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "room"}, "spec": {"scaleTargetRef": target, "metrics": metrics}}),
    )
}

fn claim(mode: &str) -> Object {
    object(
        "a.yaml",
        json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {"accessModes": [mode]}}),
    )
}

const MANIFESTS: &[Case] = &[
    on(
        K3d,
        linux,
        "manifests-refused",
        |m| slow(m).manifests_error = Some("room.yaml: no `namespace`".to_owned()),
        |_| {},
    ),
    on(
        K3d,
        linux,
        "cluster-config-refused",
        |m| slow(m).cluster_config_error = Some("k3d.yaml:3: k3d knows no key `metadta`.".to_owned()),
        |_| {},
    ),
    on(
        K3d,
        linux,
        "cluster-config-unwise",
        |m| slow(m).cluster_config_notes = vec!["`servers: 2` is worse than 1".to_owned()],
        |_| {},
    ),
    on(
        K3d,
        linux,
        "unschedulable-selector",
        |m| put(m, vec![workload(json!({"nodeSelector": {"workload": "compute"}}))]),
        |m| {
            put(m, vec![workload(json!({"nodeSelector": {"workload": "compute"}}))]);
            let labels = BTreeMap::from([("workload".to_owned(), "compute".to_owned())]);
            slow(m).node_labels = BTreeMap::from([("k3d-k3s-local-agent-0".to_owned(), labels)]);
        },
    ),
    on(
        K3d,
        linux,
        "create-container-config-error",
        |m| put(m, vec![settings(), reads("MATCH_MINUTES")]),
        |m| {
            put(m, vec![settings(), reads("MATCH_SECONDS")]);
        },
    ),
    on(
        K3d,
        linux,
        "mount-config-missing",
        |m| put(m, vec![settings(), mounts(json!({"name": "a", "configMap": {"name": "rules"}}))]),
        |m| {
            let known = mounts(json!({"name": "a", "configMap": {"name": "match"}}));
            let made = mounts(json!({"name": "a", "secret": {"secretName": "game-secrets"}}));
            put(m, vec![settings(), known, made]);
        },
    ),
    on(
        K3d,
        linux,
        "lb-pending-svclb",
        |m| put(m, vec![service("gateway", "LoadBalancer", 80), service("web", "LoadBalancer", 80)]),
        |m| put(m, vec![service("gateway", "LoadBalancer", 80), service("web", "ClusterIP", 80)]),
    ),
    on(
        K3d,
        linux,
        "hpa-unknown",
        |m| put(m, vec![workload(container(json!({}))), scaler()]),
        |m| {
            let resources = json!({"resources": {"requests": {"cpu": "500m"}}});
            put(m, vec![workload(container(resources)), scaler()]);
        },
    ),
    on(
        K3d,
        linux,
        "pvc-pending",
        |m| put(m, vec![claim("ReadWriteMany")]),
        |m| put(m, vec![claim("ReadWriteOnce")]),
    ),
    on(
        K3d,
        linux,
        "probe-failed",
        |m| put(m, vec![workload(container(json!({"readinessProbe": {"httpGet": {"port": 9101}}})))]),
        |m| put(m, vec![workload(container(json!({"livenessProbe": {"httpGet": {"port": "admin"}}})))]),
    ),
];

#[test]
fn the_manifests_of_this_clone_pass() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    let mut machine = linux();
    put(&mut machine, crate::manifests::Manifests::load(&folder).unwrap().objects);
    let config = crate::manifests::cluster::ClusterConfig::load(&folder, &Default::default()).unwrap();
    slow(&mut machine).node_labels = config.node_labels();
    assert_eq!(found(machine, K3d), []);
}
