//! Volumes that are not there: claims without a volume, volumes on another node.

use serde_json::Value;

use crate::diagnosis::facts::Subject;
use crate::diagnosis::{Cause, MOMENT, PATIENCE, quoted, text};

pub fn check(pod: &Subject) -> Option<Cause> {
    if pod.condition("PodScheduled").is_some_and(|scheduled| scheduled["status"] == "True") {
        return None;
    }
    let words =
        pod.condition("PodScheduled").map(|scheduled| text(&scheduled["message"])).unwrap_or_default();
    if let Some(name) = quoted(words, "persistentvolumeclaim ").filter(|_| words.contains("not found")) {
        let found = format!("its pod {} names the claim {name}, which does not exist", pod.name());
        let fix = "correct the name, or add the PersistentVolumeClaim to the manifest";
        let pointer = pointer_of(pod, name);
        return Some(pod.cause("claim-missing", found).seen(words).at(pointer).fix(fix).settles(MOMENT));
    }
    if words.contains("volume node affinity conflict") {
        let found = format!("the volume of its pod {} lies on a node where the pod may not run", pod.name());
        let fix = "run the pod where its volume is (nodeSelector), or give up the data with `kubectl -n game-prod delete pvc NAME`";
        let pointer = "/spec/template/spec/nodeSelector";
        return Some(pod.cause("volume-elsewhere", found).seen(words).at(pointer).fix(fix).settles(MOMENT));
    }
    claims(pod).find_map(|(name, claim)| unbound(pod, name, claim))
}

/// Claims that a pod names and that exist.
fn claims<'a>(pod: &Subject<'a>) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let volumes = pod.pod["spec"]["volumes"].as_array().into_iter().flatten();
    let names = volumes.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str());
    let (facts, namespace) = (pod.facts, &pod.pod["metadata"]["namespace"]);
    names.filter_map(move |name| {
        let is_it = |claim: &&Value| {
            claim["metadata"]["name"] == name && claim["metadata"]["namespace"] == *namespace
        };
        Some((name, facts.claims.iter().find(is_it)?))
    })
}

fn unbound(pod: &Subject, name: &str, claim: &Value) -> Option<Cause> {
    if claim["status"]["phase"] != "Pending" {
        return None;
    }
    let events = pod.facts.events_of(claim);
    // A claim that waits for its first pod is not an error.
    let failed = events.iter().find(|event| event["reason"] == "ProvisioningFailed");
    let class = text(&claim["spec"]["storageClassName"]);
    let classes: Vec<String> =
        pod.facts.storage_classes.iter().map(|class| text(&class["metadata"]["name"]).to_owned()).collect();
    let unknown = !class.is_empty() && !classes.is_empty() && !classes.iter().any(|known| known == class);
    if failed.is_none() && !unknown {
        return None;
    }
    let found = match unknown {
        true => format!(
            "the claim {name} of its pod {} asks for the storage class {class}, which does not exist",
            pod.name()
        ),
        false => format!("the claim {name} of its pod {} gets no volume", pod.name()),
    };
    let words = failed.map(|event| text(&event["message"])).unwrap_or_default();
    let known = if unknown { format!("there are: {}", classes.join(", ")) } else { String::new() };
    let command = format!("kubectl -n {} delete pvc {name}", text(&claim["metadata"]["namespace"]));
    let fix = format!(
        "correct the claim (what a claim asks for cannot be changed later, so also `{command}`), then `cargo xtask deploy`"
    );
    let (object, pointer) =
        claim_in_manifest(pod, name, if unknown { "storageClassName" } else { "accessModes" });
    let settles = if unknown { MOMENT } else { PATIENCE };
    let cause =
        pod.cause("volume-not-bound", found).seen(words).seen(known).at(pointer).fix(fix).settles(settles);
    Some(Cause { object: object.unwrap_or(cause.object.clone()), ..cause })
}

/// Where the claim is written: in the template of a StatefulSet, or an object of its own.
fn claim_in_manifest(pod: &Subject, name: &str, field: &str) -> (Option<String>, String) {
    let templates = pod.workload.and_then(|workload| workload["spec"]["volumeClaimTemplates"].as_array());
    let own = |template: &Value| name.starts_with(&format!("{}-", text(&template["metadata"]["name"])));
    match templates.into_iter().flatten().position(own) {
        Some(index) => (None, format!("/spec/volumeClaimTemplates/{index}/spec/{field}")),
        None => (Some(format!("PersistentVolumeClaim/{name}")), format!("/spec/{field}")),
    }
}

fn pointer_of(pod: &Subject, claim: &str) -> String {
    let volumes = pod.pod["spec"]["volumes"].as_array().into_iter().flatten();
    let index = volumes.into_iter().position(|volume| volume["persistentVolumeClaim"]["claimName"] == claim);
    format!("/spec/template/spec/volumes/{}/persistentVolumeClaim/claimName", index.unwrap_or(0))
}
