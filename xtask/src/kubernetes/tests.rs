//! A kubeconfig is read by file and context.

use super::*;

const KUBECONFIG: &str = "apiVersion: v1
kind: Config
clusters:
- name: k3d-demo
  cluster: {server: 'https://127.0.0.1:40001', insecure-skip-tls-verify: true}
users:
- name: admin@k3d-demo
  user: {token: none}
contexts:
- name: k3d-demo
  context: {cluster: k3d-demo, user: admin@k3d-demo}
current-context: production
";

#[tokio::test]
async fn the_named_context_is_used_and_never_the_current_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, KUBECONFIG).unwrap();
    let report = crate::report::Report::quiet();
    let found = Kubernetes::connect(&report, &path, "k3d-demo").await.unwrap();
    assert_eq!(found.server, "https://127.0.0.1:40001/");
    assert!(Kubernetes::connect(&report, &path, "k3d-other").await.is_err());
}
