//! A program that starts and ends: wrong processor, panic, refused arguments, memory, or an error of its own.

use std::time::Duration;

use serde_json::Value;

use crate::diagnosis::facts::Subject;
use crate::diagnosis::{Cause, MOMENT, PATIENCE, text};

/// Lines of the log that are worth quoting when none of them stands out.
const LAST_LINES: usize = 3;
/// What a port that is taken looks like in the words of Rust, Go and C programs.
const PORT_TAKEN: [&str; 3] = ["Address already in use", "address already in use", "AddrInUse"];
/// How a container ended that was gone when its runtime or its kubelet came back: with its node, not by itself.
const WITH_ITS_NODE: [&str; 2] = ["Unknown", "ContainerStatusUnknown"];
/// Ends in a row after which nothing will change by itself: the kubelet waits 10 s before the third start.
const ENDS_CERTAIN: u64 = 3;

/// How a container ended last.
struct End<'a> {
    container: &'a str,
    reason: &'a str,
    message: &'a str,
    code: i64,
    /// Ends so far.
    count: u64,
}

pub fn check(pod: &Subject) -> Option<Cause> {
    let end = pod.containers().find_map(end)?;
    let spec = pod.spec_of(end.container);
    let pointer = pod.pointer(end.container);
    let lines: Vec<&str> = pod.lines().collect();
    let cause = format_error(pod, &end, &lines, &pointer)
        .or_else(|| start_error(pod, &end, spec, &pointer))
        .or_else(|| memory(pod, &end, spec, &pointer))
        .or_else(|| killed_by_probe(pod, &end, &pointer))
        .or_else(|| told(pod, &end, &lines, &pointer))
        .unwrap_or_else(|| other(pod, &end, &lines, &pointer));
    Some(cause)
}

fn end(status: &Value) -> Option<End<'_>> {
    let (now, last) = (&status["state"]["terminated"], &status["lastState"]["terminated"]);
    let restarts = status["restartCount"].as_u64().unwrap_or(0);
    let ended = if now.is_null() { last } else { now };
    let count = if status["state"]["running"].is_null() { restarts + 1 } else { restarts };
    // An init container that has done its work has ended too.
    let is_done = ended["reason"] == "Completed" && status["ready"] == true;
    let is_well = ended.is_null() || is_done || WITH_ITS_NODE.contains(&text(&ended["reason"]));
    (!is_well).then(|| End {
        container: text(&status["name"]),
        reason: text(&ended["reason"]),
        message: text(&ended["message"]),
        code: ended["exitCode"].as_i64().unwrap_or(0),
        count,
    })
}

/// The same program gives the same end: seen twice it is certain.
fn settles(end: &End) -> Duration {
    if end.count >= 2 { MOMENT } else { PATIENCE }
}

fn times(end: &End) -> String {
    match end.count {
        1 => format!("exit code {}", end.code),
        count => format!("exit code {}, {count} times", end.code),
    }
}

/// The kernel, the runtime or the shell say it, in the status or in the log.
fn format_error(pod: &Subject, end: &End, lines: &[&str], pointer: &str) -> Option<Cause> {
    const WORDS: &str = "exec format error";
    let line = lines.iter().copied().chain([end.message]).find(|line| line.contains(WORDS))?;
    let node = pod.facts.node(pod.node_name());
    let of_node =
        node.and_then(|node| node["status"]["nodeInfo"]["architecture"].as_str()).unwrap_or("another one");
    let found = format!(
        "the program in its pod {} is built for another processor than that of the node {} ({of_node})",
        pod.name(),
        pod.node_name()
    );
    let fix = format!("build on a machine like the nodes ({of_node}), then `cargo xtask deploy`");
    let pointer = format!("{pointer}/image");
    Some(pod.cause("wrong-architecture", found).seen(line.trim()).at(pointer).fix(fix))
}

/// There is no such program in the image.
fn start_error(pod: &Subject, end: &End, spec: &Value, pointer: &str) -> Option<Cause> {
    let starts = ["StartError", "ContainerCannotRun"].contains(&end.reason);
    if !starts && ![126, 127].contains(&end.code) {
        return None;
    }
    let program = spec["command"][0].as_str().unwrap_or("its program");
    let found = format!("the container {} of its pod {} cannot start {program}", end.container, pod.name());
    let words = end.message.rsplit("unable to start container process: ").next().unwrap_or(end.message);
    let field = if spec["command"].is_null() { "image" } else { "command/0" };
    let fix = "correct that line: the image holds no such program, or it may not be run";
    let words = words.trim_end_matches(": unknown");
    Some(
        pod.cause("command-missing", found)
            .seen(words)
            .at(format!("{pointer}/{field}"))
            .fix(fix)
            .settles(settles(end)),
    )
}

