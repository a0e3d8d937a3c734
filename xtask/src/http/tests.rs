//! Answers are read whole or not at all.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Answer, get, is_ok, parse};

const LIMIT: Duration = Duration::from_secs(2);

#[test]
fn a_status_and_a_body_are_found() {
    let text = "HTTP/1.0 503 Service Unavailable\r\nx: y\r\n\r\nnot ready";
    assert_eq!(parse(text), Some(Answer { status: 503, body: "not ready".to_owned() }));
    assert_eq!(parse("SSH-2.0-OpenSSH_9.2\r\n"), None);
}

#[tokio::test]
async fn a_port_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let error = get(&address, "/", Duration::from_millis(100)).await.unwrap_err();
    assert!(error.to_string().contains("did not answer in time"), "{error}");
}

#[tokio::test]
async fn only_200_is_ok() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        for status in ["200 OK", "404 Not Found"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 256];
            let _ = stream.read(&mut request).await.unwrap();
            let answer = format!("HTTP/1.0 {status}\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    assert!(is_ok(&address, "/readyz", LIMIT).await);
    assert!(!is_ok(&address, "/readyz", LIMIT).await);
}
