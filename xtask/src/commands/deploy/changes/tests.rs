//! Differences that a user asked for, and none that the server keeps for itself.

use serde_json::json;

use super::*;

#[test]
fn what_the_server_keeps_is_no_difference() {
    let live = json!({"metadata": {"name": "a", "resourceVersion": "1", "uid": "u"}, "status": {"ready": 1}, "spec": {"x": 1}});
    let wanted =
        json!({"metadata": {"name": "a", "resourceVersion": "2", "generation": 3}, "spec": {"x": 1}});
    assert!(differences(&live, &wanted).is_empty());
}

#[test]
fn differences_are_named_by_path_with_both_values() {
    let live = json!({"spec": {"containers": [{"image": "a:1"}], "gone": true}});
    let wanted = json!({"spec": {"containers": [{"image": "a:2"}], "new": "x"}});
    let found = differences(&live, &wanted);
    assert_eq!(
        found,
        ["spec.containers[0].image a:1 → a:2", "spec.gone true → nothing", "spec.new nothing → x"]
    );
}

#[test]
fn long_lists_are_cut() {
    let live: Value =
        (0..20).map(|index| (index.to_string(), json!(1))).collect::<serde_json::Map<_, _>>().into();
    let found = differences(&live, &json!({}));
    assert_eq!(found.len(), DIFFERENCES_MAX + 1);
    assert_eq!(found.last().unwrap(), "and 14 more");
}
