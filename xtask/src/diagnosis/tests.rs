//! Facts recorded from a real cluster of 1.34, one file a cause; refusals in the words of that API server.

use std::path::Path;

use super::*;
use admission::Refusal;

/// File, cause, object, value at fault, and words of the paragraph.
type Recorded = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const CONTAINER: &str = "/spec/template/spec/containers/0";
#[rustfmt::skip]
const RECORDED: [Recorded; 30] = [
    ("arguments", "arguments", "Deployment/usage", "{}/args", &["unexpected argument '--speed'", "exit code 2"]),
    ("claim-missing", "claim-missing", "Deployment/noclaim", "/spec/template/spec/volumes/0/persistentVolumeClaim/claimName", &["claim gone"]),
    ("command-missing", "command-missing", "Deployment/command", "{}/command/0", &["cannot start /game-sever", "no such file or directory"]),
    ("configmap-missing", "configmap-missing", "Deployment/configmap", "{}/envFrom/0/configMapRef/name", &["the ConfigMap setings, which does not exist"]),
    ("crash-loop", "crash-loop", "Deployment/error", "{}/args", &["connection refused", "exit code 1, 3 times"]),
    ("host-port", "port-clash", "Deployment/hostport", "{}/ports/0/hostPort", &["port 9100 of a node", "held by hostport-df7f7f677-77w8h on k3d-rc-agent-1"]),
    ("image-missing", "image-missing", "Deployment/image", "{}/image", &["k3d-rc-agent-1 has not got the image game-server:000000000000", "no such host"]),
    ("label-missing", "label-missing", "Deployment/label", "/spec/template/spec/nodeSelector/workload", &["workload=compte", "k3d-rc-agent-0 has workload=compute"]),
    ("mounted-configmap-missing", "configmap-missing", "Deployment/mount", "/spec/template/spec/volumes/0/configMap/name", &["the ConfigMap page"]),
    ("node-not-ready", "node-not-ready", "Pod/onnode", "", &["k3d-rc-agent-0", "Kubelet stopped posting node status"]),
    ("old-pod-blocks", "old-pod-blocks", "StatefulSet/setpanic", "/spec/template", &["setpanic-0 is of an earlier revision"]),
    ("out-of-memory", "out-of-memory", "Deployment/memory", "{}/resources/limits/memory", &["more memory than its limit of 64Mi", "OOMKilled on k3d-rc-agent-1"]),
    ("panic", "panic", "Deployment/panic", "{}/args", &["panicked at misbehave.rs:11:20: the ranking store is damaged", "exit code 101"]),
    ("pod-security", "pod-security", "Deployment/podsecurity", "{}/securityContext", &["policy restricted", "capabilities.drop"]),
    ("port-taken-inside", "port-clash", "Deployment/port", "{}/args", &["Address already in use"]),
    ("probe-liveness", "probe-failed", "Deployment/live", "{}/livenessProbe", &["livenessProbe fails", "statuscode: 404"]),
    ("probe-not-ready", "probe-failed", "Deployment/ready503", "{}/readinessProbe/httpGet/path", &["says that it is not ready", "503"]),
    ("probe-path", "probe-failed", "Deployment/ready404", "{}/readinessProbe/httpGet/path", &["refuses the question", "asked for /ready on the port 9100"]),
    ("probe-refused", "probe-failed", "Deployment/refused", "{}/readinessProbe/httpGet/port", &["nothing listens", "connection refused"]),
    ("quota", "quota", "Deployment/quota", "{}/resources/requests/example.dev~1token", &["ResourceQuota tokens", "requested: requests.example.dev/token=1"]),
    ("registry-unreachable", "image-missing", "Deployment/registry", "{}/image", &["registry.example/nats:2.99", "does not resolve inside the node"]),
    ("resources", "resources", "Deployment/cpu", "{}/resources/requests/cpu", &["asks for 64 cores", "k3d-rc-agent-1 offers 2 cores", "ask for 0 cores"]),
    ("sandbox-failed", "sandbox-failed", "Deployment/root", "/spec/template/spec/securityContext", &["user group \"65532\" is specified without user"]),
    ("secret-key-missing", "secret-key-missing", "Deployment/key", "{}/env/0/valueFrom/secretKeyRef/key", &["the key ticket-sekret of the Secret game-secrets"]),
    ("secret-missing", "secret-missing", "Deployment/secret", "{}/env/0/valueFrom/secretKeyRef/name", &["the Secret game-secretz, which does not exist"]),
    ("stateful-set-panic", "panic", "StatefulSet/setpanic", "{}/args", &["page 7 has no checksum"]),
    ("stateful-set-quota", "quota", "StatefulSet/setquota", "{}/resources/requests/example.dev~1token", &["ResourceQuota tokens"]),
    ("storage-class-missing", "volume-not-bound", "PersistentVolumeClaim/data", "/spec/storageClassName", &["storage class fast", "there are: local-path"]),
    ("volume-refused", "volume-not-bound", "PersistentVolumeClaim/many", "/spec/accessModes", &["Only support ReadWriteOnce"]),
    ("webhook-unreachable", "webhook-unreachable", "Deployment/webhook", "/spec/template/spec", &["check.example.dev (rc-hook)", "service \"nothing\" not found"]),
];
const ARCHITECTURE: Recorded = (
    "wrong-architecture",
    "wrong-architecture",
    "Deployment/arch",
    "{}/image",
    &["k3d-rc-agent-1 (amd64)", "exec format error"],
);

