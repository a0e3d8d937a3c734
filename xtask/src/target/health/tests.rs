//! Clusters after a restart, recorded.

use super::{Ailment, Facts, HOST_NAME, Inside, Member, Told, judge, missing_records};
use crate::docker::cluster::Whereabouts;

fn member(name: &str, address: &str, started: &str) -> Member {
    let at = Whereabouts {
        started: started.to_owned(),
        address: address.to_owned(),
        gateway: "172.20.0.1".to_owned(),
    };
    Member { name: name.to_owned(), is_balancer: name.ends_with("serverlb"), at }
}

/// As k3d leaves it: the load balancer last, every name in the records.
fn whole() -> Facts {
    let hosts = "172.20.0.1 host.k3d.internal\n172.20.0.2 k3d-a-server-0\n172.20.0.3 k3d-a-agent-0\n172.20.0.4 k3d-a-serverlb\n";
    Facts {
        members: vec![
            member("k3d-a-server-0", "172.20.0.2", "2026-11-24T10:00:00.5Z"),
            member("k3d-a-agent-0", "172.20.0.3", "2026-11-24T10:00:06.1Z"),
            member("k3d-a-serverlb", "172.20.0.4", "2026-11-24T10:00:13.2Z"),
        ],
        told: None,
        inside: Some(Inside {
            hosts: hosts.to_owned(),
            nodes: [("k3d-a-server-0", "172.20.0.2"), ("k3d-a-agent-0", "172.20.0.3")]
                .map(|(name, address)| (name.to_owned(), address.to_owned()))
                .into(),
            running_since: [("k3d-a-agent-0".to_owned(), "2026-11-24T11:00:00Z".to_owned())].into(),
        }),
    }
}

#[test]
fn a_cluster_as_k3d_leaves_it_is_well() {
    assert_eq!(judge(&whole()), []);
}

#[test]
fn pods_that_run_since_before_their_node_does_are_waited_for() {
    let mut facts = whole();
    facts.members[1].at.started = "2026-11-24T11:30:00.2Z".to_owned();
    facts.members[2].at.started = "2026-11-24T11:30:01.0Z".to_owned();
    let old = Ailment::OldPods { node: "k3d-a-agent-0".to_owned() };
    assert_eq!(judge(&facts), [old]);
    // Its kubelet says for a moment that nothing runs, then what it has started.
    facts.inside.as_mut().unwrap().running_since.clear();
    assert_eq!(judge(&facts), []);
    let again = "2026-11-24T11:30:00Z".to_owned();
    facts.inside.as_mut().unwrap().running_since.insert("k3d-a-agent-0".to_owned(), again);
    assert_eq!(judge(&facts), []);
}

#[test]
fn a_node_that_started_after_the_load_balancer_makes_it_suspect() {
    let mut facts = whole();
    facts.members[1].at.started = "2026-11-24T11:00:00Z".to_owned();
    let stale = Ailment::StaleBalancer { nodes: vec!["k3d-a-agent-0".to_owned()] };
    assert_eq!(judge(&facts), std::slice::from_ref(&stale));
    // Told of the address since, it is not; told of another one, or started again since, it is.
    let addresses = facts.members.iter().map(|one| (one.name.clone(), one.at.address.clone())).collect();
    facts.told = Some(Told { started: facts.members[2].at.started.clone(), addresses });
    assert_eq!(judge(&facts), []);
    let mut moved = facts.clone();
    moved.told.as_mut().unwrap().addresses.insert("k3d-a-agent-0".to_owned(), "172.20.0.9".to_owned());
    assert_eq!(judge(&moved), std::slice::from_ref(&stale));
    facts.members[2].at.started = "2026-11-24T10:30:00Z".to_owned();
    assert_eq!(judge(&facts), [stale]);
}

#[test]
fn records_that_a_restart_emptied_are_named_with_their_addresses() {
    let mut facts = whole();
    facts.inside.as_mut().unwrap().hosts.clear();
    let missing = missing_records(&facts);
    assert_eq!(missing[0], (HOST_NAME.to_owned(), "172.20.0.1".to_owned()));
    assert_eq!(missing.len(), 4);
    let ailments = judge(&facts);
    assert_eq!(ailments.len(), 1);
    assert!(ailments[0].to_string().contains("k3d-a-serverlb"), "{}", ailments[0]);
}

#[test]
fn swapped_addresses_are_seen_in_records_and_nodes() {
    let mut facts = whole();
    facts.members[0].at.address = "172.20.0.3".to_owned();
    facts.members[1].at.address = "172.20.0.2".to_owned();
    let ids: Vec<&str> = judge(&facts).iter().map(Ailment::id).collect();
    assert_eq!(ids, ["node-address-old", "node-address-old", "host-records-missing"]);
}

#[test]
fn the_load_balancer_is_judged_while_the_api_says_nothing() {
    let mut facts = whole();
    facts.inside = None;
    assert_eq!(judge(&facts), []);
    facts.members[0].at.started = "2026-11-24T11:00:00Z".to_owned();
    let ids: Vec<&str> = judge(&facts).iter().map(Ailment::id).collect();
    assert_eq!(ids, ["balancer-stale"]);
}
