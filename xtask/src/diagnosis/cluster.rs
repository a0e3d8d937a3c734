//! A cluster that can be asked only in part: nodes that are asleep, an API that is silent, a port that nobody answers.

use crate::diagnosis::{Cause, listed};

/// What is known about a cluster from outside.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    pub name: String,
    /// It was made here, and completely.
    pub is_made: bool,
    /// Name and state of every container, as Docker says them.
    pub containers: Vec<(String, String)>,
    /// Why the API server could not be asked.
    pub api_error: Option<String>,
    /// The end of the log of the node that runs the API server.
    pub server_log: Vec<String>,
    /// Where players join.
    pub url: String,
    pub is_page_served: bool,
}

/// What is wrong around the pods, the most basic first.
pub fn check(outside: &Outside) -> Vec<Cause> {
    let object = format!("Cluster/{}", outside.name);
    if !outside.is_made {
        let found = if outside.containers.is_empty() {
            "it does not exist"
        } else {
            "its creation never came to an end"
        };
        return vec![Cause::new("cluster-missing", object, found).fix("run `cargo xtask up`")];
    }
    if outside.containers.is_empty() {
        let cause = Cause::new(
            "cluster-gone",
            object,
            "it was made here, and Docker has none of its containers any more",
        );
        return vec![cause.fix("run `cargo xtask down`, then `cargo xtask up`")];
    }
    let asleep = asleep(outside, &object);
    if !asleep.is_empty() {
        return asleep;
    }
    if let Some(error) = &outside.api_error {
        let cause =
            Cause::new("api-unreachable", object, "its containers run, and its API server does not answer");
        let last = outside.server_log.last().map(|line| format!("the last line of the server {line}"));
        let fix = format!("run `docker restart k3d-{}-server-0`, then `cargo xtask cluster`", outside.name);
        return vec![cause.seen(error.trim_end_matches('.')).seen(last.unwrap_or_default()).fix(fix)];
    }
    Vec::new()
}

/// The public port, which matters only where everything behind it is well.
pub fn page(outside: &Outside) -> Option<Cause> {
    if outside.is_page_served {
        return None;
    }
    let object = format!("Cluster/{}", outside.name);
    let found = format!("its pods are well, and {} does not give the page", outside.url);
    let fix =
        format!("run `docker restart k3d-{}-serverlb`: the load balancer may have lost a node", outside.name);
    Some(Cause::new("page-unreachable", object, found).fix(fix))
}

fn asleep(outside: &Outside, object: &str) -> Vec<Cause> {
    let of = |test: fn(&str) -> bool| -> Vec<String> {
        let found = outside.containers.iter().filter(|(_, state)| test(state));
        found.map(|(name, state)| format!("{name} is {state}")).collect()
    };
    let stopped = of(|state| state != "running" && state != "paused");
    let paused = of(|state| state == "paused");
    let names = paused.iter().filter_map(|text| text.split(' ').next()).collect::<Vec<&str>>().join(" ");
    let cause = |found: &str, seen: &[String]| Cause::new("node-stopped", object, found).seen(listed(seen));
    let mut causes = Vec::new();
    if !stopped.is_empty() {
        causes.push(cause("some of its containers do not run", &stopped).fix("run `cargo xtask start`"));
    }
    if !paused.is_empty() {
        let fix = format!("run `docker unpause {names}`");
        causes.push(cause("some of its containers are frozen", &paused).fix(fix));
    }
    causes
}

#[cfg(test)]
mod tests;
