//! The names that k3d would give.

use super::*;

/// As k3s writes it, without the certificates.
const OF_K3S: &str = "\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QQ==
    server: https://127.0.0.1:6443
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
users:
- name: default
  user:
    client-certificate-data: Qg==
    client-key-data: Qw==
";

#[test]
fn what_k3s_wrote_becomes_what_k3d_would_give() {
    let of_k3d = OF_K3S
        .replace("user: default", "user: admin@k3d-k3s-local")
        .replace("- name: default", "- name: admin@k3d-k3s-local")
        .replace("default", "k3d-k3s-local")
        .replace(":6443", ":40002");
    let expected: Value = serde_yaml::from_str(&of_k3d).unwrap();
    let got: Value = serde_yaml::from_str(&kubeconfig(OF_K3S, "k3s-local", 40002).unwrap()).unwrap();
    assert_eq!(got, expected);
}

#[test]
fn a_file_that_is_half_written_or_none_is_refused() {
    for (text, said) in [
        (&OF_K3S[..OF_K3S.find("contexts:").unwrap()], "it has no contexts"),
        ("clusters: []", "it has no clusters"),
        ("clusters: [", "reading what k3s wrote"),
    ] {
        assert_eq!(kubeconfig(text, "k3s-local", 1).unwrap_err().to_string(), said);
    }
}
