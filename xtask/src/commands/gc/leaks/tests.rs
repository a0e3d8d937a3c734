//! Ours and gone: removed. Ours and up: untouched. Somebody else's: named.

use super::*;
use crate::docker::cluster::ClusterNetwork;
use crate::target::{NodeLabels, Published};

fn record(complete: bool) -> Record {
    Record {
        owner: "0123".to_owned(),
        complete,
        uid: String::new(),
        published: Published { address: "127.0.0.1".to_owned(), port: 8080, given: false },
        labels: NodeLabels::new(),
        image_given: None,
        direct: false,
        shape: serde_json::Value::Null,
    }
}

fn node(cluster: &str, owner: Option<&str>) -> Container {
    let owner = owner.map(|owner| (OWNER_LABEL.to_owned(), owner.to_owned()));
    let labels = [(CLUSTER_LABEL.to_owned(), cluster.to_owned())].into_iter().chain(owner).collect();
    Container { id: format!("{cluster}-id"), labels, ..Default::default() }
}

fn remains(names: &[&str]) -> Remains {
    let network = |name: &&str| ClusterNetwork {
        id: format!("{name}-network"),
        name: format!("k3d-{name}"),
        attached: Vec::new(),
    };
    let volume = |name: &&str| (format!("k3d-{name}-images"), (*name).to_owned());
    Remains { networks: names.iter().map(network).collect(), volumes: names.iter().map(volume).collect() }
}

fn known(entries: &[(&str, Option<bool>)]) -> BTreeMap<String, Option<Record>> {
    entries.iter().map(|(name, complete)| ((*name).to_owned(), complete.map(record))).collect()
}

#[test]
fn a_cluster_that_is_up_is_no_leak() {
    let up = [node("game", Some("0123"))];
    assert!(judge(&up, &remains(&["game"]), &known(&[("game", Some(true))])).is_empty());
    // Somebody else's, up as well.
    assert!(judge(&[node("theirs", None)], &remains(&["theirs"]), &known(&[])).is_empty());
}

#[test]
fn network_and_volume_of_a_cluster_that_is_gone_are_ours_only_by_name() {
    let found = judge(&[], &remains(&["game", "theirs"]), &known(&[("game", None)]));
    let ours: Vec<&str> = found.iter().filter(|leak| leak.ours).map(|leak| leak.text.as_str()).collect();
    assert_eq!(
        ours,
        [
            "the network k3d-game of a cluster that is gone",
            "the volume k3d-game-images of a cluster that is gone"
        ]
    );
    assert_eq!(found.iter().filter(|leak| !leak.ours).count(), 2);
}

#[test]
fn a_network_that_somebody_uses_is_left_alone() {
    let mut used = remains(&["game"]);
    used.networks[0].attached.push("my-database".to_owned());
    used.volumes.clear();
    assert!(judge(&[], &used, &known(&[("game", None)])).is_empty());
}

#[test]
fn a_creation_that_never_ended_and_a_lost_state_folder_are_found() {
    let containers = [node("half", Some("0123")), node("lost", Some("4567"))];
    let found = judge(&containers, &Remains::default(), &known(&[("half", Some(false))]));
    assert_eq!(found[0].thing, Thing::Half("half".to_owned()));
    assert!(found[0].ours);
    // It may be up, and known to another state folder of this user.
    assert_eq!(found[1].thing, Thing::Stray("lost".to_owned()));
    assert!(!found[1].ours);
}
