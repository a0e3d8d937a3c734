//! What is made once is kept, and nothing is required before every pod knows it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{DRAWN_KEYS, Seen, Trust, drawn, missing, of};

fn secret(values: &[(&str, &str)]) -> Value {
    let data = values.iter().map(|(key, value)| ((*key).to_owned(), STANDARD.encode(value).into()));
    json!({"data": data.collect::<serde_json::Map<String, Value>>()})
}

/// What `ensure` would leave in a cluster that is in this state.
fn complete(trust: Trust) -> Value {
    let values = drawn(&missing(&Value::Null), trust).unwrap();
    let pairs: Vec<(&str, &str)> =
        values.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
    secret(&pairs)
}

#[test]
fn a_new_cluster_requires_everything_at_once() {
    assert_eq!(of(None), Trust::New);
    assert_eq!(of(Some(&complete(Trust::Required))), Trust::Required);
}

#[test]
fn a_cluster_of_a_build_before_proofs_accepts_until_told_otherwise() {
    let before = secret(&[("ticket-secret", "0123")]);
    assert_eq!(of(Some(&before)), Trust::Accepting { lacks: true });
    let lacking = missing(&before["data"]);
    assert!(!lacking.contains(&"ticket-secret"), "what is there is kept");
    let added = drawn(&lacking, Trust::Accepting { lacks: false }).unwrap();
    assert_eq!((&added["proofs"], &added["bus-anonymous"]), (&json!("0"), &json!("open")));
    assert_eq!(of(Some(&complete(Trust::Accepting { lacks: false }))), Trust::Accepting { lacks: false });
}

#[test]
fn a_key_that_somebody_took_away_is_drawn_again() {
    for key in DRAWN_KEYS {
        let mut held = complete(Trust::Required);
        held["data"].as_object_mut().unwrap().remove(key);
        assert_eq!(of(Some(&held)), Trust::Accepting { lacks: true }, "{key}");
        assert_eq!(missing(&held["data"]), [key]);
    }
}

#[test]
fn every_secret_is_another_one_and_no_config_takes_it_for_a_number() {
    let values = drawn(&DRAWN_KEYS, Trust::Required).unwrap();
    let all: BTreeSet<&str> = values.values().filter_map(Value::as_str).collect();
    assert_eq!(all.len(), DRAWN_KEYS.len());
    assert!(all.iter().all(|value| value.len() == 65 && value.starts_with('s')), "{all:?}");
}

#[test]
fn pods_that_do_not_say_it_do_not_count_as_requiring() {
    let mixed = Seen { asked: 5, required: 2, accepting: 2 };
    assert!(mixed.text().starts_with("accepted, not required yet: 2 of 5"), "{}", mixed.text());
    assert_eq!(mixed.json()["required"], false);
    let all = Seen { asked: 5, required: 5, accepting: 0 };
    assert_eq!(all.text(), "required by all 5 pods that judge them");
    assert_eq!(Seen::default().json()["required"], false, "nobody asked is nobody who requires");
}
