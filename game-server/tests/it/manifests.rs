//! Every container of the manifests starts with flags and variables that the program accepts.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use game_server::cli::Cli;
use serde::Deserialize as _;
use serde_yaml::Value;

fn documents() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            documents.extend(
                serde_yaml::Deserializer::from_str(&text).map(|one| Value::deserialize(one).unwrap()),
            );
        }
    }
    documents
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What Kubernetes would put into the environment; secrets and names of pods are stood in for.
fn environment(container: &Value, documents: &[Value]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for from in container["envFrom"].as_sequence().into_iter().flatten() {
        let name = &from["configMapRef"]["name"];
        let is_named = |one: &&Value| one["kind"] == "ConfigMap" && one["metadata"]["name"] == *name;
        let map = documents.iter().find(is_named).unwrap_or_else(|| panic!("no ConfigMap {name:?}"));
        for (key, value) in map["data"].as_mapping().unwrap() {
            variables.insert(text(key), text(value));
        }
    }
    for one in container["env"].as_sequence().into_iter().flatten() {
        let value = if one["value"].is_null() {
            "stand-in-for-a-value-of-the-cluster".into()
        } else {
            text(&one["value"])
        };
        variables.insert(text(&one["name"]), value);
    }
    variables
}

#[test]
fn the_program_accepts_the_flags_and_variables_of_every_container() {
    let documents = documents();
    let mut roles = Vec::new();
    for container in
        documents.iter().flat_map(|one| one["spec"]["template"]["spec"]["containers"].as_sequence()).flatten()
    {
        if container["image"] != "game-server" {
            continue;
        }
        let variables = environment(container, &documents);
        let expand = |argument: &Value| {
            let argument = text(argument);
            variables
                .iter()
                .fold(argument, |whole, (name, value)| whole.replace(&format!("$({name})"), value))
        };
        let arguments: Vec<String> = container["args"].as_sequence().unwrap().iter().map(expand).collect();
        assert!(!arguments.iter().any(|argument| argument.contains("$(")), "{arguments:?}");
        parses(&arguments, &variables);
        roles.push(arguments[0].clone());
    }
    roles.sort();
    assert_eq!(roles, ["chat", "gateway", "lobby", "monitor", "ranking", "room"]);
}

/// A variable is what its flag is: each one that the role knows is given as the flag that reads it.
fn parses(arguments: &[String], variables: &BTreeMap<String, String>) {
    let mut line = vec!["game-server".to_owned()];
    line.extend_from_slice(arguments);
    let program = Cli::command();
    let role = program.find_subcommand(&arguments[0]).unwrap_or_else(|| panic!("no role {}", arguments[0]));
    for flag in role.get_arguments().chain(program.get_arguments()) {
        let (Some(name), Some(long)) = (flag.get_env(), flag.get_long()) else {
            continue;
        };
        let is_given = arguments.iter().any(|argument| argument.starts_with(&format!("--{long}=")));
        if let (Some(value), false) = (variables.get(&*name.to_string_lossy()), is_given) {
            line.push(format!("--{long}={value}"));
        }
    }
    if let Err(error) = Cli::try_parse_from(&line) {
        panic!("{line:?}: {error}");
    }
}
