//! The API server accepts no object, or no pod, as it is written: wrong fields, quotas, policies, webhooks.

use serde_json::Value;

use crate::diagnosis::facts::Facts;
use crate::diagnosis::{Cause, MOMENT, PATIENCE, quoted, text};

/// An object that the API server has refused, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `Deployment/lobby`.
    pub object: String,
    pub message: String,
    /// Paths of the fields at fault, such as `spec.template.spec.containers[0].image`.
    pub fields: Vec<String>,
}

/// Why a whole object was refused when it was applied.
pub fn refused(refusal: &Refusal, facts: &Facts) -> Cause {
    let (object, words) = (refusal.object.as_str(), refusal.message.as_str());
    let cause = known(object, words, facts, "").unwrap_or_else(|| {
        let cause = Cause::new("rejected", object, "the API server refuses this object").seen(words);
        cause.fix("correct that line, then `cargo xtask deploy`; what was applied before it stays")
    });
    let field = refusal.fields.first().cloned().or_else(|| field_in(words));
    let pointer = field.map(|field| pointer(&field)).filter(|pointer| !pointer.is_empty());
    let pointer = pointer.unwrap_or(cause.pointer.clone());
    cause.at(if pointer.is_empty() { "/metadata/name".to_owned() } else { pointer })
}

/// Why a workload gets no pods.
pub fn check(facts: &Facts, workload: &Value) -> Option<Cause> {
    let status = &workload["status"];
    let count = |field: &str| status[field].as_u64().unwrap_or(0);
    let (there, wanted) = match text(&workload["kind"]) {
        "Deployment" => (count("updatedReplicas"), workload["spec"]["replicas"].as_u64().unwrap_or(1)),
        "StatefulSet" => (count("updatedReplicas"), workload["spec"]["replicas"].as_u64().unwrap_or(1)),
        "DaemonSet" => (count("currentNumberScheduled"), count("desiredNumberScheduled")),
        _ => return None,
    };
    if there >= wanted {
        return None;
    }
    let makers = facts.makers(workload);
    let event = makers.iter().find_map(|maker| {
        facts
            .events_of(maker)
            .into_iter()
            .find(|event| event["reason"] == "FailedCreate" && is_open(facts, event))
    })?;
    let words = text(&event["message"]);
    let object = format!("{}/{}", text(&workload["kind"]), text(&workload["metadata"]["name"]));
    let cause = known(&object, words, facts, "/spec/template").unwrap_or_else(|| {
        let fix = "correct the pod template, then `cargo xtask deploy`";
        Cause::new("pods-refused", &object, "the API server accepts none of its pods")
            .seen(reason(words))
            .fix(fix)
    });
    let cause = match (cause.pointer.is_empty(), field_in(words)) {
        (true, Some(field)) => cause.at(format!("/spec/template{}", pointer(&field))),
        (true, None) => cause.at("/spec/template/spec"),
        (false, _) => cause,
    };
    Some(if facts.is_ending() { cause.settles(PATIENCE) } else { cause })
}

/// A pod of a StatefulSet is made under the same name again: an old refusal says nothing about a pod that is there.
fn is_open(facts: &Facts, event: &Value) -> bool {
    let words = text(&event["message"]);
    let name = words.strip_prefix("create Pod ").and_then(|rest| rest.split(' ').next());
    name.is_none_or(|name| !facts.pods.iter().any(|pod| pod["metadata"]["name"] == name))
}

/// Refusals whose words are known; `template` is where the pod lies in the object.
fn known(object: &str, words: &str, facts: &Facts, template: &str) -> Option<Cause> {
    webhook(object, words, facts)
        .or_else(|| quota(object, words, template))
        .or_else(|| policy(object, words, template))
        .or_else(|| limit_range(object, words, template))
        .or_else(|| other(object, words, template))
}

