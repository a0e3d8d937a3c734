//! The manifests of this clone, and what pods say about theirs.

use serde_json::Value;

use crate::doctor::machine::{Machine, Slow};
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};
use crate::manifests::Object;
use crate::settings::GENERATED_SECRET;

pub const FAMILY: Family = Family {
    title: "Manifests",
    section: "manifests",
    about: "What can be checked without a cluster is: keys that nothing defines, labels that no node has, ports that \
            two services want.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("manifests-refused", "the manifests cannot be used")
        .check([Silent, Fail, Silent], manifests_refused)
        .cause("`deploy` stops at it before it changes anything.")
        .fix("correct the file that is named")
        .tell("kubectl apply --dry-run=server -f <file> says the same, with the path of the field")
        .log(
            r"error validating data|strict decoding error: |admission webhook .* denied the request|is invalid: (?:spec|metadata)",
            "Error from server (BadRequest): error when creating \"room.yaml\": StatefulSet in version \"v1\" cannot be handled as a StatefulSet: strict decoding error: unknown field \"spec.template.spec.contaners\"",
        )
        .general(),
    Rule::new("cluster-config-refused", "the config of the cluster cannot be used")
        .check([Silent, Fail, Info], cluster_config_refused)
        .cause("Every command that works on the cluster stops at it; the other findings assume one server and two agents.")
        .fix("correct the line that is named; docs/k3d-config.md has every key"),
    Rule::new("cluster-config-unwise", "the config of the cluster says what was probably not meant")
        .check([Silent, Warn, Silent], cluster_config_unwise)
        .cause("k3d takes it, and what comes of it is not what the line promises.")
        .fix("correct manifests/cluster/k3d.yaml; docs/k3d-config.md has every key"),
    Rule::new("unschedulable-selector", "pods ask for a node that the cluster does not have")
        .check([Silent, Fail, Silent], unschedulable_selector)
        .cause("A pod waits for ever when no node has the labels of its nodeSelector.")
        .fix("add the label under nodeLabels in manifests/cluster/k3d.yaml, then cargo xtask label; on a real cluster: kubectl label node <node> <label> --overwrite")
        .log(
            r"(?P<count>\d+) node\(s\) didn't match Pod's node affinity/selector",
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        )
        .certain(),
    Rule::new("create-container-config-error", "a pod reads a key that nothing defines")
        .check([Silent, Fail, Silent], create_container_config_error)
        .cause("A container is not created while a ConfigMap, Secret or key that its environment names is missing; it recovers by itself.")
        .fix("define it in manifests/settings.yaml (Secrets are made by cargo xtask deploy), then cargo xtask deploy")
        .log(
            r#"CreateContainerConfigError|couldn't find key (?P<key>\S+) in (?:ConfigMap|Secret) (?P<object>\S+)|Error: (?:configmap|secret) "[^"]+" not found|container has runAsNonRoot and image will run as root"#,
            "Error: couldn't find key GAME_TOKEN in Secret game/server-secrets",
        )
        .certain(),
    Rule::new("mount-config-missing", "a pod mounts what nothing defines")
        .check([Silent, Fail, Silent], mount_config_missing)
        .cause("The pod stays in ContainerCreating until the object is there.")
        .fix("define it beside what mounts it, then cargo xtask deploy")
        .log(
            r#"MountVolume\.SetUp failed for volume "(?P<volume>[^"]+)" : (?:configmap|secret) "(?P<object>[^"]+)" not found"#,
            "Warning  FailedMount  4s (x5 over 12s)  kubelet  MountVolume.SetUp failed for volume \"config\" : configmap \"settings\" not found",
        )
        .certain(),
    Rule::new("lb-pending-svclb", "two services want the same port of every node")
        .check([Silent, Fail, Silent], lb_pending_svclb)
        .cause("k3s's load balancer takes the port on each node, so the second one stays <pending>; traefik takes 80 and 443 where it is on.")
        .fix("another port, an Ingress, or --disable=traefik for server:* in manifests/cluster/k3d.yaml")
        .log(
            r"node\(s\) didn't have free ports for the requested pod ports",
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
        )
        .certain(),
    Rule::new("hpa-unknown", "an autoscaler cannot know the load")
        .check([Silent, Warn, Silent], hpa_unknown)
        .cause("Every container of the pods needs a request; within the first 90 s of a cluster metrics are missing as well.")
        .fix("resources.requests for every container; wait a minute; kubectl get apiservice v1beta1.metrics.k8s.io")
        .log(
            r"FailedGetResourceMetric|missing request for (?:cpu|memory)|unable to fetch metrics from resource metrics API|<unknown>/\d+",
            "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu",
        )
        .certain(),
    Rule::new("pvc-pending", "a volume asks for what local storage cannot do")
        .check([Silent, Warn, Silent], pvc_pending)
        .cause("local-path gives a folder of one node to pods of that node; it does not share, and a lost node takes it along.")
        .fix("kubectl get storageclass, and name one that is there; accessModes: [ReadWriteOnce] on local storage")
        .answers(&["storage-class-missing", "volume-multi-attach", "local-path-helper-failed"])
        .last_resort("after the loss of a node: kubectl delete pvc <claim>; its data are lost with the node")
        .tell("kubectl describe pvc <claim>: its events name the class or node")
        .log(
            r#"no persistent volumes available|storageclass\.storage\.k8s\.io "(?P<class>[^"]+)" not found|ProvisioningFailed|volume node affinity conflict"#,
            "0/3 nodes are available: 1 node(s) had volume node affinity conflict, 2 node(s) didn't match PersistentVolume's node affinity.",
        )
        .general(),
    Rule::new("probe-failed", "a probe asks a port that the container does not open")
        .check([Silent, Fail, Silent], probe_failed)
        .cause("Refused: the wrong port, a program that listens on 127.0.0.1 only, or one that still starts. Deadline exceeded: it is slow, the default is 1 s. A status code: path or access.")
        .fix("name the port under ports and in the probe alike; listen on 0.0.0.0; a startupProbe for slow starts; timeoutSeconds: 3")
        .tell("kubectl describe pod: which probe, which port and path; kubectl exec <pod> -- wget -qO- http://127.0.0.1:<port><path> tells whether the program answers")
        .log(
            r"Liveness probe (?:failed|errored)|\(x\d+ over .*(?:Readiness|Startup) probe (?:failed|errored)",
            "Warning  Unhealthy  2s (x9 over 42s)  kubelet  Readiness probe failed: Get \"http://10.42.1.7:9100/readyz\": dial tcp 10.42.1.7:9100: connect: connection refused",
        )
        .log(r"(?:Readiness|Startup) probe (?:failed|errored)", "Startup probe failed: context deadline exceeded")
        .at_start()
        .general(),
];

