//! A program that runs and does not say that it is ready.

use std::time::Duration;

use serde_json::Value;

use crate::diagnosis::facts::Subject;
use crate::diagnosis::{Cause, PATIENCE, text};

/// Times that a probe must have failed before it is more than a slow start; probes here ask every 2 s.
const FAILURES_CERTAIN: u64 = 5;
/// A program that answers "not ready" may wait for a neighbour: that gets as long again as a slow pull of its image.
const NOT_READY_YET: Duration = Duration::from_secs(45);

pub fn check(pod: &Subject) -> Option<Cause> {
    let running = |status: &&Value| !status["state"]["running"].is_null() && status["ready"] != true;
    let status = pod.containers().find(running)?;
    let container = text(&status["name"]);
    let event = pod.event(&["Unhealthy"])?;
    let words = text(&event["message"]);
    let times = event["count"].as_u64().or_else(|| event["series"]["count"].as_u64()).unwrap_or(1);
    if times < FAILURES_CERTAIN {
        return None;
    }
    let name = match words.split(' ').next() {
        Some("Liveness") => "livenessProbe",
        Some("Startup") => "startupProbe",
        _ => "readinessProbe",
    };
    let spec = &pod.spec_of(container)[name];
    let (what, fix, settles) = meaning(words);
    // Whoever waits for a neighbour that is still being started is not to blame.
    let settles = if super::is_something_starting(pod.facts) { settles.max(NOT_READY_YET) } else { settles };
    let asked = asked(spec);
    let found = format!("the container {container} of its pod {} runs, but {what}", pod.name());
    let last: Vec<&str> = pod.lines().collect();
    let last = last.last().map(|line| format!("its last line \"{}\"", line.trim())).unwrap_or_default();
    let field = if spec["httpGet"].is_object() { format!("{name}/httpGet") } else { name.to_owned() };
    let field = match words.contains("statuscode") && spec["httpGet"]["path"].is_string() {
        true => format!("{field}/path"),
        false if spec["httpGet"]["port"].is_null() => field,
        false => format!("{field}/port"),
    };
    let seen = format!("{words}, {times} times{asked}");
    let cause = pod.cause("probe-failed", found).seen(seen).seen(last);
    Some(cause.at(format!("{}/{field}", pod.pointer(container))).fix(fix).settles(settles))
}

/// What the kubelet's words mean, what helps, and how long that state may last.
fn meaning(words: &str) -> (&'static str, &'static str, Duration) {
    if words.contains("statuscode: 503") {
        let fix = "see what it waits for: `cargo xtask logs`, and the other pods in `cargo xtask status`";
        return ("says that it is not ready", fix, NOT_READY_YET);
    }
    if words.contains("statuscode") {
        return (
            "refuses the question whether it is ready",
            "correct the path of that probe, then `cargo xtask deploy`",
            PATIENCE,
        );
    }
    if words.contains("connection refused") {
        let fix = "make the program listen on that port on 0.0.0.0, or correct the port of that probe; then `cargo xtask deploy`";
        return ("nothing listens on the port that is probed", fix, PATIENCE);
    }
    if words.contains("deadline exceeded") || words.contains("timeout") {
        let fix = "find out what blocks it (`cargo xtask logs`), or raise `timeoutSeconds` of that probe";
        return ("does not answer in time", fix, PATIENCE);
    }
    ("its probe fails", "correct that probe, or what it asks", PATIENCE)
}

fn asked(probe: &Value) -> String {
    let get = &probe["httpGet"];
    match (text(&get["path"]), &get["port"]) {
        ("", _) => String::new(),
        (path, port) => format!(", asked for {path} on the port {}", port.to_string().trim_matches('"')),
    }
}
