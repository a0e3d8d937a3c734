//! Amounts are read as Kubernetes reads them, and what cannot have been meant is named with what to write.

use serde_json::json;

use super::*;

#[test]
fn amounts_are_those_of_kubernetes() {
    for (text, expected) in [
        ("1", 1.0),
        ("250m", 0.25),
        ("1.5", 1.5),
        ("512Mi", 536_870_912.0),
        ("1e3", 1000.0),
        ("1E3", 1000.0),
        ("2k", 2000.0),
        ("1E", 1e18),
        ("100M", 1e8),
        (".5", 0.5),
        ("+1", 1.0),
    ] {
        assert_eq!(amount(&text.into()), Some(expected), "{text}");
    }
    for text in
        ["", "Mi", "512MB", "1 Gi", "1,5", "512mi", "1K", "0x10", "1e", "-1", "NaN", "inf", "1..2", "１"]
    {
        assert_eq!(amount(&text.into()), None, "{text}");
    }
    assert_eq!((amount(&json!(2)), amount(&json!(true)), amount(&json!(null))), (Some(2.0), None, None));
}

#[test]
fn what_cannot_have_been_meant_is_named() {
    let fault = |name: &str, value: &str| amount_fault(name, &value.into()).unwrap_or_default();
    assert!(
        fault("memory", "512m").contains("0.512 bytes") && fault("memory", "512m").contains("Write 512Mi.")
    );
    assert!(fault("memory", "512MB").contains("Write 512Mi."), "{}", fault("memory", "512MB"));
    assert!(fault("memory", "512").contains("Write 512Mi."));
    assert!(fault("memory", "1,5Gi").contains("no amount"));
    for (name, fine) in
        [("memory", "512Mi"), ("memory", "1Gi"), ("memory", "0"), ("cpu", "250m"), ("cpu", "0.1")]
    {
        assert_eq!(fault(name, fine), "", "{name} {fine}");
    }
    let wrongs = |value: Value| -> Vec<String> {
        container(&value, "").into_iter().map(|wrong| wrong.pointer).collect()
    };
    let below = json!({"resources": {"limits": {"memory": "64Mi", "cpu": 1}, "requests": {"memory": "128Mi", "cpu": "250m"}}});
    assert_eq!(wrongs(below), ["/resources/limits/memory"]);
    assert_eq!(
        wrongs(json!({"volumeMounts": [{"mountPath": "/data:ro"}, {"mountPath": "/x"}]})),
        ["/volumeMounts/0/mountPath"]
    );
}
