//! Whatever stands in a kubeconfig, a sentence and a fix come of it, and never a panic.

use kube::config::Kubeconfig;

use super::Entry;
use crate::kubernetes::Kubernetes;
use crate::report::{Exit, Failure, Report};

async fn connect(cluster: &str, user: &str) -> Result<Kubernetes, Failure> {
    let text = format!(
        "{{apiVersion: v1, kind: Config, clusters: [{{name: c, cluster: {{{cluster}}}}}], users: [{{name: u, user: \
         {{{user}}}}}], contexts: [{{name: prod, context: {{cluster: c, user: u}}}}]}}"
    );
    let file = Kubeconfig::from_yaml(&text).unwrap();
    let entry = Entry { context: "prod", place: "/home/x/.kube/config" };
    let limit = std::time::Duration::from_secs(1);
    Kubernetes::of(&Report::quiet(), file, entry, limit)
        .await
        .map_err(|error| error.downcast::<Failure>().unwrap())
}

const TOKEN: &str = "token: abc";
const GOOD: &str = r#"server: "https://127.0.0.1:1""#;
/// Cluster and user of a kubeconfig, how it ends, what is found, and what helps.
const FAULTS: [(&str, &str, Exit, &str, &str); 14] = [
    (
        r#"server: "127.0.0.1:6443""#,
        TOKEN,
        Exit::Refused,
        "`server: 127.0.0.1:6443` is no address",
        "https://127.0.0.1:6443",
    ),
    (r#"server: "localhost""#, TOKEN, Exit::Refused, "is no address", "write `server: https://localhost`"),
    (r#"server: "ftp://x""#, TOKEN, Exit::Refused, "is no address", "https://x"),
    (r#"server: "https://""#, TOKEN, Exit::Refused, "is empty", "get the kubeconfig"),
    (r#"server: "https://a b""#, TOKEN, Exit::Refused, "is no address", "https://a b"),
    (r#"server: """#, TOKEN, Exit::Refused, "is empty", "get the kubeconfig"),
    ("", TOKEN, Exit::Refused, "is empty", "get the kubeconfig"),
    (
        r#"server: "https://127.0.0.1:1", certificate-authority: /nope/ca.crt"#,
        TOKEN,
        Exit::Refused,
        "`certificate-authority: /nope/ca.crt` cannot be read: No such file",
        "--flatten",
    ),
    (
        r#"server: "https://127.0.0.1:1", certificate-authority-data: "!!""#,
        TOKEN,
        Exit::Refused,
        "certificate authority",
        "correct that file",
    ),
    (
        r#"server: "https://127.0.0.1:1", proxy-url: "proxy:3128""#,
        TOKEN,
        Exit::Refused,
        "`proxy-url: proxy:3128`",
        "proxy:3128",
    ),
    (
        GOOD,
        "client-certificate: /nope/c, client-key: /nope/k",
        Exit::Refused,
        "`client-certificate: /nope/c`",
        "--flatten",
    ),
    (
        GOOD,
        "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: /nope/gke-gcloud-auth-plugin}",
        Exit::Prerequisite,
        "the program `/nope/gke-gcloud-auth-plugin`, which is not installed",
        "gcloud components install",
    ),
    (
        GOOD,
        "exec: {apiVersion: client.authentication.k8s.io/v1, command: our-own-login, installHint: ask Kim}",
        Exit::Prerequisite,
        "`our-own-login`",
        "ask Kim",
    ),
    (
        GOOD,
        r#"exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: ["-c", "echo expired >&2; exit 3"]}"#,
        Exit::Prerequisite,
        "expired",
        "log in anew",
    ),
];

#[tokio::test]
async fn each_fault_has_its_sentence_its_fix_and_its_exit_code() {
    for (cluster, user, exit, found, fix) in FAULTS {
        let failure = connect(cluster, user).await.err().unwrap_or_else(|| panic!("{cluster} was taken"));
        assert_eq!(failure.exit, exit, "{failure}");
        assert!(failure.found.contains(found) && failure.fix.contains(fix), "{failure} fix: {}", failure.fix);
        assert!(failure.to_string().contains("context prod of /home/x/.kube/config"), "{failure}");
    }
    assert!(connect(GOOD, TOKEN).await.is_ok());
}

#[tokio::test]
async fn no_text_of_a_server_ends_in_a_panic() {
    let parts = [
        "", "http", "https", "://", ":", "/", "[", "]", "::1", "host", "é", "%", "6443", "99999999", "@",
        "?", "#", " ",
    ];
    for first in parts {
        for second in parts {
            for third in parts {
                let server = format!("server: \"{first}{second}{third}\"");
                let _ = connect(&server, "token: abc").await;
            }
        }
    }
}
