//! Only what differs is set, and what left the file is removed.

use super::*;

#[test]
fn only_labels_that_differ_are_changed() {
    let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let node = |name: &str, pairs: &[(&str, &str)]| Node {
        name: name.to_owned(),
        ready: true,
        architecture: "amd64".to_owned(),
        labels: labels(pairs),
    };
    let before =
        BTreeMap::from([("a".to_owned(), labels(&[("workload", "compute"), ("zone", "1"), ("gone", "1")]))]);
    let wanted = BTreeMap::from([
        ("a".to_owned(), labels(&[("workload", "compute")])),
        ("b".to_owned(), labels(&[("workload", "backend")])),
        ("gone".to_owned(), labels(&[("workload", "backend")])),
    ]);
    let nodes = [node("a", &[("workload", "compute"), ("zone", "1")]), node("b", &[("workload", "compute")])];
    let expected =
        |key: &str, value: Option<&str>| BTreeMap::from([(key.to_owned(), value.map(str::to_owned))]);
    let found = changes(&nodes, &wanted, &before);
    let set_and_gone =
        [("a".to_owned(), expected("zone", None)), ("b".to_owned(), expected("workload", Some("backend")))];
    assert_eq!(found, BTreeMap::from(set_and_gone));
    assert_eq!(describe(&found["a"]), "zone-");
    assert_eq!(describe(&found["b"]), "workload=backend");
}