fn manifests_refused(machine: &Machine) -> Option<Found> {
    Some(Found::new(machine.slow.as_ref()?.manifests_error.as_deref()?))
}

fn cluster_config_refused(machine: &Machine) -> Option<Found> {
    Some(Found::new(machine.slow.as_ref()?.cluster_config_error.as_deref()?))
}

fn cluster_config_unwise(machine: &Machine) -> Option<Found> {
    let notes = &machine.slow.as_ref()?.cluster_config_notes;
    (!notes.is_empty()).then(|| Found::new(notes.join("; ")))
}

fn unschedulable_selector(machine: &Machine) -> Option<Found> {
    let slow = machine.slow.as_ref()?;
    let unmet = |object: &&Object| {
        let wanted = object.value["spec"]["template"]["spec"]["nodeSelector"].as_object();
        wanted.is_some_and(|wanted| {
            !slow.node_labels.values().any(|labels| {
                wanted.iter().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
            })
        })
    };
    let object = workloads(slow).find(unmet)?;
    let wanted = &object.value["spec"]["template"]["spec"]["nodeSelector"];
    Some(Found::new(format!(
        "{}: {} wants {wanted}, and no node of k3d.yaml is labelled so",
        object.file,
        object.key()
    )))
}

fn create_container_config_error(machine: &Machine) -> Option<Found> {
    let slow = machine.slow.as_ref()?;
    workloads(slow).find_map(|object| {
        let (map, key) =
            containers(object).find_map(|container| undefined_key(container, &slow.manifests))?;
        Some(Found::new(format!("{}: {} reads {key} of the ConfigMap {map}", object.file, object.key())))
    })
}

fn mount_config_missing(machine: &Machine) -> Option<Found> {
    let slow = machine.slow.as_ref()?;
    workloads(slow).find_map(|object| {
        let missing = list(&object.value["spec"]["template"]["spec"]["volumes"])
            .find_map(|volume| missing_source(volume, &slow.manifests))?;
        Some(Found::new(format!("{}: {} mounts {missing}", object.file, object.key())))
    })
}