fn recorded(name: &str) -> Facts {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/diagnosis/recorded/{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[track_caller]
fn only(facts: &Facts) -> Cause {
    let causes = causes(facts);
    assert_eq!(causes.len(), 1, "{causes:#?}");
    causes.into_iter().next().unwrap()
}

#[test]
fn every_recorded_failure_is_named_with_its_evidence() {
    for (file, id, object, pointer, words) in RECORDED.into_iter().chain([ARCHITECTURE]) {
        let cause = only(&recorded(file));
        assert_eq!((cause.id, cause.object.as_str()), (id, object), "{file}");
        assert_eq!(cause.pointer, pointer.replace("{}", CONTAINER), "{file}");
        let paragraph = cause.paragraph(None);
        for part in words {
            assert!(paragraph.contains(part), "{file}: {part:?} is not in: {paragraph}");
        }
        assert!(!paragraph.contains('\n') && !cause.fix.is_empty(), "{file}: {paragraph}");
    }
}

#[test]
fn every_file_of_recorded_facts_is_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnosis/recorded");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), RECORDED.len() + 1);
}

#[test]
fn what_a_cause_points_at_is_in_the_object() {
    for (file, ..) in RECORDED {
        let facts = recorded(file);
        let pointer = only(&facts).pointer;
        let mut objects = facts.workloads.iter().chain(&facts.claims);
        assert!(
            pointer.is_empty() || objects.any(|one| one.pointer(&pointer).is_some()),
            "{file}: {pointer}"
        );
    }
}

/// The bound that a user is promised: no cause is watched for longer than this before the rollout fails, except a
/// program that says itself that it is not ready yet.
#[test]
fn a_cause_is_certain_within_fifteen_seconds() {
    for (file, ..) in RECORDED.into_iter().chain([ARCHITECTURE]).filter(|one| one.0 != "probe-not-ready") {
        let settles = only(&recorded(file)).settles;
        assert!(settles < Duration::from_secs(15), "{file}: {settles:?}");
    }
    assert_eq!(only(&recorded("wrong-architecture")).settles, Duration::ZERO);
    assert_eq!(only(&recorded("pod-security")).settles, Duration::ZERO);
}

#[test]
fn a_second_end_makes_a_crash_certain() {
    let mut facts = recorded("panic");
    let settled = only(&facts).settles;
    facts.pods[0]["status"]["containerStatuses"][0]["restartCount"] = 0.into();
    assert!(only(&facts).settles > settled);
}

#[test]
fn what_ended_with_its_node_has_not_crashed() {
    for reason in ["Unknown", "ContainerStatusUnknown"] {
        let mut facts = recorded("panic");
        let status = &mut facts.pods[0]["status"]["containerStatuses"][0];
        status["restartCount"] = 4.into();
        status["state"] = json!({"running": {"startedAt": "2026-11-24T10:40:01Z"}});
        status["lastState"]["terminated"]["reason"] = json!(reason);
        status["lastState"]["terminated"]["exitCode"] = 255.into();
        assert_eq!(causes(&facts), [], "{reason}");
    }
}

#[test]
fn a_mount_that_the_kubelet_tries_again_by_itself_is_no_cause() {
    let mut facts = recorded("mounted-configmap-missing");
    for event in &mut facts.events {
        event["message"] = json!("MountVolume.SetUp failed for volume \"page\" : device is busy");
    }
    assert_eq!(only(&facts).id, "mount-failed");
    for words in [
        "failed to process volumes=[data]: error processing PVC game-prod/data-ranking-0: failed to fetch PVC from API server: \
         persistentvolumeclaims \"data-ranking-0\" is forbidden: User \"system:node:k3d-rc-agent-1\" cannot get resource \
         \"persistentvolumeclaims\" in API group \"\" in the namespace \"game-prod\": no relationship found between node \
         'k3d-rc-agent-1' and this object",
        "MountVolume.SetUp failed for volume \"page\" : object \"game-prod\"/\"page\" not registered",
        "MountVolume.SetUp failed for volume \"page\" : failed to sync configmap cache: timed out waiting for the condition",
    ] {
        for event in &mut facts.events {
            event["message"] = json!(words);
        }
        assert_eq!(causes(&facts), [], "{words}");
    }
}

#[test]
fn only_a_kubelet_that_asked_too_early_is_woken() {
    let mut facts = recorded("mounted-configmap-missing");
    assert_eq!(references::asked_too_early(&facts), [""; 0]);
    for event in &mut facts.events {
        event["message"] = json!("forbidden: no relationship found between node 'a' and this object");
    }
    let pod = facts.pods[0]["metadata"]["name"].as_str().unwrap().to_owned();
    assert_eq!(references::asked_too_early(&facts), [pod]);
    facts.pods[0]["status"]["containerStatuses"][0]["state"] = json!({"running": {}});
    assert_eq!(references::asked_too_early(&facts), [""; 0], "it runs by now");
}

#[test]
fn pods_that_are_well_or_ending_or_replaced_have_no_cause() {
    for change in ["/status/conditions", "/metadata/deletionTimestamp", "/metadata/ownerReferences/0/uid"] {
        let mut facts = recorded("panic");
        match change {
            "/status/conditions" => {
                facts.pods[0]["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
            }
            "/metadata/deletionTimestamp" => {
                facts.pods[0]["metadata"]["deletionTimestamp"] = json!("2026-11-24T10:40:01Z");
            }
            _ => facts.pods[0]["metadata"]["ownerReferences"][0]["uid"] = json!("an earlier ReplicaSet"),
        }
        assert_eq!(causes(&facts), [], "{change}");
    }
    assert_eq!(causes(&Facts::default()), []);
}

#[test]
fn what_waits_for_a_pod_that_is_still_starting_is_not_to_blame() {
    let mut facts = recorded("probe-refused");
    let blamed = only(&facts).settles;
    let mut starting = facts.pods[0].clone();
    starting["metadata"]["name"] = json!("nats-0");
    starting["metadata"]["uid"] = json!("another");
    starting["status"] = json!({"phase": "Pending", "startTime": "2026-11-24T10:39:21Z",
        "conditions": [{"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [{"name": "refused", "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    facts.pods.push(starting);
    assert!(only(&facts).settles > blamed * 2);
}

#[test]
fn a_node_that_is_gone_explains_what_its_pods_do() {
    let mut facts = recorded("panic");
    let ready = facts.nodes.iter_mut().find(|node| node["metadata"]["name"] == "k3d-rc-agent-1").unwrap();
    ready["status"]["conditions"] = json!([{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status."}]);
    let cause = only(&facts);
    assert_eq!((cause.id, cause.object.as_str()), ("node-not-ready", "Deployment/panic"));
    facts.pods.clear();
    facts.workloads.clear();
    assert_eq!(only(&facts).object, "Node/k3d-rc-agent-1");
}

#[test]
fn taints_and_service_ports_are_told_from_labels() {
    let mut facts = recorded("label-missing");
    facts.pods[0]["spec"]["nodeSelector"] = json!({"workload": "backend"});
    let tolerated =
        json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"});
    facts.pods[0]["spec"]["tolerations"] = json!([tolerated]);
    let words = "0/3 nodes are available: 1 node(s) had untolerated taint(s), \
                 2 node(s) didn't match Pod's node affinity/selector. preemption: no.";
    facts.pods[0]["status"]["conditions"] =
        json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}]);
    let node =
        facts.nodes.iter_mut().find(|node| node["metadata"]["labels"]["workload"] == "backend").unwrap();
    node["spec"]["taints"] = json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"},
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]);
    let cause = only(&facts);
    assert_eq!(cause.id, "taint");
    assert_eq!(cause.fix, "run `kubectl uncordon k3d-rc-agent-1`");
    let service = json!({"metadata": {"name": "svclb-gateway-x", "namespace": "kube-system",
            "labels": {"svccontroller.k3s.cattle.io/svcname": "gateway"}},
        "spec": {"containers": [{"name": "lb", "ports": [{"containerPort": 80, "hostPort": 80}]}]},
        "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "message": "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."}]}});
    let facts = Facts { pods: vec![service], nodes: facts.nodes, ..Facts::default() };
    let cause = only(&facts);
    assert_eq!(
        (cause.id, cause.object.as_str(), cause.pointer.as_str()),
        ("port-clash", "Service/gateway", "/spec/ports/0/port")
    );
}

#[track_caller]
fn refused(message: &str, fields: &[&str], id: &str, pointer: &str) -> Cause {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    let refusal = Refusal { object: "Deployment/bad".to_owned(), message: message.to_owned(), fields };
    let cause = admission::refused(&refusal, &recorded("webhook-unreachable"));
    assert_eq!((cause.id, cause.pointer.as_str()), (id, pointer), "{message}");
    cause
}

#[test]
fn a_refused_object_is_named_with_the_field_at_fault() {
    let words = "failed to create typed patch object (game-prod/bad; apps/v1, Kind=Deployment): .spec.replcas: field not declared in schema";
    let cause = refused(words, &[], "rejected", "/spec/replcas");
    assert!(
        cause.paragraph(None).contains(".spec.replcas: field not declared in schema"),
        "{}",
        cause.paragraph(None)
    );
    let words = "failed to create typed patch object (game-prod/bad; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string";
    refused(words, &[], "rejected", "/spec/replicas");
    let words = "Deployment.apps \"bad\" is invalid: spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive";
    let field = "spec.template.spec.containers[0].ports[0].containerPort";
    let cause =
        refused(words, &[field], "rejected", "/spec/template/spec/containers/0/ports/0/containerPort");
    assert!(cause.paragraph(None).contains("must be between 1 and 65535"), "{}", cause.paragraph(None));
    let words = "Deployment.apps \"bad\" is invalid: spec.selector: Invalid value: {}: field is immutable";
    let cause = refused(words, &["spec.selector"], "immutable", "/spec/selector");
    assert!(cause.fix.contains("delete deployment bad --cascade=orphan"), "{}", cause.fix);
    refused("something new", &[], "rejected", "/metadata/name");
}

#[test]
fn webhooks_quotas_and_ranges_are_told_from_mistakes() {
    let words = "Internal error occurred: failed calling webhook \"check.example.dev\": failed to call webhook: Post \"https://nothing.default.svc:443/?timeout=2s\": service \"nothing\" not found";
    let cause = refused(words, &[], "webhook-unreachable", "/metadata/name");
    assert!(cause.fix.contains("kubectl delete validatingwebhookconfiguration rc-hook"), "{}", cause.fix);
    let words = "admission webhook \"check.example.dev\" denied the request: images must be signed";
    let cause = refused(words, &[], "webhook-denied", "/metadata/name");
    assert!(cause.paragraph(None).contains("images must be signed"));
    refused(
        "services \"x\" is forbidden: exceeded quota: few, requested: services=1, used: services=0, limited: services=0",
        &[],
        "quota",
        "/metadata/name",
    );
    refused(
        "Service \"x\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
        &["spec.ports[0].nodePort"],
        "port-clash",
        "/spec/ports/0/nodePort",
    );
    refused(
        "pods \"x\" is forbidden: maximum memory usage per Container is 64Mi, but limit is 512Mi",
        &[],
        "limit-range",
        "/spec/containers/0/resources",
    );
}
