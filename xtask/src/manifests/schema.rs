//! Objects against the OpenAPI schemas of Kubernetes, so that a wrong field has its line before any cluster is asked.
//!
//! A validator of JSON schema in general takes longer to build than all of the commands' own code; what Kubernetes uses of
//! it is objects, lists, five kinds of scalars and references.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use crate::manifests::Object;

/// See xtask/schemas/README.md.
const TEXT: &str = include_str!("../../schemas/kubernetes.json");
/// The version that is there whole.
const WHOLE: u32 = 34;
/// Versions that there are schemas of; of any other one the nearest counts.
pub const MINORS: [u32; 3] = [33, 34, 35];
/// A field that is this much like an unknown one was probably meant.
const NEARLY: f64 = 0.85;
/// Groups that only versions before these had.
const FORMER_GROUPS: [&str; 1] = ["extensions"];

/// What an object has that its kind does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// JSON pointer into the object.
    pub pointer: String,
    pub text: String,
}

/// One part of a schema, as far as Kubernetes uses them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    properties: Option<BTreeMap<String, Part>>,
    required: Vec<String>,
    items: Option<Box<Part>>,
    #[serde(rename = "additionalProperties")]
    additional: Option<Additional>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Additional {
    Whether(bool),
    Each(Box<Part>),
}

#[derive(Debug, Deserialize)]
struct Version {
    /// `apps/v1 Deployment` and the name of its definition.
    kinds: BTreeMap<String, String>,
    definitions: BTreeMap<String, Part>,
}

/// One version of Kubernetes.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    pub minor: u32,
    whole: &'static Version,
    own: &'static Version,
}

impl Schema {
    /// The version of a cluster, or the nearest one; 1.34 where it is not known.
    pub fn of(minor: Option<u32>) -> Option<Self> {
        static VERSIONS: OnceLock<BTreeMap<String, Version>> = OnceLock::new();
        let versions = VERSIONS.get_or_init(|| serde_json::from_str(TEXT).unwrap_or_default());
        let minor = minor.unwrap_or(WHOLE).clamp(MINORS[0], MINORS[MINORS.len() - 1]);
        let version = |minor: u32| versions.get(&format!("1.{minor}"));
        Some(Self { minor, whole: version(WHOLE)?, own: version(minor)? })
    }

    /// Everything that is wrong with an object; nothing where its kind is somebody's own, which only a cluster knows.
    pub fn check(&self, object: &Object) -> Vec<Wrong> {
        let (version, kind) = (object.api_version(), object.kind());
        let Some(definition) = self.own.kinds.get(&format!("{version} {kind}")) else {
            return self.unknown_kind(version, kind).into_iter().collect();
        };
        let mut wrongs = Vec::new();
        if let Some(part) = self.definition(definition) {
            self.walk(part, &object.value, "", &mut wrongs);
        }
        wrongs
    }

    fn unknown_kind(&self, version: &str, kind: &str) -> Option<Wrong> {
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let group_of = |known: &str| known.split_once('/').map_or("", |(group, _)| group).to_owned();
        let is_its_own = self.own.kinds.keys().any(|known| group_of(known) == group);
        if !is_its_own && !FORMER_GROUPS.contains(&group) {
            return None;
        }
        let minor = self.minor;
        let same = self.own.kinds.keys().find_map(|known| known.strip_suffix(&format!(" {kind}")));
        if let Some(now) = same {
            let text = format!(
                "Kubernetes 1.{minor} has no {kind} of {version} (any more); write `apiVersion: {now}`."
            );
            return Some(Wrong { pointer: "/apiVersion".to_owned(), text });
        }
        let kinds = self.own.kinds.keys().filter_map(|known| known.split_once(' ')).map(|(_, kind)| kind);
        let meant = nearest(kind, kinds).map_or(String::new(), |meant| format!(" Did you mean `{meant}`?"));
        let text = format!("Kubernetes 1.{minor} has no kind {kind} of {version}.{meant}");
        Some(Wrong { pointer: "/kind".to_owned(), text })
    }

