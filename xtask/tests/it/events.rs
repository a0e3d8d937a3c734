//! What machines are told is what `events.schema.json` says.

use serde_json::{Value, json};
use xtask::report::event::{Event, StepState};
use xtask::report::times::{StepTime, Times};

use crate::schema::Schema;
use crate::xtask;

/// One of each; the match makes the compiler ask for an example of a new one.
fn examples() -> Vec<Value> {
    let object = json!({"a": 1});
    let step = StepTime { step: "build", state: StepState::Done, from_seconds: 0.0, seconds: 1.5 };
    let times = Times::new(std::time::Duration::from_secs(2), vec![step]);
    let events = [
        Event::Step { step: "build", state: StepState::Started, text: "x", seconds: None },
        Event::Step { step: "build", state: StepState::Done, text: "x", seconds: Some(0.0) },
        Event::Step { step: "build", state: StepState::Unchanged, text: "x", seconds: Some(2.5) },
        Event::Note { step: "build", text: "x" },
        Event::Warning { text: "x" },
        Event::Call { tool: "k3d", call: "k3d cluster create --config -", input: "kind: Simple", made: true },
        Event::Call { tool: "k3d", call: "k3d cluster delete x", input: "", made: false },
        Event::Log { source: "all", text: "" },
        Event::Cause { cause: &object },
        Event::Swap { what: "the game server", total_s: 1.9, compile_s: 1.5, rest_s: 0.4 },
        Event::Result { result: &object },
        Event::Times(&times),
        Event::Error { code: 3, text: "x", fix: "", file: None, line: None },
        Event::Error { code: 130, text: "x", fix: "y", file: Some("manifests/room.yaml"), line: Some(12) },
    ];
    let name = |event: &Event<'_>| match event {
        Event::Step { .. } => "step",
        Event::Note { .. } => "note",
        Event::Warning { .. } => "warning",
        Event::Call { .. } => "call",
        Event::Log { .. } => "log",
        Event::Cause { .. } => "cause",
        Event::Swap { .. } => "swap",
        Event::Result { .. } => "result",
        Event::Times(_) => "times",
        Event::Error { .. } => "error",
    };
    for event in &events {
        assert_eq!(serde_json::to_value(event).unwrap()["event"], name(event));
    }
    events.iter().map(|event| serde_json::to_value(event).unwrap()).collect()
}

#[test]
fn every_event_is_described_and_every_description_is_of_an_event() {
    let schema = Schema::of_events();
    let examples = examples();
    for example in &examples {
        schema.check(example).unwrap();
    }
    for event in schema.events() {
        assert!(examples.iter().any(|example| example["event"] == event), "nothing gives {event}");
    }
}

#[test]
fn the_schema_refuses_what_is_not_an_event() {
    let schema = Schema::of_events();
    for wrong in [
        json!({}),
        json!([]),
        json!({"event": "party"}),
        json!({"event": "step", "step": "x", "state": "done", "text": "x"}),
        json!({"event": "step", "step": "x", "state": "started", "text": "x", "seconds": 1.0}),
        json!({"event": "step", "step": "", "state": "started", "text": "x"}),
        json!({"event": "step", "step": "x", "state": "done", "text": "x", "seconds": -1}),
        json!({"event": "note", "step": "x", "text": "x", "more": 1}),
        json!({"event": "call", "tool": "k3d", "call": "k3d", "made": "yes"}),
        json!({"event": "result", "result": "words"}),
        json!({"event": "error", "code": 9, "text": "x", "fix": ""}),
        json!({"event": "error", "code": 2, "text": "x", "fix": "", "line": 0}),
        json!({"event": "times", "seconds": 1, "rest_seconds": 0, "steps": [{"step": "x"}]}),
    ] {
        assert!(schema.check(&wrong).is_err(), "{wrong}");
    }
}

/// What commands say on this machine, without anything being up.
#[tokio::test]
async fn real_output_is_valid() {
    let schema = Schema::of_events();
    let state = tempfile::tempdir().unwrap();
    let port = xtask::processes::ports::any_free().unwrap().to_string();
    let commands: [(&[&str], &str); 9] = [
        (&["doctor", "--target", "local", "--port", "0"], "result"),
        (&["status"], "result"),
        (&["status", "--timings"], "result"),
        (&["down", "--target", "local"], "step"),
        (&["down"], "result"),
        (&["ci", "--only", "tidy"], "result"),
        (&["completions", "bash"], "result"),
        (&["up", "--target", "local", "--port", &port, "--dry-run"], "call"),
        (&["start"], "error"),
    ];
    for (args, expected) in commands {
        let ended = xtask(state.path(), &[args, &["--json"]].concat()).await;
        let lines: Vec<Value> = ended
            .stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{args:?}: {error}: {line}"))
            })
            .collect();
        for line in &lines {
            schema.check(line).unwrap_or_else(|wrong| panic!("{args:?}: {wrong}"));
        }
        assert!(lines.iter().any(|line| line["event"] == expected), "{args:?}: {}", ended.stdout);
        let failed = lines.iter().any(|line| line["event"] == "error");
        assert_eq!(failed, ended.code != Some(0), "{args:?}: {}", ended.stdout);
    }
}
