//! `doctor` on whatever machine this is.

use serde_json::Value;

use crate::xtask;

#[tokio::test]
async fn findings_have_a_stable_shape() {
    let state = tempfile::tempdir().unwrap();
    let ended = xtask(state.path(), &["doctor", "--target", "local", "--json", "--port", "0"]).await;
    let lines = ended.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let result = lines.map(|line| line["result"].clone()).find(|result| result.is_object()).unwrap();
    assert_eq!(result["target"], "local");
    let ready = result["ready"].as_bool().unwrap();
    assert_eq!(ended.code, Some(if ready { 0 } else { 3 }));
    for finding in result["findings"].as_array().unwrap() {
        assert!(finding["id"].as_str().is_some_and(|id| !id.is_empty()), "{finding}");
        assert!(["ok", "info", "warn", "fail"].contains(&finding["level"].as_str().unwrap()), "{finding}");
    }
    assert!(result["seconds"].as_f64().unwrap() < 2.0);
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_owner() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let state = tempfile::tempdir().unwrap();
    let ended = xtask(state.path(), &["doctor", "--target", "local", "--port", &port]).await;
    assert_eq!(ended.code, Some(3));
    assert!(ended.stdout.contains(&format!("port {port} is taken by")), "{}", ended.stdout);
}
