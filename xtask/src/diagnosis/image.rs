//! An image that is not on the node, and that the node cannot pull.

use std::time::Duration;

use serde_json::Value;

use crate::diagnosis::facts::Subject;
use crate::diagnosis::{Cause, MOMENT, listed, text};
use crate::settings::IMAGE_NAME;

/// The kubelet pulls again after 10 s: a registry that had a bad moment gets that one chance.
const SECOND_PULL: Duration = Duration::from_secs(12);
const REASONS: [&str; 4] = ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"];

pub fn check(pod: &Subject) -> Option<Cause> {
    let lacks = |status: &&Value| REASONS.contains(&text(&status["state"]["waiting"]["reason"]));
    let status = pod.containers().find(lacks)?;
    let waiting = &status["state"]["waiting"];
    let container = text(&status["name"]);
    let image = text(&pod.spec_of(container)["image"]);
    let node = pod.node_name();
    let pointer = format!("{}/image", pod.pointer(container));
    let words = inner(text(&waiting["message"]));
    if waiting["reason"] == "InvalidImageName" {
        let found = format!("`{image}` is no name of an image");
        return Some(pod.cause("image-name", found).seen(words).at(pointer).fix("correct that line"));
    }
    if words.contains("no match for platform") {
        let found = format!("the image {image} has no variant for the processor of the node {node}");
        let fix = format!(
            "pull or build it for the nodes' processor{}, then `cargo xtask deploy`",
            architecture(pod)
        );
        return Some(pod.cause("wrong-architecture", found).seen(words).at(pointer).fix(fix));
    }
    let ours = image.split(':').next() == Some(IMAGE_NAME);
    let found = format!(
        "the node {node} has not got the image {image} of its pod {}, and cannot pull it",
        pod.name()
    );
    let fix = match ours {
        true => "run `cargo xtask image`, which delivers it to every node that needs it, then `cargo xtask deploy`".to_owned(),
        false => format!("run `docker pull {image}`, then `cargo xtask deploy`: what Docker holds is delivered to the nodes"),
    };
    // Nobody but this machine has our image; a registry may have had a bad moment.
    let settles = if ours { MOMENT } else { SECOND_PULL };
    let pull = why(&words);
    let cause = pod.cause("image-missing", found).seen(pull).seen(words).seen(others(pod, image));
    Some(cause.at(pointer).fix(fix).settles(settles))
}

/// Other builds of the same image that the node holds.
fn others(pod: &Subject, image: &str) -> String {
    let (name, _) = image.rsplit_once(':').unwrap_or((image, ""));
    let node = pod.facts.node(pod.node_name());
    let images = node.and_then(|node| node["status"]["images"].as_array()).into_iter().flatten();
    let names = images.flat_map(|image| image["names"].as_array().into_iter().flatten()).map(text);
    let short = names.map(|name| name.trim_start_matches("docker.io/").trim_start_matches("library/"));
    let held: Vec<String> = short
        .filter(|held| held.rsplit_once(':').is_some_and(|(held, _)| held == name))
        .map(str::to_owned)
        .collect();
    if held.is_empty() { String::new() } else { format!("the node holds {}", listed(&held)) }
}

/// The end of a chain of errors, which says what happened.
fn inner(words: &str) -> String {
    let chain = words.split("failed to resolve reference ").last().unwrap_or(words);
    let end = chain.split_once("\": ").map_or(chain, |(_, end)| end);
    end.trim().to_owned()
}

fn why(words: &str) -> &'static str {
    let known = [
        ("no such host", "the name of the registry does not resolve inside the node"),
        ("manifest unknown", "the registry has no such tag"),
        ("not found", "the registry has no such tag"),
        ("denied", "the registry wants a login or has no such repository"),
        ("unauthorized", "the registry wants a login"),
        ("toomanyrequests", "the registry limits anonymous pulls"),
        ("429", "the registry limits anonymous pulls"),
        ("i/o timeout", "the registry does not answer"),
        (
            "x509",
            "the certificate of the registry is not trusted inside the node (a proxy, or a wrong clock)",
        ),
        ("pull policy of Never", "the manifest forbids pulling"),
    ];
    known.iter().find(|(part, _)| words.contains(part)).map_or("", |(_, reason)| reason)
}

fn architecture(pod: &Subject) -> String {
    let node = pod.facts.node(pod.node_name());
    let found = node.and_then(|node| node["status"]["nodeInfo"]["architecture"].as_str());
    found.map(|name| format!(" ({name})")).unwrap_or_default()
}
