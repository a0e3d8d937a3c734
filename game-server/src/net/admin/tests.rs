//! What probes, `curl` and other people's pages see on the admin port.

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Readiness, Token, is_known_host, serve};
use crate::net::shutdown::Shutdown;

const TOKEN: &str = "a token of the tests only";

async fn start(token: Token) -> (std::net::SocketAddr, Readiness, Shutdown) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ready, shutdown) = (Readiness::default(), Shutdown::new());
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    tokio::spawn(serve(listener, ready.clone(), shutdown.clone(), metrics, token));
    (address, ready, shutdown)
}

async fn ask(address: std::net::SocketAddr, request_line: &str) -> String {
    ask_with(address, request_line, "host: admin\r\n").await
}

async fn ask_with(address: std::net::SocketAddr, request_line: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{request_line} HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn probes_follow_readiness_and_drain() {
    let (address, ready, shutdown) = start(Token::new(Some(TOKEN))).await;

    assert!(ask(address, "GET /livez").await.starts_with("HTTP/1.1 200"));
    assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 503"));
    ready.set(true);
    assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 200"));
    assert!(ask(address, "GET /metrics").await.starts_with("HTTP/1.1 200"));
    assert!(ask(address, "GET /drain").await.starts_with("HTTP/1.1 405"));
    let bearer = format!("host: {address}\r\nauthorization: Bearer {TOKEN}\r\n");
    assert!(ask_with(address, "POST /drain", &bearer).await.ends_with("draining\n"));
    assert!(shutdown.is_draining() && !shutdown.is_ending());
    assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 503"));
    let header = format!("host: localhost\r\nx-admin-token: {TOKEN}\r\n");
    assert!(ask_with(address, "POST /drain?now=true", &header).await.ends_with("ending now\n"));
    assert!(shutdown.is_ending());
}

#[tokio::test]
async fn a_write_needs_the_token_a_known_host_and_no_origin() {
    let (address, _ready, shutdown) = start(Token::new(Some(TOKEN))).await;
    let (bearer, host) = (format!("authorization: Bearer {TOKEN}\r\n"), format!("host: {address}\r\n"));
    let refused = [
        ("POST /drain?now=true", host.clone(), 401),
        ("POST /drain?now=true", format!("{host}authorization: Bearer {TOKEN}x\r\n"), 401),
        ("POST /drain?now=true", format!("{host}authorization: Basic {TOKEN}\r\n"), 401),
        ("POST /drain?now=true", format!("{host}x-admin-token: \r\n"), 401),
        ("POST /drain?now=true", format!("{host}{bearer}origin: http://evil.example\r\n"), 403),
        ("POST /drain?now=true", format!("{host}{bearer}origin: http://{address}\r\n"), 403),
        ("POST /drain?now=true", format!("{host}{bearer}origin: null\r\n"), 403),
        ("POST /drain?now=true", format!("host: rebound.example:9100\r\n{bearer}"), 403),
        ("POST http://rebound.example/drain?now=true", format!("{host}{bearer}"), 403),
    ];
    for (line, headers, status) in refused {
        let answer = ask_with(address, line, &headers).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{line} {headers}: {answer}");
    }
    assert!(!shutdown.is_draining());
}

#[tokio::test]
async fn without_a_token_nobody_may_write() {
    let (address, _ready, shutdown) = start(Token::default()).await;
    let headers = format!("host: {address}\r\nauthorization: Bearer \r\n");
    assert!(ask_with(address, "POST /drain", &headers).await.starts_with("HTTP/1.1 403"));
    assert!(!shutdown.is_draining());
}

#[test]
fn hosts_are_addresses_or_localhost() {
    for known in ["127.0.0.1:9100", "10.42.0.7", "[::1]:9100", "[fd00::7]", "localhost:9100", "LOCALHOST"] {
        assert!(is_known_host(known), "{known}");
    }
    for unknown in
        ["", "evil.example", "127.0.0.1.evil.example:9100", "localhost.evil.example", "room-0.room:9100"]
    {
        assert!(!is_known_host(unknown), "{unknown}");
    }
}

#[test]
fn a_parent_is_ready_when_all_parts_are() {
    let parent = Readiness::default();
    parent.set(true);
    let (one, two) = (parent.part(), parent.part());
    one.set(true);
    assert!(!parent.get());
    two.set(true);
    assert!(parent.get());
}