    fn definition(&self, name: &str) -> Option<&'static Part> {
        self.own.definitions.get(name).or_else(|| self.whole.definitions.get(name))
    }

    fn walk(&self, part: &'static Part, value: &Value, pointer: &str, wrongs: &mut Vec<Wrong>) {
        let part = match &part.reference {
            Some(name) => match self.definition(name) {
                Some(part) => part,
                // Left out of the excerpt, such as every status.
                None => return,
            },
            None => part,
        };
        let kind = part.kind.as_deref().unwrap_or_default();
        if value.is_null() || kind.is_empty() {
            return;
        }
        if !is_of(kind, value) {
            let text = misfit(pointer, kind, value);
            return wrongs.push(Wrong { pointer: pointer.to_owned(), text });
        }
        match value {
            Value::Object(fields) => self.fields(part, fields, pointer, wrongs),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(part) = &part.items {
                        self.walk(part, item, &format!("{pointer}/{index}"), wrongs);
                    }
                }
            }
            _ => {}
        }
    }

    fn fields(
        &self,
        part: &'static Part,
        fields: &serde_json::Map<String, Value>,
        pointer: &str,
        wrongs: &mut Vec<Wrong>,
    ) {
        for (key, value) in fields {
            let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            let known = part.properties.as_ref().and_then(|properties| properties.get(key));
            match (known, &part.additional) {
                (Some(known), _) => self.walk(known, value, &pointer, wrongs),
                (None, Some(Additional::Each(each))) => self.walk(each, value, &pointer, wrongs),
                (None, Some(Additional::Whether(false))) => {
                    let names = part.properties.iter().flat_map(BTreeMap::keys).map(String::as_str);
                    let meant = nearest(key, names)
                        .map_or(String::new(), |meant| format!(" Did you mean `{meant}`?"));
                    let text = format!("there is no field `{}`.{meant}", path(&pointer));
                    wrongs.push(Wrong { pointer, text });
                }
                (None, _) => {}
            }
        }
        for missing in part.required.iter().filter(|name| fields.get(*name).is_none_or(Value::is_null)) {
            let text = format!("`{}` is missing.", path(&format!("{pointer}/{missing}")));
            wrongs.push(Wrong { pointer: pointer.to_owned(), text });
        }
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        // A quantity, a port by number or name.
        "either" => value.is_string() || value.is_number(),
        _ => true,
    }
}

/// What is there, what is wanted, and how that is written.
fn misfit(pointer: &str, kind: &str, value: &Value) -> String {
    let path = path(pointer);
    match (kind, value) {
        ("integer" | "number", Value::String(text)) if text.parse::<f64>().is_ok() => {
            format!("`{path}` is the text \"{text}\", and a number is wanted: write {text}, without quotes.")
        }
        ("boolean", Value::String(text)) if ["true", "false"].contains(&text.as_str()) => {
            format!("`{path}` is the text \"{text}\", and true or false is wanted: leave the quotes out.")
        }
        ("string", Value::Number(_) | Value::Bool(_)) => {
            format!("`{path}` is {value}, and text is wanted: write \"{value}\", in quotes.")
        }
        ("array", _) => {
            format!("`{path}` is {}, and a list is wanted: begin its entries with `- `.", what(value))
        }
        ("object", _) => format!("`{path}` is {}, and fields are wanted below it.", what(value)),
        (kind, _) => format!("`{path}` is {}, and {} is wanted.", what(value), words(kind)),
    }
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "a group of fields",
        Value::Array(_) => "a list",
        Value::String(_) => "text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        Value::Null => "nothing",
    }
}

fn words(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "either" => "text or a number",
        other => other,
    }
}

/// `spec.containers[0].ports` of `/spec/containers/0/ports`.
pub fn path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        match step.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) if path.is_empty() => path.push_str(step),
            Err(_) => path.push_str(&format!(".{step}")),
        }
    }
    path.replace("~1", "/").replace("~0", "~")
}

fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &str| strsim::jaro_winkler(known, wanted);
    known.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|known| likeness(known) > NEARLY)
}

#[cfg(test)]
mod tests;
