//! Copies of the lobby's manifest, broken in one way each.

use std::path::Path;

/// What the cluster shows first.
#[derive(Clone, Copy)]
pub enum Sign {
    Unschedulable,
    /// The container waits for this reason.
    Waiting(&'static str),
    /// The second run has begun: the first one was no accident.
    Restarted,
    /// An event with this reason, so many times.
    Event(&'static str, u64),
    /// Bound to a node whose kubelet says nothing about it.
    Untouched,
    NodeUnknown,
}

/// One way to break it.
pub struct Variant {
    /// Name of the workload, of its file, and the beginning of every object's name.
    pub name: &'static str,
    /// Text of the manifest and what stands there instead.
    pub changes: &'static [(&'static str, &'static str)],
    pub sign: Sign,
    /// The line that is named; empty where none is at fault.
    pub line: &'static str,
    /// What the paragraph must say.
    pub words: &'static [&'static str],
}

const ARGS: &str = "          args:\n            - NAME";
const IMAGE: &str = "image: game-server";
const RETRY: Sign = Sign::Event("FailedCreate", 1);

/// So many at a time that two cores carry them, and every clock still means something.
pub const AT_ONCE: usize = 5;

/// The first ones while the frozen node still counts as ready.
#[rustfmt::skip]
pub const VARIANTS: [Variant; 19] = [
    Variant { name: "b-silent", changes: &[("workload: backend", "workload: compute")], sign: Sign::Untouched,
        line: "", words: &["does not start its pod", "docker restart"] },
    Variant { name: "b-label", changes: &[("workload: backend", "workload: compte")], sign: Sign::Unschedulable,
        line: "workload: compte", words: &["the label workload=compte, and no node has it", "has workload=compute", "cargo xtask label"] },
    Variant { name: "b-policy", changes: &[("                - ALL", "                - NET_RAW")], sign: RETRY,
        line: "", words: &["See manifests/b-policy.yaml:", "the policy restricted", "capabilities.drop"] },
    Variant { name: "b-quota", changes: &[
            ("cpu: 20m", "cpu: 20m\n              example.dev/seat: 1"), ("memory: 128Mi", "memory: 128Mi\n              example.dev/seat: 1"),
            ("# End.", "---\napiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: b-quota-seats\n  namespace: game-prod\nspec:\n  hard:\n    requests.example.dev/seat: \"0\"\n")],
        sign: RETRY, line: "example.dev/seat: 1", words: &["the ResourceQuota b-quota-seats", "requested: requests.example.dev/seat=1"] },
    Variant { name: "b-key", changes: &[("key: ticket-secret", "key: ticket-sekret")], sign: Sign::Waiting("CreateContainerConfigError"),
        line: "key: ticket-sekret", words: &["the key ticket-sekret of the Secret game-secrets"] },
    Variant { name: "b-foreign", changes: &[(IMAGE, "image: foreign:1")], sign: Sign::Restarted,
        line: "image: foreign:1", words: &["built for another processor", "exec format error"] },
    Variant { name: "b-secret", changes: &[("- configMapRef:\n                name: match", "- secretRef:\n                name: lost")],
        sign: Sign::Waiting("CreateContainerConfigError"), line: "name: lost", words: &["the Secret lost, which does not exist"] },
    Variant { name: "b-image", changes: &[(IMAGE, "image: nobody/has-this:1")], sign: Sign::Waiting("ErrImagePull"),
        line: "image: nobody/has-this:1", words: &["has not got the image nobody/has-this:1", "docker pull nobody/has-this:1"] },
    Variant { name: "b-hook", changes: &[("  template:\n    metadata:\n      labels:", "  template:\n    metadata:\n      labels:\n        hook: game-test-pods")], sign: RETRY,
        line: "", words: &["the admission webhook game-test-pods.example.dev", "does not answer", "kubectl delete validatingwebhookconfiguration game-test-pods"] },
    Variant { name: "b-claim", changes: &[
            ("      volumes:", "      volumes:\n        - name: data\n          persistentVolumeClaim:\n            claimName: b-claim-data"),
            ("# End.", "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: b-claim-data\n  namespace: game-prod\nspec:\n  storageClassName: fast\n  accessModes:\n    - ReadWriteOnce\n  resources:\n    requests:\n      storage: 1Gi\n")],
        sign: Sign::Event("ProvisioningFailed", 1), line: "storageClassName: fast", words: &["the storage class fast, which does not exist", "local-path"] },
    Variant { name: "b-cpu", changes: &[("cpu: 20m", "cpu: 640")], sign: Sign::Unschedulable,
        line: "cpu: 640", words: &["asks for 640 cores", "Insufficient cpu"] },
    Variant { name: "b-taint", changes: &[("workload: backend", "node-role.kubernetes.io/control-plane: \"true\"")], sign: Sign::Unschedulable,
        line: "", words: &["by the taint game-server.dev/test", "kubectl taint node"] },
    Variant { name: "b-panic", changes: &[(ARGS, "          args:\n            - panic")], sign: Sign::Restarted,
        line: "", words: &["See manifests/b-panic.yaml:", "panicked at", "the ranking store is damaged: page 7 has no checksum", "exit code 101"] },
    Variant { name: "b-memory", changes: &[(ARGS, "          args:\n            - memory"), ("memory: 128Mi", "memory: 24Mi")], sign: Sign::Restarted,
        line: "memory: 24Mi", words: &["needs more memory than its limit of 24Mi", "OOMKilled"] },
    Variant { name: "b-mount", changes: &[
            ("      volumes:", "      volumes:\n        - name: page\n          secret:\n            secretName: lost-page"),
            ("          volumeMounts:", "          volumeMounts:\n            - name: page\n              mountPath: /page")],
        sign: Sign::Event("FailedMount", 1), line: "secretName: lost-page", words: &["the Secret lost-page, which does not exist"] },
    Variant { name: "b-command", changes: &[(ARGS, "          command:\n            - /game-sever")], sign: Sign::Restarted,
        line: "- /game-sever", words: &["cannot start /game-sever", "no such file or directory"] },
    Variant { name: "b-error", changes: &[(ARGS, "          args:\n            - error")], sign: Sign::Restarted,
        line: "", words: &["See manifests/b-error.yaml:", "ends again and again", "postgres://game:[redacted]@db/game: connection refused"] },
    Variant { name: "b-port", changes: &[(ARGS, "          args:\n            - port")], sign: Sign::Restarted,
        line: "", words: &["a port that is taken", "Address already in use"] },
    Variant { name: "b-path", changes: &[(ARGS, "          args:\n            - serve\n            - \"404\""), ("path: /readyz", "path: /ready")],
        sign: Sign::Event("Unhealthy", 5), line: "path: /ready", words: &["Readiness probe failed: HTTP probe failed with statuscode: 404"] },
];

/// Refused by the API server before a pod is thought of.
#[rustfmt::skip]
pub const REFUSED: [Variant; 3] = [
    Variant { name: "b-field", changes: &[("  replicas: 1", "  replcas: 1")], sign: RETRY, line: "",
        words: &["Deployment/b-field: there is no field `spec.replcas`", "Did you mean `replicas`?"] },
    Variant { name: "b-number", changes: &[("containerPort: 9100", "containerPort: 70000")], sign: RETRY, line: "containerPort: 70000",
        words: &["must be between 1 and 65535"] },
    Variant { name: "b-gate", changes: &[("namespace: game-prod\n  labels:", "namespace: game-prod\n  labels:\n    hook: game-test-objects")], sign: RETRY, line: "",
        words: &["the admission webhook game-test-objects.example.dev", "service \"nothing\" not found"] },
];

/// A pod for a node that is frozen.
#[rustfmt::skip]
pub const FROZEN: Variant = Variant { name: "b-node", changes: &[("workload: backend", "workload: compute")], sign: Sign::NodeUnknown,
    line: "", words: &["is not ready", "Kubelet stopped posting node status"] };

impl Variant {
    /// The manifest, broken; fails where the original no longer holds the text that is to be changed.
    pub fn text(&self) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let original = std::fs::read_to_string(root.join("manifests/lobby.yaml")).unwrap();
        let renamed = original.replace("lobby", self.name);
        // It is a user of the bus under the name that has a password.
        let mut text = renamed.replace(&format!("bus-{}", self.name), "bus-lobby") + "# End.\n";
        for (from, to) in self.changes {
            let from = from.replace("NAME", self.name);
            assert!(text.contains(&from), "{}: {from:?} is not in manifests/lobby.yaml", self.name);
            text = text.replacen(&from, to, 1);
        }
        // Everything else about it is well: a program that stays, and answers nothing.
        text.replacen(&ARGS.replace("NAME", self.name), "          args:\n            - sleep", 1)
    }
}
