//! What two dials say about a cluster, and that the pods which dial fit the policies and the namespace.

use std::path::Path;

use super::{Answer, Enforced, KNOWN, STRANGER, pod, told};
use crate::manifests::Manifests;

#[test]
fn only_a_stranger_that_fails_where_the_other_gets_through_is_a_proof() {
    assert_eq!(Enforced::of(Some(true), Some(false)), Enforced::Yes);
    assert_eq!(Enforced::of(Some(true), Some(true)), Enforced::No);
    for known in [Some(false), None] {
        for stranger in [Some(true), Some(false), None] {
            assert_eq!(Enforced::of(known, stranger), Enforced::Unknown, "{known:?} {stranger:?}");
        }
    }
    assert_eq!(Enforced::of(Some(true), None), Enforced::Unknown);
}

#[test]
fn the_last_answer_is_told_again() {
    let folder = tempfile::tempdir().unwrap();
    assert!(told(folder.path()).contains("not tried yet"));
    for enforced in [Enforced::Yes, Enforced::No, Enforced::Unknown] {
        let answer = Answer { enforced, at_unix_s: 7 };
        answer.write(folder.path()).unwrap();
        assert_eq!(Answer::last(folder.path()), Some(answer.clone()));
        assert_eq!(told(folder.path()), answer.text());
    }
}

/// The manifests let one of the two to the bus and the other nowhere; where nobody enforces them this is all there is.
#[test]
fn the_policies_know_one_of_the_two_pods() {
    let manifests = Manifests::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests")).unwrap();
    let label = |name: &str| pod(name, "image")["metadata"]["labels"]["app.kubernetes.io/part-of"].clone();
    let policy = |name: &str| {
        let is_it =
            |object: &&crate::manifests::Object| object.kind() == "NetworkPolicy" && object.name() == name;
        manifests.objects.iter().find(is_it).unwrap_or_else(|| panic!("no policy {name}")).value["spec"]
            .clone()
    };
    let let_in = &policy("nats")["ingress"][0]["from"][0]["podSelector"]["matchLabels"];
    assert_eq!(let_in["app.kubernetes.io/part-of"], label(KNOWN));
    let let_out = &policy("names-and-bus")["podSelector"]["matchExpressions"][0];
    assert_eq!(
        (&let_out["key"], &let_out["values"][0]),
        (&"app.kubernetes.io/part-of".into(), &label(KNOWN))
    );
    assert!(label(STRANGER).is_null());
    let all = policy("deny-by-default");
    assert_eq!(
        (&all["podSelector"], all["policyTypes"].as_array().unwrap().len()),
        (&serde_json::json!({}), 2)
    );
}
