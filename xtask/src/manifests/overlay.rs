//! What differs on one cluster of yours: fields that a file lays over objects of `manifests/`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Deserialize as _;
use serde_json::Value;

use super::source::Source;
use super::{Manifests, Object, check, refuse, refuse_at, unreadable};

#[cfg(test)]
mod tests;

impl Manifests {
    /// Everything that a source holds, with the files laid over it in their order.
    pub fn read_with(source: &Source, overlays: &[PathBuf]) -> Result<Self> {
        let mut manifests = Self::read(source)?;
        for file in overlays {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("reading the overlay {}", file.display()))?;
            manifests.lay_over(&file.display().to_string(), &text)?;
        }
        check::references(&manifests.objects).map_err(|fault| refuse_at(fault, &manifests.texts))?;
        Ok(manifests)
    }

    fn lay_over(&mut self, file: &str, text: &str) -> Result<()> {
        for document in serde_yaml::Deserializer::from_str(text) {
            let value = serde_yaml::Value::deserialize(document)
                .map_err(|error| refuse(unreadable(file, text, &error)))?;
            if value.is_null() {
                continue;
            }
            let value = serde_json::to_value(&value).map_err(|error| refuse(format!("{file}: {error}")))?;
            let patch = Object { file: file.to_owned(), value };
            let found = self.objects.iter_mut().find(|object| object.key() == patch.key());
            let Some(object) = found else {
                let text = format!("{file}: it changes {}, which is not in manifests/.", patch.key());
                return Err(refuse(text));
            };
            merge(&mut object.value, &patch.value);
            check::object(object, false).map_err(|fault| refuse_at(fault, &self.texts))?;
        }
        Ok(())
    }
}

/// As RFC 7396 has it: a field replaces, null removes, objects go into each other, lists are replaced whole.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(into) = target else { return };
    for (name, value) in fields {
        if value.is_null() {
            into.remove(name);
        } else {
            merge(into.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
