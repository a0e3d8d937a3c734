//! Where two YAML or JSON values differ, by path.

use serde_json::Value;

/// `spec.replicas 1 → 2` for every leaf that differs, in the order of the first value.
pub fn paths(live: &Value, wanted: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    walk("", live, wanted, &mut paths);
    paths
}

fn walk(path: &str, live: &Value, wanted: &Value, paths: &mut Vec<String>) {
    match (live, wanted) {
        _ if live == wanted => {}
        (Value::Object(a), Value::Object(b)) => {
            let new = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(new) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(&path, &live[key], &wanted[key], paths);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                walk(&format!("{path}[{index}]"), a, b, paths);
            }
        }
        _ => paths.push(format!("{path} {} → {}", short(live), short(wanted))),
    }
}

fn short(value: &Value) -> String {
    const CHARS_MAX: usize = 60;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= CHARS_MAX {
        text
    } else {
        text.chars().take(CHARS_MAX).chain("…".chars()).collect()
    }
}
