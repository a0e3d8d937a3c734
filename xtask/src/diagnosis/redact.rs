//! Text without tokens, keys and passwords: what is known to be secret, and what looks like it.

use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";
/// Shorter values are words of everyday text: replacing them everywhere would hide more than it protects.
const VALUE_CHARS_MIN: usize = 6;
/// A name that contains one of these has a value that nobody else may see.
const SECRET_NAMES: [&str; 13] = [
    "token",
    "secret",
    "passwd",
    "password",
    "api_key",
    "apikey",
    "api-key",
    "private",
    "credential",
    "authorization",
    "ticket",
    "cookie",
    "client-key",
];
/// Names of Kubernetes and of this program that contain such a word and hold no secret.
const PLAIN_NAMES: [&str; 7] = [
    "secretkeyref",
    "secretname",
    "secretref",
    "automountserviceaccounttoken",
    "tokenexpirationseconds",
    "serviceaccounttoken",
    "imagepullsecrets",
];
/// As long as the keys that this program makes; digests are told by what stands before them.
const HEX_CHARS_MIN: usize = 32;
const BASE64_CHARS_MIN: usize = 40;

/// Knows the secrets of one target.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    values: Vec<String>,
}

impl Redactor {
    /// `values` are secrets that must appear nowhere, in every form in which they may be written.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let trimmed = values.into_iter().map(|value| value.trim().to_owned());
        let mut values: Vec<String> = trimmed.filter(|value| value.len() >= VALUE_CHARS_MIN).collect();
        // A secret that contains another one goes first.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    /// Redacts free text, line by line.
    pub fn text(&self, text: &str) -> String {
        let mut known = text.to_owned();
        for value in &self.values {
            known = known.replace(value.as_str(), REDACTED);
        }
        let mut lines = Vec::new();
        let mut in_key = false;
        for line in known.lines() {
            let opens = line.contains("-----BEGIN ");
            if (in_key || opens) && !(opens && line.contains("CERTIFICATE")) {
                if !in_key {
                    lines.push(REDACTED.to_owned());
                }
                in_key = !line.contains("-----END ");
            } else {
                lines.push(self::line(line));
            }
        }
        let end = if text.ends_with('\n') { "\n" } else { "" };
        lines.join("\n") + end
    }

    /// Redacts an API object, and drops what only servers read.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => {
                fields.remove("managedFields");
                fields.remove("kubectl.kubernetes.io/last-applied-configuration");
                let variable = fields.get("name").and_then(Value::as_str).is_some_and(is_secret_name);
                for (name, field) in fields.iter_mut() {
                    let hidden = is_secret_name(name) || variable && name == "value";
                    match field {
                        Value::String(text) if hidden && !text.is_empty() => *text = REDACTED.to_owned(),
                        other => self.value(other),
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !PLAIN_NAMES.contains(&name.as_str()) && SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// Word by word, blanks kept as they are.
fn line(line: &str) -> String {
    let mut redacted = String::with_capacity(line.len());
    let mut hide_next = false;
    for word in line.split_inclusive([' ', '\t']) {
        let blank = word.len() - word.trim_end_matches([' ', '\t']).len();
        let (word, blanks) = word.split_at(word.len() - blank);
        let bare = word.trim_matches(['"', '\'', ':', ',', '=', '(', ')']);
        if hide_next && !bare.is_empty() && bare != REDACTED {
            let scheme = ["bearer", "basic"].contains(&bare.to_ascii_lowercase().as_str());
            redacted.push_str(if scheme { word } else { REDACTED });
            hide_next = scheme;
        } else {
            redacted.push_str(&self::word(word));
            // A path such as `Deployment/secret:` names an object.
            let names = word.ends_with([':', '=']) && !bare.contains('/') && is_secret_name(bare);
            hide_next = names || ["bearer", "basic"].contains(&bare.to_ascii_lowercase().as_str());
        }
        redacted.push_str(blanks);
    }
    redacted
}

fn word(word: &str) -> String {
    pairs(&random(&user_info(word)))
}

/// `postgres://user:password@host` without the password.
fn user_info(word: &str) -> String {
    let mut parts = word.split("://");
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.split(['/', '?', '"', '\'']).next().unwrap_or_default();
        redacted.push_str("://");
        match authority.rsplit_once('@') {
            Some((user, _)) => {
                let name = user.split_once(':').map_or("", |(name, _)| name);
                redacted.push_str(&format!("{name}{}{REDACTED}", if name.is_empty() { "" } else { ":" }));
                redacted.push_str(&part[user.len()..]);
            }
            None => redacted.push_str(part),
        }
    }
    redacted
}

/// `token=…`, `"password":"…"`, `--secret=…`, also several in one word of JSON or of a query.
fn pairs(word: &str) -> String {
    let mut redacted = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find([':', '=']) {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let name = before
            .rsplit(|c: char| !(c.is_alphanumeric() || "_-.".contains(c)))
            .find(|part| !part.is_empty());
        let open = after.len() - after.trim_start_matches(['"', '\'', '\\']).len();
        let length =
            after[open..].find(['"', '\'', '\\', ',', ';', '&', '}', ')']).unwrap_or(after.len() - open);
        redacted.push_str(&rest[..=at]);
        let is_plain = ["true", "false", "null"].contains(&&after[open..open + length]);
        if name.is_some_and(is_secret_name) && length > 0 && !is_plain {
            redacted.push_str(&after[..open]);
            redacted.push_str(REDACTED);
            rest = &after[open + length..];
        } else {
            rest = after;
        }
    }
    redacted.push_str(rest);
    redacted
}

/// Long strings without a meaning: keys in hexadecimal or base64, signed tokens, join tokens of k3s.
fn random(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+_-.=".contains(c);
    let mut redacted = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.find(is_part) {
        let length = rest[start..].find(|c| !is_part(c)).unwrap_or(rest.len() - start);
        let (before, run) = (&rest[..start], &rest[start..start + length]);
        redacted.push_str(before);
        let is_digest = redacted.ends_with("sha256:") || redacted.ends_with("containerd://");
        redacted.push_str(if !is_digest && looks_random(run) { REDACTED } else { run });
        rest = &rest[start + length..];
    }
    redacted.push_str(rest);
    redacted
}

fn looks_random(run: &str) -> bool {
    let has = |test: fn(&char) -> bool| run.chars().any(|c| test(&c));
    let hex = run.len() >= HEX_CHARS_MIN && run.chars().all(|c| c.is_ascii_hexdigit());
    let signed = run.starts_with("eyJ") && run.len() >= HEX_CHARS_MIN;
    let join = run.starts_with("K10") && run.len() >= HEX_CHARS_MIN;
    let mixed = has(char::is_ascii_lowercase as fn(&char) -> bool)
        && has(char::is_ascii_uppercase as fn(&char) -> bool)
        && has(char::is_ascii_digit as fn(&char) -> bool);
    hex || signed || join || run.len() >= BASE64_CHARS_MIN && mixed && !run.contains('.')
}

#[cfg(test)]
mod tests;
