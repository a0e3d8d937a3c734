//! Only what differs is set.

use super::*;

#[test]
fn only_labels_that_differ_are_changed() {
    let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let node = |name: &str, pairs: &[(&str, &str)]| Node {
        name: name.to_owned(),
        ready: true,
        labels: labels(pairs),
    };
    let wanted = BTreeMap::from([
        ("a".to_owned(), labels(&[("workload", "compute")])),
        ("b".to_owned(), labels(&[("workload", "backend")])),
        ("gone".to_owned(), labels(&[("workload", "backend")])),
    ]);
    let nodes = [node("a", &[("workload", "compute"), ("zone", "1")]), node("b", &[("workload", "compute")])];
    assert_eq!(
        changes(&nodes, &wanted),
        BTreeMap::from([("b".to_owned(), labels(&[("workload", "backend")]))])
    );
}
