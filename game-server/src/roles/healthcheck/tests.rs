//! Addresses and answers.

use super::{parse_status, run, split};

#[test]
fn urls_are_split_and_checked() {
    assert_eq!(split("http://127.0.0.1:9100/readyz").unwrap(), ("127.0.0.1:9100", "/readyz"));
    assert_eq!(split("http://localhost:1").unwrap(), ("localhost:1", "/"));
    assert!(split("https://127.0.0.1:9100/").is_err());
    assert!(split("http://127.0.0.1/").is_err());
}

#[test]
fn only_http_has_a_status() {
    assert_eq!(parse_status(b"HTTP/1.1 503 Service Unavailable\r\n"), Some(503));
    assert_eq!(parse_status(b"SSH-2.0"), None);
    assert_eq!(parse_status(b"HTTP/1.1 2"), None);
}

#[tokio::test]
async fn nobody_listening_is_a_failure() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    assert!(run(&format!("http://{address}/readyz")).await.is_err());
    assert!(run(&format!("tcp://{address}")).await.is_err());
    let _taken = tokio::net::TcpListener::bind(address).await.unwrap();
    run(&format!("tcp://{address}")).await.unwrap();
}
