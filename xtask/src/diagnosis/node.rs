//! A node that does not answer: what runs there is lost, what should start there waits for ever.

use std::time::Duration;

use serde_json::Value;

use crate::diagnosis::facts::{Facts, Subject};
use crate::diagnosis::{Cause, PATIENCE, text};

pub const ID: &str = "node-not-ready";
/// The kubelet says hello to a pod of its node within two seconds; after these it says nothing any more.
const SILENCE: Duration = Duration::from_secs(10);

pub fn check(pod: &Subject) -> Option<Cause> {
    let name = pod.node_name();
    if name.is_empty() {
        return unreachable(pod);
    }
    let Some(node) = pod.facts.node(name) else {
        let gone =
            pod.cause(ID, format!("its pod {} is bound to the node {name}, which is gone", pod.name()));
        let command = format!("kubectl -n {} delete pod {} --force", namespace(pod), pod.name());
        return Some(gone.fix(format!("run `{command}`: another node takes it")).settles(PATIENCE));
    };
    if let Some((words, settles)) = not_ready(node) {
        let found = format!("the node {name}, which is to run its pod {}, is not ready", pod.name());
        return Some(pod.cause(ID, found).seen(words).fix(fix(name)).settles(settles));
    }
    let untouched = pod.pod["status"]["startTime"].is_null() && pod.containers().next().is_none();
    let evicted = pod.pod["status"]["reason"] == "Evicted";
    if evicted {
        let found = format!("the node {name} has thrown out its pod {}", pod.name());
        return Some(pod.cause("evicted", found).seen(text(&pod.pod["status"]["message"])).fix(fix(name)));
    }
    untouched.then(|| {
        let found = format!("the kubelet of the node {name} does not start its pod {}", pod.name());
        let seen = "the pod is bound to the node, and its status is empty";
        pod.cause("node-silent", found).seen(seen).fix(fix(name)).settles(SILENCE)
    })
}

/// Nodes that are not ready and that no pod's cause has named yet.
pub fn alone<'a>(facts: &'a Facts, is_told: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = Cause> + 'a {
    facts.nodes.iter().filter_map(move |node| {
        let name = text(&node["metadata"]["name"]);
        let (words, settles) = not_ready(node).filter(|_| !is_told(name))?;
        let cause = Cause::new(ID, format!("Node/{name}"), "the node is not ready");
        Some(cause.seen(words).fix(fix(name)).settles(settles))
    })
}

/// Every node that could take the pod has lost its kubelet.
fn unreachable(pod: &Subject) -> Option<Cause> {
    let fits = |node: &&Value| super::scheduling::selects(&pod.pod["spec"]["nodeSelector"], node);
    let fitting: Vec<&Value> = pod.facts.nodes.iter().filter(fits).collect();
    let (node, (words, settles)) = fitting.iter().find_map(|node| Some((node, not_ready(node)?)))?;
    if fitting.iter().any(|node| not_ready(node).is_none()) {
        return None;
    }
    let name = text(&node["metadata"]["name"]);
    let found = format!("its pod {} finds no node: {name} is not ready", pod.name());
    Some(pod.cause(ID, found).seen(words).fix(fix(name)).settles(settles))
}

/// The words of the condition, and how long a node may be like this before it is hopeless.
fn not_ready(node: &Value) -> Option<(String, Duration)> {
    let conditions = node["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    let words = format!("{} ({})", text(&ready["message"]).trim_end_matches('.'), text(&ready["reason"]));
    match text(&ready["status"]) {
        "True" => None,
        // Said by the control plane after it has waited for most of a minute itself.
        "Unknown" => Some((words, Duration::ZERO)),
        _ => Some((words, PATIENCE)),
    }
}

fn fix(node: &str) -> String {
    format!(
        "look at the node with `docker ps -a --filter name={node}` and `docker logs --tail 50 {node}`; \
         `cargo xtask start` wakes a stopped one, `docker restart {node}` a hung one"
    )
}

fn namespace<'a>(pod: &Subject<'a>) -> &'a str {
    text(&pod.pod["metadata"]["namespace"])
}
