//! What is pruned and what never is.

use super::*;

fn id(kind: &str, name: &str) -> Id {
    Id::new("v1", kind, Some(NAMESPACE), name)
}

#[test]
fn what_left_the_manifests_goes_but_never_data_or_secrets() {
    let before = Inventory {
        ids: vec![
            id("Service", "old"),
            id("Service", "kept"),
            id("Secret", "s"),
            id("PersistentVolumeClaim", "c"),
        ],
    };
    let now = Inventory { ids: vec![id("Service", "kept"), id("Service", "new")] };
    assert_eq!(before.gone_from(&now), [id("Service", "old")]);
    assert_eq!(before.with(&now).ids.len(), 5);
}

#[test]
fn a_new_api_version_is_the_same_object() {
    let before =
        Inventory { ids: vec![Id::new("policy/v1beta1", "PodDisruptionBudget", Some(NAMESPACE), "room")] };
    let now = Inventory { ids: vec![Id::new("policy/v1", "PodDisruptionBudget", Some(NAMESPACE), "room")] };
    assert!(before.gone_from(&now).is_empty());
}
