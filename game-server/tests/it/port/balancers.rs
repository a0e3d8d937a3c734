//! What balancers do with connections: they keep them, reuse them for many visitors, and trust them to answer.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::http::refused;
use crate::harness::namespace::Net;
use crate::harness::servers::All;
use crate::harness::stranger::Stranger;
use crate::harness::{LIMIT, eventually};
use crate::port::{LONG_MATCH_S, from};

/// AWS keeps its connections for 60 s, and a slow machine may be late.
const KEPT: Duration = Duration::from_secs(76);
/// A slow header is given up before that; an idle connection is none.
const PAGE: &[u8] = b"GET / HTTP/1.1\r\nHost: game\r\nCookie: a=b\r\n\r\n";
/// Requests of forty page loads.
const REQUESTS: usize = 640;
const POOL: usize = 4;

async fn connect(server: SocketAddr) -> Stranger {
    Stranger::connect(Net { public: false }.client(0), server).await.expect("a connection")
}

async fn is_answered(raw: &mut Stranger, request: &[u8]) -> String {
    assert!(raw.send(request).await, "the connection is open");
    let (head, body) = raw.answer().await;
    assert!(!head.starts_with("HTTP/1.1 200") || !body.is_empty(), "{head}");
    head
}

#[tokio::test]
async fn a_kept_connection_is_there_for_the_next_visitor() {
    let server = All::start_with(LONG_MATCH_S, &["--proxy-protocol".to_owned()]).await;
    let mut kept = Vec::new();
    for address in ["10.0.0.7", "203.0.113.7"] {
        let mut raw = connect(server.gateway).await;
        raw.send(&from(address, "")).await;
        let mut fresh = connect(server.gateway).await;
        fresh.send(&from(address, "")).await;
        assert!(is_answered(&mut raw, PAGE).await.starts_with("HTTP/1.1 200"));
        kept.push((address, raw));
        kept.push((address, fresh));
    }
    sleep(KEPT).await;
    for (address, raw) in &mut kept {
        let head = is_answered(raw, PAGE).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{address}: {head}");
        assert!(!head.to_ascii_lowercase().contains("connection: close"), "{address}: {head}");
    }
    assert_eq!(refused(server.admin, "http_slow").await, 0.0);
    // A request that has begun is another matter.
    let (_, raw) = &mut kept[0];
    raw.send(b"GET / HTTP/1.1\r\nHost:").await;
    eventually("it is given up", async || (refused(server.admin, "http_slow").await == 1.0).then_some(()))
        .await;
}

/// Requests over a few connections, one after the other on each; how many were refused.
async fn pool(server: SocketAddr, preface: Vec<u8>) -> usize {
    let mut connections = JoinSet::new();
    for _ in 0..POOL {
        let preface = preface.clone();
        connections.spawn(async move {
            let mut raw = connect(server).await;
            raw.send(&preface).await;
            let mut refused = 0;
            for _ in 0..REQUESTS / POOL * 3 {
                let head = is_answered(&mut raw, b"GET /favicon.svg HTTP/1.1\r\nHost: game\r\n\r\n").await;
                refused += usize::from(head.starts_with("HTTP/1.1 429"));
            }
            refused
        });
    }
    connections.join_all().await.into_iter().sum()
}

#[tokio::test]
async fn a_connection_that_many_visitors_share_has_no_limit_and_one_of_a_visitor_has() {
    let server = All::start_with(LONG_MATCH_S, &["--proxy-protocol".to_owned()]).await;
    assert_eq!(pool(server.gateway, from("10.0.0.7", "")).await, 0);
    let trusting = All::start_with(
        LONG_MATCH_S,
        &["--proxy-protocol".to_owned(), "--trusted-proxies=203.0.113.0/24".to_owned()],
    )
    .await;
    assert_eq!(pool(trusting.gateway, from("203.0.113.7", "")).await, 0);
    assert!(pool(server.gateway, from("203.0.113.8", "")).await > 0);
}

#[tokio::test]
async fn a_flag_says_how_many_connections_a_public_address_has() {
    let flags = ["--proxy-protocol".to_owned(), "--sockets-per-address=5".to_owned()];
    let server = All::start_with(LONG_MATCH_S, &flags).await;
    let mut held = Vec::new();
    for number in 0..8 {
        let mut raw = connect(server.gateway).await;
        raw.send(&from("203.0.113.7", "")).await;
        let head = is_answered(&mut raw, PAGE).await;
        assert_eq!(head.starts_with("HTTP/1.1 200"), number < 5, "{number}: {head}");
        held.push(raw);
    }
    assert_eq!(refused(server.admin, "address").await, 3.0);
}

/// A download that is slow, and a server that is told to go.
#[tokio::test]
async fn an_answer_under_way_is_finished_before_the_process_ends() {
    let mut server = All::start(LONG_MATCH_S).await;
    let home = Net { public: false }.client(0);
    let mut slow = Stranger::connect_narrow(home, server.gateway).await.expect("a connection");
    let wanted = "/render.js";
    slow.send(format!("GET {wanted} HTTP/1.1\r\nHost: game\r\n\r\n").as_bytes()).await;
    let head = slow.head().await;
    let length: usize = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .expect("a length");
    server.process.signal();
    let (mut read, mut bytes) = (0, [0; 2_048]);
    while read < length {
        let count = slow.read_some(&mut bytes).await;
        assert!(count > 0, "cut after {read} of {length} bytes");
        read += count;
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(slow.read_some(&mut bytes).await, 0, "and then the connection ends");
    let ended = async {
        while server.process.is_running() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, ended).await.expect("the server ends");
}

#[tokio::test]
async fn below_a_path_the_game_is_the_same() {
    let server = All::start(LONG_MATCH_S).await;
    let mut raw = connect(server.gateway).await;
    for (path, status) in [
        ("/game/", "200"),
        ("/game/main.js", "200"),
        ("/a/b/favicon.svg", "200"),
        ("/game/ranking?limit=3", "200"),
        ("/game/nothing.js", "404"),
        ("/nothing", "404"),
    ] {
        let head =
            is_answered(&mut raw, format!("GET {path} HTTP/1.1\r\nHost: game\r\n\r\n").as_bytes()).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {head}");
    }
    // The page itself asks for what lies beside it, never for what lies at the root.
    raw.send(PAGE).await;
    let (_, page) = raw.answer().await;
    let page = String::from_utf8_lossy(&page);
    assert!(!page.contains("src=\"/") && !page.contains("href=\"/"), "{page}");
}