fn memory(pod: &Subject, end: &End, spec: &Value, pointer: &str) -> Option<Cause> {
    if end.reason != "OOMKilled" {
        return None;
    }
    let limit = text(&spec["resources"]["limits"]["memory"]);
    let found = format!(
        "the container {} of its pod {} needs more memory than its limit of {limit}",
        end.container,
        pod.name()
    );
    let fix = "raise that limit, or find out what takes the memory; then `cargo xtask deploy`";
    let pointer = format!("{pointer}/resources/limits/memory");
    let seen = format!("OOMKilled on {}, {}", pod.node_name(), times(end));
    Some(pod.cause("out-of-memory", found).seen(seen).at(pointer).fix(fix).settles(settles(end)))
}

/// The kubelet ended it because it did not say that it is alive.
fn killed_by_probe(pod: &Subject, end: &End, pointer: &str) -> Option<Cause> {
    if ![0, 137, 143].contains(&end.code) {
        return None;
    }
    let probe = |event: &&&Value| {
        let words = text(&event["message"]);
        words.starts_with("Liveness probe failed") || words.starts_with("Startup probe failed")
    };
    let events = pod.facts.events_of(pod.pod);
    let event = events.iter().find(probe)?;
    let words = text(&event["message"]);
    let name = if words.starts_with("Liveness") { "livenessProbe" } else { "startupProbe" };
    let found = format!(
        "the kubelet ends the container {} of its pod {} because its {name} fails",
        end.container,
        pod.name()
    );
    let fix =
        "correct path, port or time of that probe, or make the program answer it; then `cargo xtask deploy`";
    let seen = format!("{words}, {}", times(end));
    Some(
        pod.cause("probe-failed", found)
            .seen(seen)
            .at(format!("{pointer}/{name}"))
            .fix(fix)
            .settles(settles(end)),
    )
}

/// What the last lines of a program say about its end.
pub enum Words {
    Panic(String),
    PortTaken(String),
}

/// Reads the log of any program; `None` where no line says why it ended.
pub fn of_lines(lines: &[&str]) -> Option<Words> {
    let taken = lines.iter().rev().find(|line| PORT_TAKEN.iter().any(|words| line.contains(words)));
    if let Some(line) = taken {
        return Some(Words::PortTaken(line.trim().to_owned()));
    }
    // Rust's two lines: where, and what.
    let index = lines.iter().rposition(|line| line.contains("panicked at"))?;
    let (place, what) = (lines[index].trim(), lines.get(index + 1).map_or("", |line| line.trim()));
    Some(Words::Panic(format!("{place} {what}").trim().to_owned()))
}

/// The end of a log in a few words.
pub fn last_lines(lines: &[&str]) -> String {
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].iter();
    let quoted: Vec<String> = last.map(|line| format!("\"{}\"", line.trim())).collect();
    if quoted.is_empty() {
        "it wrote nothing".to_owned()
    } else {
        format!("its last lines {}", quoted.join(" "))
    }
}

fn told(pod: &Subject, end: &End, lines: &[&str], pointer: &str) -> Option<Cause> {
    let (id, what, fix, seen) = match of_lines(lines)? {
        Words::Panic(seen) => (
            "panic",
            "panics",
            "correct the line of code that the panic names, then `cargo xtask deploy`",
            seen,
        ),
        Words::PortTaken(seen) => {
            let fix = "give its listeners different ports (`args`, `envFrom`), then `cargo xtask deploy`";
            ("port-clash", "listens on a port that is taken there", fix, seen)
        }
    };
    let found = format!("the program in its pod {} {what}", pod.name());
    let cause = pod.cause(id, found).seen(seen).seen(times(end));
    Some(cause.at(format!("{pointer}/args")).fix(fix).settles(settles(end)))
}

fn other(pod: &Subject, end: &End, lines: &[&str], pointer: &str) -> Cause {
    let (id, what, fix) = match end.code {
        0 => (
            "ends",
            "ends as if it had nothing to do",
            "start something that stays: see `args` and `command`",
        ),
        2 => (
            "arguments",
            "does not understand its arguments or settings",
            "correct the arguments or the settings that its last line names, then `cargo xtask deploy`",
        ),
        132 | 134 | 135 | 136 | 139 => (
            "native-crash",
            "is ended by the processor (a signal)",
            "build it for the processor of the nodes, without `-C target-cpu=native`",
        ),
        _ => (
            "crash-loop",
            "ends again and again",
            "correct what its last lines name, then `cargo xtask deploy`; `cargo xtask logs` shows more",
        ),
    };
    let found = format!("the program in its pod {} {what}", pod.name());
    // What exits with 1 may only have missed a neighbour that is late.
    let certain = id != "crash-loop" || end.count >= ENDS_CERTAIN;
    let settles = if certain { settles(end) } else { PATIENCE };
    pod.cause(id, found)
        .seen(last_lines(lines))
        .seen(times(end))
        .at(format!("{pointer}/args"))
        .fix(fix)
        .settles(settles)
}
