//! Lines of a file in the style of the manifests.

use super::find;

const FILE: &str = "# Lobby.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: lobby
spec:
  # One.
  replicas: 1
  template:
    spec:
      nodeSelector:
        game.dev/workload: backend
      containers:
      - name: first
        image: a:1
      - name: second
        image: b:1

        env:
          - name: A
            value: x
          - name: SECRET
            valueFrom:
              secretKeyRef: {name: s, key: k}
---
apiVersion: v1
kind: Service
metadata: {name: lobby}
spec:
  clusterIP: None
";

#[track_caller]
fn check(kind: &str, pointer: &str, line: usize) {
    assert_eq!(find(FILE, kind, "lobby", pointer), Some(line), "{kind} {pointer}");
}

#[test]
fn a_value_is_found_by_its_pointer() {
    check("Deployment", "/spec/replicas", 8);
    check("Deployment", "/spec/template/spec/nodeSelector/game.dev~1workload", 12);
    check("Deployment", "/spec/template/spec/containers/0/image", 15);
    check("Deployment", "/spec/template/spec/containers/1", 16);
    check("Deployment", "/spec/template/spec/containers/1/image", 17);
    check("Deployment", "/spec/template/spec/containers/1/env/1/name", 22);
    check("Service", "/spec/clusterIP", 30);
}

#[test]
fn what_is_not_spelled_out_gives_the_nearest_line() {
    check("Deployment", "/spec/template/spec/containers/1/env/1/valueFrom/secretKeyRef/key", 24);
    check("Deployment", "/spec/template/spec/containers/1/resources/limits", 16);
    check("Service", "/metadata/name", 28);
    check("Service", "", 26);
    assert_eq!(find(FILE, "Deployment", "room", "/spec"), None);
}
