//! Only the records change.

use super::with_host_records;

const TEXT: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
data:
  Corefile: |
    .:53 {
        hosts /etc/coredns/NodeHosts
    }
---
apiVersion: v1
kind: Service
metadata:
  name: kube-dns
---
";

#[test]
fn the_records_are_set_and_nothing_else_changes() {
    let once = with_host_records(TEXT, "172.18.0.1 host.k3d.internal\n").unwrap();
    assert!(once.contains("  NodeHosts: |\n    172.18.0.1 host.k3d.internal\n"), "{once}");
    assert!(once.contains("    .:53 {\n") && once.contains("name: kube-dns"), "{once}");
    let again = with_host_records(&once, "172.18.0.9 host.k3d.internal\n").unwrap();
    assert!(again.contains("172.18.0.9") && !again.contains("172.18.0.1 "), "{again}");
    assert_eq!(again.replace("172.18.0.9", "172.18.0.1"), once);
}

#[test]
fn what_is_no_yaml_is_left_alone() {
    assert!(with_host_records("a: [", "x").is_err());
}
