//! Older versions of k3d's config, brought to v1alpha5 as k3d's own migrations do it.

use serde_yaml::{Mapping, Value};

/// What is written and understood.
pub const CURRENT: &str = "k3d.io/v1alpha5";
/// What k3d 5 still reads, oldest first.
const KNOWN: [&str; 4] = ["k3d.io/v1alpha2", "k3d.io/v1alpha3", "k3d.io/v1alpha4", CURRENT];

/// The same config in the current version, and the version that it was in.
pub fn to_current(value: &mut Value) -> Result<Option<&'static str>, String> {
    let version = value["apiVersion"].as_str().unwrap_or_default().to_owned();
    let Some(index) = KNOWN.iter().position(|known| *known == version) else {
        let found = if version.is_empty() {
            "it has no apiVersion".to_owned()
        } else {
            format!("its apiVersion is {version}")
        };
        return Err(format!("{found}; k3d reads {} and older ones down to {}.", CURRENT, KNOWN[0]));
    };
    let kind = value["kind"].as_str().unwrap_or_default();
    if kind != "Simple" {
        return Err(format!("its kind is `{kind}`, and k3d creates clusters from `kind: Simple` only."));
    }
    if index + 1 == KNOWN.len() {
        return Ok(None);
    }
    if index == 0 {
        from_v1alpha2(value);
    }
    if index <= 1 {
        let name = take(value, "name");
        if !name.is_null() {
            value["metadata"]["name"] = name;
        }
    }
    value["apiVersion"] = CURRENT.into();
    Ok(Some(KNOWN[index]))
}

/// Node filters were written `server[0]`, arguments and labels had no filters, a registry had no name.
fn from_v1alpha2(value: &mut Value) {
    let mut labels = take(value, "labels");
    colons(&mut labels);
    if labels.is_sequence() {
        value["options"]["runtime"]["labels"] = labels;
    }
    for list in ["env", "volumes", "ports"] {
        if let Some(entries) = value.get_mut(list) {
            colons(entries);
        }
    }
    let mut arguments = Vec::new();
    for (key, filter) in [("extraServerArgs", "server:*"), ("extraAgentArgs", "agent:*")] {
        let list =
            value.get_mut("options").and_then(|options| options.get_mut("k3s")).map(|k3s| take(k3s, key));
        for argument in list.unwrap_or_default().as_sequence().into_iter().flatten() {
            let filters = Value::Sequence(vec![filter.into()]);
            arguments.push(Value::Mapping(Mapping::from_iter([
                ("arg".into(), argument.clone()),
                ("nodeFilters".into(), filters),
            ])));
        }
    }
    if !arguments.is_empty() {
        value["options"]["k3s"]["extraArgs"] = Value::Sequence(arguments);
    }
    if let Some(options) = value.get_mut("options").and_then(|options| options.get_mut("k3d")) {
        take(options, "disableHostIPInjection");
    }
    let name = value["name"].as_str().unwrap_or_default().to_owned();
    let registries = value.get_mut("registries");
    if let Some(registries) = registries
        && take(registries, "create") == Value::Bool(true)
    {
        registries["create"]["name"] = format!("k3d-{name}-registry").into();
        registries["create"]["host"] = "0.0.0.0".into();
        registries["create"]["hostPort"] = "random".into();
    }
}

fn take(value: &mut Value, key: &str) -> Value {
    value.as_mapping_mut().and_then(|fields| fields.remove(key)).unwrap_or_default()
}

/// `server[0]` as `server:0`.
fn colons(entries: &mut Value) {
    for entry in entries.as_sequence_mut().into_iter().flatten() {
        let filters = entry.get_mut("nodeFilters").and_then(Value::as_sequence_mut);
        for filter in filters.into_iter().flatten() {
            if let Some(text) = filter.as_str() {
                *filter = text.replace('[', ":").replace(']', "").into();
            }
        }
    }
}