fn lb_pending_svclb(machine: &Machine) -> Option<Found> {
    let slow = machine.slow.as_ref()?;
    let balancers = slow
        .manifests
        .iter()
        .filter(|object| object.kind() == "Service" && object.value["spec"]["type"] == "LoadBalancer");
    let mut held: Vec<(String, u64)> = Vec::new();
    for service in balancers {
        for port in list(&service.value["spec"]["ports"]).filter_map(|port| port["port"].as_u64()) {
            if let Some((other, _)) = held.iter().find(|(_, taken)| *taken == port) {
                return Some(Found::new(format!("{other} and {} both want port {port}", service.key())));
            }
            held.push((service.key(), port));
        }
    }
    None
}

fn hpa_unknown(machine: &Machine) -> Option<Found> {
    let slow = machine.slow.as_ref()?;
    slow.manifests.iter().filter(|object| object.kind() == "HorizontalPodAutoscaler").find_map(|scaler| {
        let target = &scaler.value["spec"]["scaleTargetRef"];
        let object = workloads(slow)
            .find(|object| target["kind"] == object.kind() && target["name"] == object.name())?;
        let by =
            list(&scaler.value["spec"]["metrics"]).find_map(|metric| metric["resource"]["name"].as_str())?;
        containers(object).any(|container| container["resources"]["requests"][by].is_null()).then(|| {
            Found::new(format!(
                "{} scales by {by}, and a container of {} has no request for it",
                scaler.key(),
                object.key()
            ))
        })
    })
}

fn pvc_pending(machine: &Machine) -> Option<Found> {
    let slow = machine.slow.as_ref()?;
    let claims = slow.manifests.iter().flat_map(|object| {
        let templates = list(&object.value["spec"]["volumeClaimTemplates"]);
        templates
            .chain((object.kind() == "PersistentVolumeClaim").then_some(&object.value))
            .map(move |claim| (object, claim))
    });
    let many = |claim: &Value| list(&claim["spec"]["accessModes"]).any(|mode| mode == "ReadWriteMany");
    claims
        .into_iter()
        .find(|(_, claim)| many(claim))
        .map(|(object, _)| Found::new(format!("{}: {} asks for ReadWriteMany", object.file, object.key())))
}

fn probe_failed(machine: &Machine) -> Option<Found> {
    let slow = machine.slow.as_ref()?;
    workloads(slow).find_map(|object| {
        let port = containers(object).find_map(unknown_probe_port)?;
        Some(Found::new(format!("{}: a probe of {} asks port {port}", object.file, object.key())))
    })
}

fn workloads(slow: &Slow) -> impl Iterator<Item = &Object> {
    slow.manifests.iter().filter(|object| object.is_workload())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn containers(object: &Object) -> impl Iterator<Item = &Value> {
    list(&object.value["spec"]["template"]["spec"]["containers"])
}

/// The first ConfigMap and key that a container reads and no file defines.
fn undefined_key<'a>(container: &'a Value, objects: &[Object]) -> Option<(&'a str, &'a str)> {
    list(&container["env"]).find_map(|variable| {
        let reference = &variable["valueFrom"]["configMapKeyRef"];
        let (map, key) = (reference["name"].as_str()?, reference["key"].as_str()?);
        let defined = objects.iter().any(|object| {
            object.kind() == "ConfigMap" && object.name() == map && !object.value["data"][key].is_null()
        });
        (!defined && reference["optional"] != true).then_some((map, key))
    })
}

/// The ConfigMap or Secret of a volume, where no file defines it and `deploy` does not make it.
fn missing_source(volume: &Value, objects: &[Object]) -> Option<String> {
    let map = volume["configMap"]["name"].as_str().map(|name| ("ConfigMap", name));
    let (kind, name) =
        map.or_else(|| volume["secret"]["secretName"].as_str().map(|name| ("Secret", name)))?;
    let defined = objects.iter().any(|object| object.kind() == kind && object.name() == name);
    let optional = volume["configMap"]["optional"] == true || volume["secret"]["optional"] == true;
    (!defined && !optional && name != GENERATED_SECRET).then(|| format!("the {kind} {name}"))
}

/// A port, by number or name, that a probe asks and the list of ports does not have.
fn unknown_probe_port(container: &Value) -> Option<String> {
    let known = |port: &Value| {
        list(&container["ports"]).any(|one| one["containerPort"] == *port || one["name"] == *port)
    };
    ["startupProbe", "readinessProbe", "livenessProbe"].iter().find_map(|probe| {
        let port = ["httpGet", "tcpSocket", "grpc"]
            .iter()
            .map(|kind| &container[*probe][*kind]["port"])
            .find(|port| !port.is_null())?;
        (!known(port)).then(|| port.to_string())
    })
}
