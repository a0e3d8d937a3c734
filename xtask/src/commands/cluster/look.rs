//! What is there under the name of a cluster, and whose it is.

use crate::docker::Container;
use crate::docker::cluster::ROLE_LABEL;
use crate::manifests::cluster::ClusterConfig;
use crate::settings::OWNER_LABEL;
use crate::target::Record;

/// What the containers of one name amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Absent,
    /// Somebody else's, with the evidence.
    Foreign(String),
    /// Ours, and its creation never came to an end.
    Half,
    /// Ours and complete, with at least one container not running: their names.
    Stopped(Vec<String>),
    /// Ours and complete once, with containers gone since: how many.
    Damaged(u64),
    Running,
}

/// Judges containers against the record of what we made.
pub fn judge(containers: &[Container], record: Option<&Record>, config: &ClusterConfig) -> State {
    if containers.is_empty() {
        return State::Absent;
    }
    let Some(record) = record else {
        return State::Foreign(format!(
            "{} container(s) of that name exist, and nothing here made them",
            containers.len()
        ));
    };
    let role = |container: &Container| container.labels.get(ROLE_LABEL).cloned().unwrap_or_default();
    let is_node = |container: &Container| matches!(role(container).as_str(), "server" | "agent");
    let stranger = containers
        .iter()
        .find(|container| is_node(container) && container.labels.get(OWNER_LABEL) != Some(&record.owner));
    if let Some(stranger) = stranger {
        return State::Foreign(format!(
            "the container {} does not carry the id that was written down here",
            stranger.name
        ));
    }
    if !record.complete {
        return State::Half;
    }
    // Every node and the load balancer; k3d's short-lived tools container does not count.
    let lasting: Vec<&Container> = containers
        .iter()
        .filter(|container| is_node(container) || role(container) == "loadbalancer")
        .collect();
    let made = |field: &str, asked_for: u64| record.shape[field].as_u64().unwrap_or(asked_for);
    let wanted = made("servers", config.servers) + made("agents", config.agents) + u64::from(!record.direct);
    if (lasting.len() as u64) < wanted {
        return State::Damaged(wanted - lasting.len() as u64);
    }
    let down: Vec<String> = lasting
        .iter()
        .filter(|container| !container.is_running())
        .map(|container| container.name.clone())
        .collect();
    if down.is_empty() { State::Running } else { State::Stopped(down) }
}

#[cfg(test)]
mod tests;