fn webhook(object: &str, words: &str, facts: &Facts) -> Option<Cause> {
    let (name, denied) = match quoted(words, "failed calling webhook ") {
        Some(name) => (name, false),
        None => (quoted(words, "admission webhook ")?, true),
    };
    let holds = |one: &&Value| {
        one["webhooks"].as_array().is_some_and(|all| all.iter().any(|hook| hook["name"] == name))
    };
    let config = facts.webhooks.iter().find(holds);
    let config_name = config.map_or("NAME", |config| text(&config["metadata"]["name"]));
    let kind =
        config.map_or("ValidatingWebhookConfiguration", |config| text(&config["kind"])).to_ascii_lowercase();
    if denied {
        let found = format!("the admission webhook {name} ({config_name}) refuses it");
        let fix = format!(
            "change what it objects to, or ask who runs the webhook: `kubectl get {kind} {config_name} -o yaml`"
        );
        return Some(Cause::new("webhook-denied", object, found).seen(reason(words)).fix(fix));
    }
    let found = format!(
        "the API server must ask the admission webhook {name} ({config_name}), which does not answer"
    );
    let service =
        config.and_then(|config| config["webhooks"].as_array()?.iter().find(|hook| hook["name"] == name));
    let service = service.map(|hook| &hook["clientConfig"]["service"]).filter(|service| service.is_object());
    let start = service.map_or("what it asks".to_owned(), |service| {
        format!("the Service {}/{}", text(&service["namespace"]), text(&service["name"]))
    });
    let fix = format!(
        "start {start}; or, if nobody needs the webhook, `kubectl delete {kind} {config_name}`; then `cargo xtask deploy`"
    );
    Some(Cause::new("webhook-unreachable", object, found).seen(reason(words)).fix(fix).settles(PATIENCE))
}

fn quota(object: &str, words: &str, template: &str) -> Option<Cause> {
    let rest = words.split_once("exceeded quota: ").or_else(|| words.split_once("failed quota: "))?.1;
    let name = rest.split([',', ':']).next().unwrap_or_default();
    let found = format!("the ResourceQuota {name} of the namespace leaves no room for its pods");
    let fix = format!("ask for less, or raise the quota: `kubectl -n game-prod edit resourcequota {name}`");
    let resource = rest
        .split_once("requested: ")
        .and_then(|(_, rest)| rest.split(['=', ',']).next())
        .unwrap_or_default();
    let pointer = match resource.split_once('.') {
        Some((list @ ("requests" | "limits"), resource)) => {
            format!("{template}/spec/containers/0/resources/{list}/{}", resource.replace('/', "~1"))
        }
        _ if template.is_empty() => String::new(),
        _ => "/spec/replicas".to_owned(),
    };
    // Pods that end give back what they held; their count follows a moment later.
    Some(Cause::new("quota", object, found).seen(reason(words)).at(pointer).fix(fix).settles(MOMENT))
}

fn policy(object: &str, words: &str, template: &str) -> Option<Cause> {
    let (_, rest) = words.split_once("violates PodSecurity ")?;
    let level = rest.split('"').nth(1).unwrap_or("restricted");
    let found =
        format!("the namespace accepts only pods of the policy {level}, and its pods break that policy");
    let what = rest.split_once(": ").map_or(rest, |(_, what)| what).to_owned();
    let pointer = match what.contains("container ") {
        true => format!("{template}/spec/containers/0/securityContext"),
        false => format!("{template}/spec/securityContext"),
    };
    let fix = "set in that block what the message asks for, then `cargo xtask deploy`";
    Some(Cause::new("pod-security", object, found).seen(what).at(pointer).fix(fix))
}

fn limit_range(object: &str, words: &str, template: &str) -> Option<Cause> {
    let resource = ["maximum ", "minimum "].iter().find_map(|word| {
        let (_, rest) = words.split_once(&format!("forbidden: {word}"))?;
        rest.split(' ').next()
    })?;
    let found = format!("a LimitRange of the namespace refuses the {resource} that its pods ask for");
    let pointer = format!("{template}/spec/containers/0/resources");
    let fix = "ask for an amount within the range: `kubectl -n game-prod describe limitrange`";
    Some(Cause::new("limit-range", object, found).seen(reason(words)).at(pointer).fix(fix))
}

