//! Fields are laid over what is there; the overlays of the repository fit it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::merge;
use crate::manifests::Manifests;
use crate::manifests::source::Source;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn with(overlay: &str) -> Manifests {
    let file = root().join("manifests/remote").join(overlay);
    Manifests::read_with(&Source::repository(&root().join("manifests")), &[file]).unwrap()
}

fn value<'a>(manifests: &'a Manifests, key: &str, pointer: &str) -> Option<&'a serde_json::Value> {
    manifests.objects.iter().find(|object| object.key() == key)?.value.pointer(pointer)
}

#[test]
fn merging_is_that_of_the_standard() {
    let mut target = json!({"a": "b", "c": {"d": "e", "f": "g"}, "list": [1, 2]});
    merge(&mut target, &json!({"a": "z", "c": {"f": null, "h": {"i": null, "j": 1}}, "list": [3]}));
    assert_eq!(target, json!({"a": "z", "c": {"d": "e", "h": {"j": 1}}, "list": [3]}));
}

#[test]
fn the_overlays_of_the_repository_change_what_they_say_and_nothing_else() {
    let plain = Manifests::load(&root().join("manifests")).unwrap();
    let local = with("local-traffic.yaml");
    let policy = "/spec/externalTrafficPolicy";
    assert_eq!(value(&local, "Service/gateway", policy), Some(&json!("Local")));
    assert_eq!(value(&plain, "Service/gateway", policy), None, "k3d's balancer dials every node");
    let proxied = with("proxy-protocol.yaml");
    assert_eq!(value(&proxied, "ConfigMap/settings", "/data/PROXY_PROTOCOL"), Some(&json!("true")));
    assert_eq!(
        value(&proxied, "ConfigMap/settings", "/data/NATS_URL"),
        value(&plain, "ConfigMap/settings", "/data/NATS_URL")
    );
    for changed in [&local, &proxied] {
        let differ = changed.objects.iter().zip(&plain.objects).filter(|(a, b)| a.value != b.value);
        assert!(differ.count() <= 2);
    }
}

#[test]
fn an_overlay_of_something_that_is_not_there_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: gatway, namespace: game-prod}\n";
    std::fs::write(&file, text).unwrap();
    let refused =
        Manifests::read_with(&Source::repository(&root().join("manifests")), std::slice::from_ref(&file))
            .unwrap_err();
    let text = format!("{refused:#}");
    assert!(text.contains("mine.yaml") && text.contains("Service/gatway"), "{text}");
    let absent = Manifests::read_with(
        &Source::repository(&root().join("manifests")),
        &[folder.path().join("absent.yaml")],
    );
    assert!(format!("{:#}", absent.unwrap_err()).contains("absent.yaml"));
}
