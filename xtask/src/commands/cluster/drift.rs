//! How a cluster that runs differs from what k3d.yaml and the command line ask for now.

use anyhow::Result;

use crate::docker::Container;
use crate::manifests::difference;
use crate::target::{Published, Record, Target};

/// Port at which the gateway's Service answers on every node.
const GAME_PORT: u16 = 80;

/// What is to be changed, and what cannot be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    pub moved: Option<Moved>,
    /// Fields that a cluster keeps from its making on, as `path old → new`.
    pub remade: Vec<String>,
}

/// Players are to join somewhere else; the load balancer is replaced for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// `address:port` of now, none after an interrupted move.
    pub from: Vec<String>,
    pub to: Published,
}

impl Drift {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares containers and record with what is asked for.
pub fn find(containers: &[Container], record: &Record, target: &Target) -> Result<Drift> {
    let shape = target.config.shape()?;
    let mut remade =
        if record.shape.is_null() { Vec::new() } else { difference::paths(&record.shape, &shape) };
    let mut moved = moved(containers, target.published());
    // Docker publishes a port of a container when it makes it, and never again.
    if let Some(moved) = moved.take_if(|_| record.direct) {
        remade.push(format!("port {} → {}:{}", moved.from.join(", "), moved.to.address, moved.to.port));
    }
    Ok(Drift { moved, remade })
}

fn moved(containers: &[Container], to: Published) -> Option<Moved> {
    let ports = containers.iter().flat_map(|one| &one.ports);
    let published = ports.filter(|port| port.container_port == GAME_PORT);
    // An engine may name an address of IPv6 beside the one that was asked for.
    let fits = |address: &str| address == to.address || (to.address == "0.0.0.0" && address == "::");
    let is_wanted = |address: &str, port: u16| fits(address) && port == to.port;
    let (right, wrong): (Vec<_>, Vec<_>) =
        published.partition(|port| is_wanted(&port.address, port.host_port));
    let from = wrong.iter().map(|port| format!("{}:{}", port.address, port.host_port)).collect();
    if right.is_empty() { Some(Moved { from, to }) } else { None }
}

#[cfg(test)]
mod tests;
