//! No node takes the pod: labels, amounts, taints, ports.

use serde_json::Value;

use crate::diagnosis::facts::{Facts, Subject};
use crate::diagnosis::{Cause, MOMENT, PATIENCE, listed, quantity, text};

pub fn check(pod: &Subject) -> Option<Cause> {
    let scheduled = pod.condition("PodScheduled")?;
    if scheduled["status"] == "True" {
        return None;
    }
    // What follows the first sentence is about preemption, which says nothing new.
    let words = text(&scheduled["message"]).split(". ").next().unwrap_or_default().to_owned();
    let cause = label(pod)
        .or_else(|| port(pod, &words))
        .or_else(|| amount(pod, &words))
        .or_else(|| taint(pod, &words))
        .unwrap_or_else(|| {
            let found = format!("no node takes its pod {}", pod.name());
            let fix = "change what the pod asks for in its manifest, or what the nodes offer";
            pod.cause("unschedulable", found).fix(fix).settles(PATIENCE).at("/spec/template/spec")
        });
    Some(cause.seen(words))
}

/// True for a node with all these labels.
pub fn selects(selector: &Value, node: &Value) -> bool {
    let labels = &node["metadata"]["labels"];
    selector.as_object().is_none_or(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
}

fn label(pod: &Subject) -> Option<Cause> {
    let nodes = &pod.facts.nodes;
    let (key, value) = pod.pod["spec"]["nodeSelector"].as_object()?.iter().find(|(key, value)| {
        let has = |node: &Value| node["metadata"]["labels"][key.as_str()] == **value;
        !nodes.iter().any(has)
    })?;
    let wanted = format!("{key}={}", text(value));
    let mut others: Vec<String> = nodes
        .iter()
        .filter_map(|node| {
            let own = node["metadata"]["labels"][key.as_str()].as_str()?;
            Some(format!("{} has {key}={own}", text(&node["metadata"]["name"])))
        })
        .collect();
    if others.is_empty() {
        others.push(format!("none of the {} nodes has a label {key}", nodes.len()));
    }
    let found = format!("its pod {} asks for a node with the label {wanted}, and no node has it", pod.name());
    let node = nodes.last().map_or("NODE", |node| text(&node["metadata"]["name"]));
    let fix = format!(
        "correct that line; or label a node: add {wanted} to manifests/cluster/k3d.yaml and run `cargo xtask label`, \
         or `kubectl label node {node} {wanted} --overwrite`"
    );
    let pointer = format!("/spec/template/spec/nodeSelector/{}", key.replace('/', "~1"));
    Some(pod.cause("label-missing", found).seen(listed(&others)).at(pointer).fix(fix).settles(MOMENT))
}

/// Two pods want the same port of a node.
fn port(pod: &Subject, words: &str) -> Option<Cause> {
    if !words.contains("didn't have free ports") {
        return None;
    }
    let wanted = host_ports(pod.pod);
    let holders = pod.facts.pods.iter().filter(|other| {
        other["spec"]["nodeName"].is_string() && host_ports(other).iter().any(|(port, _)| has(&wanted, *port))
    });
    let holders: Vec<String> = holders
        .map(|other| format!("{} on {}", text(&other["metadata"]["name"]), text(&other["spec"]["nodeName"])))
        .collect();
    let is_service = pod.name().starts_with("svclb-");
    let (port, pointer) = wanted.first().cloned().unwrap_or_default();
    let seen = if holders.is_empty() { String::new() } else { format!("it is held by {}", listed(&holders)) };
    let found = format!("its pod {} asks for the port {port} of a node, which is taken", pod.name());
    let cause = pod.cause("port-clash", found).seen(seen);
    let pointer = if is_service { "/spec/ports/0/port".to_owned() } else { pointer };
    let fix = if is_service {
        "two Services of type LoadBalancer ask for the same port: give one of them another `port`"
    } else {
        "remove `hostPort` (a Service reaches pods without it), or ask for fewer pods than there are nodes"
    };
    let settles = if pod.facts.is_ending() { PATIENCE } else { MOMENT };
    Some(cause.at(pointer).fix(fix).settles(settles))
}

fn has(ports: &[(u64, String)], port: u64) -> bool {
    ports.iter().any(|(own, _)| *own == port)
}

/// Ports of the node that a pod asks for, with where it does.
fn host_ports(pod: &Value) -> Vec<(u64, String)> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten().enumerate();
    let ports = containers.flat_map(|(container, spec)| {
        let ports = spec["ports"].as_array().into_iter().flatten().enumerate();
        ports.filter_map(move |(index, port)| {
            let pointer = format!("/spec/template/spec/containers/{container}/ports/{index}/hostPort");
            Some((port["hostPort"].as_u64()?, pointer))
        })
    });
    ports.collect()
}

