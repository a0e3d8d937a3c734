//! ConfigMaps, Secrets, keys and files that a pod names and that are not there.

use serde_json::Value;

use crate::diagnosis::facts::{Facts, Subject};
use crate::diagnosis::{Cause, MOMENT, PATIENCE, quoted, text};

/// What a kubelet says that hears of a pod before the API server has noted that the pod's claim is its business.
const TOO_EARLY: &str = "no relationship found between node";
/// What a kubelet says before its node has heard of an object that exists; it asks again within seconds.
const PASSING: [&str; 3] = [TOO_EARLY, "not registered", "failed to sync "];

pub fn check(pod: &Subject) -> Option<Cause> {
    environment(pod).or_else(|| mount(pod)).or_else(|| sandbox(pod))
}

/// Names of pods whose kubelet asked for a claim too early: it asks again after ten seconds, or when the pod changes.
pub fn asked_too_early(facts: &Facts) -> Vec<String> {
    let is_early = |pod: &Subject| {
        let event = pod.event(&["FailedMount"]);
        !pod.is_running() && event.is_some_and(|event| text(&event["message"]).contains(TOO_EARLY))
    };
    facts.unready().filter(is_early).map(|pod| pod.name().to_owned()).collect()
}

/// What a container takes its environment from.
fn environment(pod: &Subject) -> Option<Cause> {
    let refused = |status: &&Value| status["state"]["waiting"]["reason"] == "CreateContainerConfigError";
    let status = pod.containers().find(refused)?;
    let container = text(&status["name"]);
    let words = text(&status["state"]["waiting"]["message"]);
    if words.contains("runAsNonRoot") || words.contains("run as root") {
        let found =
            format!("the image of its pod {} wants to run as root, which the manifest forbids", pod.name());
        let fix = "set `runAsUser` in that block, or use an image with a user that is not root";
        let pointer = format!("{}/securityContext", pod.pointer(container));
        return Some(pod.cause("runs-as-root", found).seen(words).at(pointer).fix(fix));
    }
    Some(missing(pod, words, pod.spec_of(container), &pod.pointer(container)))
}

/// A volume made of a ConfigMap or a Secret.
fn mount(pod: &Subject) -> Option<Cause> {
    let event = pod.event(&["FailedMount", "FailedAttachVolume"])?;
    let words = text(&event["message"]);
    let is_passing = PASSING.iter().any(|known| words.contains(known));
    if is_passing || pod.is_running() {
        return None;
    }
    if words.contains("not found") || words.contains("references non-existent") {
        return Some(missing(pod, words, &pod.pod["spec"], "/spec/template/spec"));
    }
    let found = format!("a volume of its pod {} cannot be mounted on {}", pod.name(), pod.node_name());
    let fix = "correct what the message names; a volume that hangs on another node comes free when its old pod has ended";
    let pointer = "/spec/template/spec/volumes";
    Some(pod.cause("mount-failed", found).seen(words).at(pointer).fix(fix).settles(PATIENCE))
}

/// The runtime cannot even make the pod's sandbox.
fn sandbox(pod: &Subject) -> Option<Cause> {
    let event = pod.event(&["FailedCreatePodSandBox"])?;
    let is_creating = |status: &Value| status["state"]["waiting"]["reason"] == "ContainerCreating";
    if !pod.containers().all(is_creating) {
        return None;
    }
    let words = text(&event["message"]);
    let found = format!("the node {} cannot make the sandbox of its pod {}", pod.node_name(), pod.name());
    if let Some(image) = quoted(words, "sandbox image ") {
        let found = format!(
            "the node {} has lost the image {image}, without which it starts no pod",
            pod.node_name()
        );
        let fix = format!(
            "free disk space (a kubelet with less than 15 % left removes images), then run `docker restart {}`, which brings it back",
            pod.node_name()
        );
        return Some(pod.cause("sandbox-image", found).seen(words).fix(fix).settles(PATIENCE));
    }
    let network = ["network", "cni", "flannel"].iter().any(|word| words.contains(word));
    let fix = match network {
        true => format!("restart the node (`docker restart {}`): its pod network is not up", pod.node_name()),
        false => "correct the `securityContext` of the pod: the runtime refuses it".to_owned(),
    };
    let pointer = if network { "" } else { "/spec/template/spec/securityContext" };
    Some(pod.cause("sandbox-failed", found).seen(words).at(pointer).fix(fix).settles(PATIENCE))
}

/// Words such as `secret "game-secrets" not found` or `couldn't find key x in Secret game-prod/game-secrets`.
fn missing(pod: &Subject, words: &str, spec: &Value, base: &str) -> Cause {
    let kind = if words.to_ascii_lowercase().contains("secret ") { "Secret" } else { "ConfigMap" };
    let key = words.split_once("find key ").and_then(|(_, rest)| rest.split(' ').next());
    let name = match key {
        Some(_) => words.rsplit(['/', ' ']).next(),
        None => quoted(words, &format!("{} ", kind.to_ascii_lowercase())),
    };
    let name = name.unwrap_or_default();
    let what = match key {
        Some(key) => format!(
            "its pod {} asks for the key {key} of the {kind} {name}, which has no such key",
            pod.name()
        ),
        None => format!("its pod {} names the {kind} {name}, which does not exist", pod.name()),
    };
    let id = match (kind, key) {
        ("Secret", None) => "secret-missing",
        ("Secret", _) => "secret-key-missing",
        (_, None) => "configmap-missing",
        _ => "configmap-key-missing",
    };
    let fix = match kind {
        "Secret" => format!(
            "correct that line (`kubectl -n game-prod describe secret {name}` lists keys, no values); \
             `cargo xtask deploy` makes game-secrets anew where it is gone"
        ),
        _ => format!(
            "correct that line, or add the ConfigMap {name} to manifests/settings.yaml; then `cargo xtask deploy`"
        ),
    };
    let pointer = pointer_to(spec, key.unwrap_or(name), base).unwrap_or_else(|| base.to_owned());
    pod.cause(id, what).seen(words).at(pointer).fix(fix).settles(MOMENT)
}

/// Where below `spec` a reference says exactly this.
fn pointer_to(spec: &Value, wanted: &str, base: &str) -> Option<String> {
    const OF_REFERENCES: [&str; 5] = ["name", "key", "optional", "defaultMode", "items"];
    let is_reference =
        spec.as_object().is_some_and(|all| all.keys().all(|key| OF_REFERENCES.contains(&&**key)));
    match spec {
        Value::String(found) => (found == wanted).then(|| base.to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| pointer_to(item, wanted, &format!("{base}/{index}"))),
        Value::Object(fields) => fields
            .iter()
            // A container, a volume or a variable may have the same name as what it refers to.
            .filter(|(field, _)| *field != "name" || is_reference)
            .find_map(|(field, value)| {
                pointer_to(value, wanted, &format!("{base}/{}", field.replace('/', "~1")))
            }),
        _ => None,
    }
}
