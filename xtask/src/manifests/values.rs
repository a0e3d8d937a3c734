//! Values that are well formed and mean nothing, or something else: amounts, mount paths.

use serde_json::Value;

use crate::manifests::schema::Wrong;

/// Suffixes of amounts, and what they stand for.
const UNITS: [(&str, f64); 15] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];
/// No program runs in less; whoever writes less meant another unit.
const MEMORY_MIN_BYTES: f64 = 1e6;

/// Everything of a container that no pod could be made of; `pointer` is where it stands in its object.
pub fn container(container: &Value, pointer: &str) -> Vec<Wrong> {
    let mut wrongs = resources(&container["resources"], &format!("{pointer}/resources"));
    for (index, mount) in container["volumeMounts"].as_array().into_iter().flatten().enumerate() {
        let path = mount["mountPath"].as_str().unwrap_or_default();
        let Some((before, after)) = path.split_once(':') else {
            continue;
        };
        let pointer = format!("{pointer}/volumeMounts/{index}/mountPath");
        let hint = if after == "ro" {
            format!("write `mountPath: {before}` and `readOnly: true`")
        } else {
            "that is Docker's way".to_owned()
        };
        wrongs.push(Wrong { pointer, text: format!("`mountPath: {path}` must not hold a `:`; {hint}.") });
    }
    wrongs
}

fn resources(resources: &Value, pointer: &str) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    for list in ["limits", "requests"] {
        for (name, value) in resources[list].as_object().into_iter().flatten() {
            let pointer = format!("{pointer}/{list}/{}", name.replace('/', "~1"));
            if let Some(text) = amount_fault(name, value) {
                wrongs.push(Wrong { pointer, text });
            }
        }
    }
    for (name, limit) in resources["limits"].as_object().into_iter().flatten() {
        let request = &resources["requests"][name];
        if let (Some(most), Some(least)) = (amount(limit), amount(request))
            && most < least
        {
            let pointer = format!("{pointer}/limits/{}", name.replace('/', "~1"));
            let text = format!(
                "the limit of {name} is {}, which is below its request of {}; no pod can be made of that.",
                bare(limit),
                bare(request)
            );
            wrongs.push(Wrong { pointer, text });
        }
    }
    wrongs
}

fn amount_fault(name: &str, value: &Value) -> Option<String> {
    let text = bare(value);
    let Some(amount) = amount(value) else {
        let right = text.trim_end_matches(['B', 'b']);
        let meant = match right {
            right if right.len() < text.len() && self::amount(&right.into()).is_some() => {
                let binary = if right.ends_with(['M', 'G', 'K', 'T']) {
                    format!("{right}i")
                } else {
                    right.to_owned()
                };
                format!(" Write {}.", binary.replace("Kii", "Ki"))
            }
            _ => " Write an amount such as 512Mi or 250m.".to_owned(),
        };
        return Some(format!("`{name}: {text}` is no amount of Kubernetes.{meant}"));
    };
    let is_memory =
        ["memory", "ephemeral-storage", "storage"].contains(&name) || name.starts_with("hugepages-");
    if is_memory && amount < MEMORY_MIN_BYTES && amount > 0.0 {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let why =
            if text.ends_with('m') { "`m` is a thousandth" } else { "that is less than any program needs" };
        return Some(format!("`{name}: {text}` is {amount} bytes: {why}. Write {digits}Mi."));
    }
    None
}

/// In cores, bytes or pieces; nothing for what Kubernetes does not read as an amount.
pub fn amount(value: &Value) -> Option<f64> {
    let text = match value {
        Value::Number(number) => return number.as_f64().filter(|number| *number >= 0.0),
        Value::String(text) => text.as_str(),
        _ => return None,
    };
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let is_number = digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+'));
    let number = digits.parse::<f64>().ok().filter(|_| is_number)?;
    if suffix.is_empty() {
        return Some(number);
    }
    if let Some((_, factor)) = UNITS.iter().find(|(unit, _)| *unit == suffix) {
        return Some(number * factor);
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?;
    Some(number * 10f64.powi(exponent))
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
