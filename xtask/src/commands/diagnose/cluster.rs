//! What a cluster tells, whole or half-dead: each part is asked by itself, and what does not answer is a finding.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::future::join_all;
use serde_json::json;

use super::bundle::Bundle;
use super::{Found, words};
use crate::context::Context;
use crate::diagnosis::cluster::{self, Outside};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::redact::Redactor;
use crate::diagnosis::{Cause, causes};
use crate::docker::Engine;
use crate::http;
use crate::kubernetes::Kubernetes;
use crate::target::{BUNDLE_FILE, Target};

/// As much of a node's log as shows its last minutes.
const NODE_LOG_LINES: usize = 300;
/// A healthy API server answers everything that is asked here within a second.
const API_LIMIT: Duration = Duration::from_secs(15);
const PAGE_LIMIT: Duration = Duration::from_secs(2);
/// Fields of a kubeconfig that open a cluster.
const KEYS: [&str; 3] = ["client-key-data:", "token:", "password:"];

/// What the API server gave.
pub(super) struct Inside {
    pub cluster: Kubernetes,
    pub facts: Facts,
    pub secrets: Vec<String>,
}

pub async fn look(context: &Context) -> Result<Found> {
    let target = Target::of(context)?;
    let path = target.folder().join(BUNDLE_FILE);
    let mut outside = Outside { name: target.name().to_owned(), url: target.url(), ..Outside::default() };
    outside.is_made = target.record().is_some_and(|record| record.complete);
    let engine = match Engine::connect(&context.report).await {
        Ok(engine) => engine,
        Err(error) => {
            let cause = Cause::unanswered("Docker", &words(&error));
            let bundle = Bundle::new(Redactor::new(kubeconfig_keys(&target)));
            return Ok(Found {
                state: "Docker does not answer".to_owned(),
                causes: vec![cause],
                bundle,
                path,
            });
        }
    };
    let containers = engine.cluster_containers(target.name()).await?;
    let states = containers.iter().map(|container| (container.name.clone(), container.state.clone()));
    outside.containers = states.collect();
    let inside = if outside.is_made && !outside.containers.is_empty() {
        let answer = tokio::time::timeout(API_LIMIT, ask(&target, &engine)).await;
        answer.with_context(|| format!("no answer within {} s", API_LIMIT.as_secs())).flatten()
    } else {
        Err(anyhow::anyhow!("there is none to ask"))
    };
    outside.api_error = inside.as_ref().err().map(words);
    let address = format!("127.0.0.1:{}", target.config.port);
    outside.is_page_served = http::is_ok(&address, "/", PAGE_LIMIT).await;
    let (facts, secrets) = with_logs(inside).await;
    let mut bundle = Bundle::new(Redactor::new(secrets.into_iter().chain(kubeconfig_keys(&target))));
    add_logs_of_nodes(&mut bundle, &engine, &mut outside).await;
    let causes = judge(&outside, &facts);
    let state = state(&outside, &facts);
    add(&mut bundle, &outside, facts);
    Ok(Found { state, causes, bundle, path })
}

async fn ask(target: &Target, engine: &Engine) -> Result<Inside> {
    let cluster = target.connect(engine).await?;
    let (facts, secrets) = tokio::try_join!(cluster.facts(), cluster.secret_values())?;
    Ok(Inside { cluster, facts, secrets })
}

/// Facts with the last lines of every pod whose node still answers, and the secrets to take out of them.
pub(super) async fn with_logs(inside: Result<Inside>) -> (Facts, Vec<String>) {
    let Ok(Inside { cluster, mut facts, secrets }) = inside else {
        return (Facts::default(), Vec::new());
    };
    let names = facts.pods.iter().filter_map(|pod| Some(pod["metadata"]["name"].as_str()?.to_owned()));
    let names: Vec<String> = names.collect();
    cluster.add_logs(&mut facts, &names).await;
    (facts, secrets)
}

/// From outside to inside: what is asleep explains what does not answer, and that explains pods.
fn judge(outside: &Outside, facts: &Facts) -> Vec<Cause> {
    let mut found = cluster::check(outside);
    found.extend(causes(facts));
    if found.is_empty() {
        found.extend(cluster::page(outside).filter(|_| !facts.pods.is_empty()));
    }
    found
}

fn state(outside: &Outside, facts: &Facts) -> String {
    let running = outside.containers.iter().filter(|(_, state)| state == "running").count();
    let unready = facts.unready().count();
    let pods = match (&outside.api_error, facts.pods.len()) {
        (Some(_), _) => "the API server was not asked or did not answer".to_owned(),
        (None, 0) => "nothing is deployed".to_owned(),
        (None, pods) => format!("{} of {pods} pods ready", pods - unready.min(pods)),
    };
    format!("cluster {}: {running} of {} containers run; {pods}", outside.name, outside.containers.len())
}

async fn add_logs_of_nodes(bundle: &mut Bundle, engine: &Engine, outside: &mut Outside) {
    let names: Vec<String> = outside.containers.iter().map(|(name, _)| name.clone()).collect();
    let logs = join_all(names.iter().map(|name| engine.last_log_lines(name, NODE_LOG_LINES))).await;
    for (name, log) in names.iter().zip(logs) {
        let lines = log.unwrap_or_else(|error| vec![format!("{error:#}")]);
        bundle.lines(&format!("nodes/{name}.log"), &lines);
        if name.ends_with("-server-0") {
            outside.server_log = lines.iter().map(|line| bundle.redact(line)).collect();
        }
    }
}

fn add(bundle: &mut Bundle, outside: &Outside, facts: Facts) {
    for (pod, lines) in &facts.logs {
        bundle.lines(&format!("pods/{pod}.log"), lines);
    }
    bundle.json("containers.json", json!(outside.containers));
    bundle.json("facts.json", json!(facts));
}

fn kubeconfig_keys(target: &Target) -> Vec<String> {
    keys(&target.kubeconfig())
}

/// The keys of a kubeconfig, which stand nowhere else and still must not get out.
pub(super) fn keys(kubeconfig: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(kubeconfig).unwrap_or_default();
    let key = |line: &str| {
        KEYS.iter().find_map(|key| line.trim().strip_prefix(key)).map(|key| key.trim().to_owned())
    };
    text.lines().filter_map(key).collect()
}
