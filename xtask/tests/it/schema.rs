//! A checker for the part of JSON Schema that `events.schema.json` uses; any other keyword is an error, so that nothing
//! in the schema goes unchecked.

use std::path::Path;

use serde_json::Value;

/// Keywords that describe and decide nothing.
const WORDS: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

pub struct Schema(Value);

impl Schema {
    pub fn of_events() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events.schema.json");
        Self(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    /// Says what is wrong with a value.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.fits(&self.0, value)
    }

    /// Names of the events that the schema describes.
    pub fn events(&self) -> Vec<&str> {
        let definitions = self.0["$defs"].as_object().unwrap().values();
        definitions.filter_map(|one| one["properties"]["event"]["const"].as_str()).collect()
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        for (keyword, wanted) in schema.as_object().ok_or("a schema is an object")? {
            if !WORDS.contains(&keyword.as_str()) && !self.holds(schema, keyword, wanted, value)? {
                return Err(format!("{value} does not hold {keyword} {wanted}"));
            }
        }
        Ok(())
    }

    fn holds(&self, schema: &Value, keyword: &str, wanted: &Value, value: &Value) -> Result<bool, String> {
        let number = |value: &Value| value.as_f64();
        Ok(match keyword {
            "$ref" => {
                let pointer =
                    wanted.as_str().and_then(|text| text.strip_prefix('#')).ok_or("a local $ref")?;
                self.fits(self.0.pointer(pointer).ok_or_else(|| format!("no {pointer}"))?, value)?;
                true
            }
            "oneOf" => {
                let tried: Vec<_> =
                    wanted.as_array().unwrap().iter().map(|one| self.fits(one, value)).collect();
                if tried.iter().all(Result::is_err) {
                    let why: Vec<String> = tried.into_iter().filter_map(Result::err).collect();
                    return Err(format!("{value} is none of them: {}", why.join("; ")));
                }
                tried.iter().filter(|one| one.is_ok()).count() == 1
            }
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "type" => is_of(wanted.as_str().unwrap(), value)?,
            "minimum" => number(value).is_none_or(|value| Some(value) >= number(wanted)),
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= wanted.as_u64().unwrap()),
            "required" => {
                wanted.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                let known =
                    schema["properties"].as_object().ok_or("properties beside additionalProperties")?;
                let fields = value.as_object().into_iter().flatten();
                *wanted == Value::Bool(true) || fields.into_iter().all(|(key, _)| known.contains_key(key))
            }
            "properties" => {
                for (key, schema) in wanted.as_object().unwrap() {
                    value.get(key).map_or(Ok(()), |value| self.fits(schema, value))?;
                }
                true
            }
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| self.fits(wanted, item))?;
                true
            }
            other => return Err(format!("the keyword {other} is not checked here")),
        })
    }
}

fn is_of(kind: &str, value: &Value) -> Result<bool, String> {
    Ok(match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => return Err(format!("the type {other} is not checked here")),
    })
}