fn other(object: &str, words: &str, template: &str) -> Option<Cause> {
    let (kind, name) = object.split_once('/').unwrap_or((object, ""));
    if words.contains("serviceaccount ") && words.contains("not found") {
        let found = "its pods run as a service account that does not exist";
        let pointer = format!("{template}/spec/serviceAccountName");
        let fix = "correct the name, or add the ServiceAccount to the manifest";
        return Some(
            Cause::new("service-account-missing", object, found).seen(reason(words)).at(pointer).fix(fix),
        );
    }
    if words.contains("port is already allocated") {
        let found = "another Service has the port that this one asks for";
        let fix =
            "choose another port, or leave `nodePort` away; `kubectl get services -A` shows who has which";
        return Some(Cause::new("port-clash", object, found).seen(reason(words)).fix(fix));
    }
    if words.contains("field is immutable")
        || words.contains("updates to statefulset spec for fields other than")
    {
        let found = "the manifest changes a field that cannot be changed on an object that exists";
        let kind = kind.to_ascii_lowercase();
        let fix = format!(
            "take the change back, or remove the object and leave its pods: \
             `kubectl -n game-prod delete {kind} {name} --cascade=orphan`, then `cargo xtask deploy`"
        );
        return Some(Cause::new("immutable", object, found).seen(reason(words)).fix(fix));
    }
    if words.contains("is being terminated") {
        let found = "the namespace is being deleted and takes nothing new";
        let fix = "wait until it is gone (`kubectl get namespace game-prod`), then `cargo xtask deploy`";
        return Some(Cause::new("namespace-ending", object, found).seen(reason(words)).fix(fix));
    }
    let refused = words.contains("is invalid:")
        || words.contains("not declared in schema")
        || words.contains("unknown field");
    let refused = refused || words.contains("failed to create typed patch object");
    refused.then(|| {
        let fix = "correct that line (`kubectl explain` knows every field), then `cargo xtask deploy`; what was applied before it stays";
        Cause::new("rejected", object, "the API server refuses it as it is written").seen(reason(words)).fix(fix)
    })
}

/// The words without the name of a pod that never came to be.
fn reason(words: &str) -> String {
    let words = words.strip_prefix("(combined from similar events): ").unwrap_or(words);
    let words = words.split_once(" is forbidden: ").map_or(words, |(_, rest)| rest);
    let words = words.split_once(" is invalid: ").map_or(words, |(_, rest)| rest);
    let words = words
        .split_once("; apps/v1, Kind=")
        .map_or(words, |(_, rest)| rest.split_once("): ").map_or(rest, |(_, end)| end));
    words.strip_prefix("Error creating: ").unwrap_or(words).trim_end_matches('.').to_owned()
}

/// A path such as `.spec.replcas` or `spec.template.spec.containers[0].ports[0].containerPort` within a sentence.
fn field_in(words: &str) -> Option<String> {
    let is_path = |word: &&str| {
        let word = word.trim_start_matches(['.', '"']);
        word.starts_with("spec.") || word.starts_with("data.") || word.starts_with("metadata.")
    };
    let word = words.split(' ').find(is_path)?;
    Some(word.trim_matches(['.', '"', ':', ',', ';']).to_owned())
}

/// `spec.containers[0].image` as `/spec/containers/0/image`.
fn pointer(field: &str) -> String {
    let mut pointer = String::new();
    for part in field.split('.').filter(|part| !part.is_empty()) {
        let (key, indices) = part.split_once('[').unwrap_or((part, ""));
        pointer.push_str(&format!("/{}", key.replace('/', "~1")));
        for index in
            indices.split('[').map(|index| index.trim_end_matches(']')).filter(|index| !index.is_empty())
        {
            pointer.push_str(&format!("/{index}"));
        }
    }
    pointer
}
