//! Amounts of CPU and memory as Kubernetes writes them: `250m`, `64Mi`.

use serde_json::Value;

const UNITS: [(&str, f64); 11] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
];

/// The amount in cores or bytes; zero for what is no amount.
pub fn parse(value: &Value) -> f64 {
    let text = match value {
        Value::Number(number) => return number.as_f64().unwrap_or(0.0),
        Value::String(text) => text.as_str(),
        _ => return 0.0,
    };
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    let (digits, factor) = unit.map_or((text, 1.0), |(unit, factor)| (text.trim_end_matches(unit), *factor));
    digits.parse::<f64>().map_or(0.0, |amount| amount * factor)
}

/// `1.5 cores`, `512 MiB`, or the bare number of anything else.
pub fn words(resource: &str, amount: f64) -> String {
    match resource {
        // The sum of nothing is -0.
        "cpu" => format!("{} cores", (amount * 1000.0).round() / 1000.0 + 0.0),
        "memory" | "ephemeral-storage" => format!("{:.0} MiB", amount / 1_048_576.0),
        _ => format!("{amount}"),
    }
}
