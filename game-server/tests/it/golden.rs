//! Known bytes and known movements in `tests/golden`, which the web client must reproduce as well.
//!
//! After a change that is meant, `GOLDEN=write cargo test -p game-server --test it golden` writes the files anew.

mod messages;
mod movement;
mod state;
mod text;

use std::path::Path;

use serde_json::Value;

/// Compares with the file of this name, or writes it when asked to.
fn check(name: &str, about: &str, parts: Vec<(&str, Value)>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = laid_out(about, &parts);
    if std::env::var("GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::write(&path, &text).expect("the golden file can be written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let first_difference = known.lines().zip(text.lines()).position(|(known, now)| known != now);
    assert!(
        known == text,
        "{name} differs from line {:?} on; if that is meant: GOLDEN=write cargo test -p game-server --test it golden",
        first_difference.map(|line| line + 1)
    );
}

/// JSON with one line for each item of each list, so that a diff shows what changed.
fn laid_out(about: &str, parts: &[(&str, Value)]) -> String {
    let mut text = format!("{{\n\"about\": {}", Value::from(about));
    for (name, value) in parts {
        let shown = match value {
            Value::Array(items) => {
                let lines: Vec<String> = items.iter().map(Value::to_string).collect();
                format!("[\n{}\n]", lines.join(",\n"))
            }
            other => other.to_string(),
        };
        text.push_str(&format!(",\n{}: {shown}", Value::from(*name)));
    }
    text.push_str("\n}\n");
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
