//! What goes and what stays.

use super::*;

fn deployed() -> Inventory {
    let id = |version: &str, kind: &str, name: &str| Id::new(version, kind, Some(NAMESPACE), name);
    Inventory {
        ids: vec![
            Id::new("v1", "Namespace", None, NAMESPACE),
            id("v1", "ConfigMap", "match"),
            id("v1", "PersistentVolumeClaim", "archive"),
            Id::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, "fleets.agones.dev"),
            id("apps/v1", "StatefulSet", "ranking"),
        ],
    }
}

#[test]
fn the_last_goes_first_and_data_stay() {
    let names = |data: bool| -> Vec<String> { doomed(&deployed(), data).iter().map(Id::key).collect() };
    assert_eq!(names(false), ["StatefulSet/ranking", "ConfigMap/match"]);
    assert_eq!(names(true), ["StatefulSet/ranking", "PersistentVolumeClaim/archive", "ConfigMap/match"]);
}

#[test]
fn a_claim_is_ours_when_a_stateful_set_of_ours_made_it() {
    let claim = |namespace: &str, name: &str| Id::new("v1", "PersistentVolumeClaim", Some(namespace), name);
    for name in ["data-ranking-0", "more-data-ranking-12"] {
        assert!(is_claim_of_ours(&claim(NAMESPACE, name), &deployed()), "{name}");
        // The same name in a namespace where we have no such set is somebody else's.
        assert!(!is_claim_of_ours(&claim("other", name), &deployed()), "{name}");
    }
    for name in ["data-other-0", "ranking-0", "data-ranking-x", "dataranking-0", "data", "data-ranking"] {
        assert!(!is_claim_of_ours(&claim(NAMESPACE, name), &deployed()), "{name}");
    }
}