/// More CPU or memory than a node has left.
fn amount(pod: &Subject, words: &str) -> Option<Cause> {
    let resource = words.split("Insufficient ").nth(1)?.split([',', ' ', '.']).next()?;
    let wanted = requests(pod.pod, resource);
    let fits = |node: &&Value| selects(&pod.pod["spec"]["nodeSelector"], node);
    let offers: Vec<String> =
        pod.facts.nodes.iter().filter(fits).map(|node| offer(pod.facts, node, resource)).collect();
    let found = format!(
        "its pod {} asks for {}{}, more than any fitting node has left",
        pod.name(),
        quantity::words(resource, wanted),
        if resource == "cpu" { String::new() } else { format!(" of {resource}") },
    );
    let containers = pod.pod["spec"]["containers"].as_array().into_iter().flatten();
    let index = containers
        .map(|one| quantity::parse(&one["resources"]["requests"][resource]))
        .enumerate()
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or(0, |(index, _)| index);
    let pointer =
        format!("/spec/template/spec/containers/{index}/resources/requests/{}", resource.replace('/', "~1"));
    let fix = "ask for less in that line, run fewer pods, or give the cluster more (`agents` in manifests/cluster/k3d.yaml)";
    Some(pod.cause("resources", found).seen(listed(&offers)).at(pointer).fix(fix).settles(PATIENCE))
}

fn offer(facts: &Facts, node: &Value, resource: &str) -> String {
    let name = text(&node["metadata"]["name"]);
    let here = facts.pods.iter().filter(|pod| pod["spec"]["nodeName"] == name);
    let taken: f64 = here.map(|pod| requests(pod, resource)).sum();
    let total = quantity::words(resource, quantity::parse(&node["status"]["allocatable"][resource]));
    format!("{name} offers {total}, of which pods of the game ask for {}", quantity::words(resource, taken))
}

fn requests(pod: &Value, resource: &str) -> f64 {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers.map(|container| quantity::parse(&container["resources"]["requests"][resource])).sum()
}

/// The scheduler names no taint any more, so it is read from the nodes that would fit otherwise.
fn taint(pod: &Subject, words: &str) -> Option<Cause> {
    if !words.contains("untolerated taint") {
        return None;
    }
    let fits = |node: &&Value| selects(&pod.pod["spec"]["nodeSelector"], node);
    let (node, key) = pod.facts.nodes.iter().filter(fits).find_map(|node| {
        let taints = node["spec"]["taints"].as_array()?;
        let taint = taints
            .iter()
            .find(|taint| taint["effect"] != "PreferNoSchedule" && !tolerates(pod.pod, taint))?;
        Some((text(&node["metadata"]["name"]), text(&taint["key"])))
    })?;
    let found = format!("its pod {} is kept off the node {node} by the taint {key}", pod.name());
    let fix = match key {
        "node.kubernetes.io/unschedulable" => format!("run `kubectl uncordon {node}`"),
        _ if key.ends_with("-pressure") => {
            format!(
                "free what {node} is short of (`cargo xtask doctor` looks at disk and memory); the taint goes by itself"
            )
        }
        _ => format!("run `kubectl taint node {node} {key}-`, or add a toleration to the pod"),
    };
    Some(pod.cause("taint", found).at("/spec/template/spec/nodeSelector").fix(fix).settles(PATIENCE))
}

fn tolerates(pod: &Value, taint: &Value) -> bool {
    let tolerations = pod["spec"]["tolerations"].as_array().into_iter().flatten();
    tolerations.into_iter().any(|one| {
        let key = one["key"].is_null() || one["key"] == taint["key"];
        let value = one["operator"] == "Exists" || one["value"] == taint["value"];
        let effect = one["effect"].is_null() || one["effect"] == taint["effect"];
        key && value && effect
    })
}
