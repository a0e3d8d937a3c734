//! Which pages may connect, as proxies pass them on, and what everybody is told who may not.

use crate::harness::http::refused;
use crate::harness::namespace::Net;
use crate::harness::servers::All;
use crate::harness::stranger::Stranger;
use crate::port::LONG_MATCH_S;

async fn asked(server: &All, path: &str, headers: &str) -> String {
    let mut raw =
        Stranger::connect(Net { public: false }.client(0), server.gateway).await.expect("a connection");
    let request = format!(
        "GET {path} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{headers}\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    raw.send(request.as_bytes()).await;
    raw.head().await
}

#[tokio::test]
async fn own_pages_connect_however_a_proxy_writes_the_host_and_others_are_told_why_not() {
    let listed = "--allowed-origins=https://play.example.com".to_owned();
    let server = All::start_with(LONG_MATCH_S, &[listed]).await;
    let own = [
        ("http://game:8080", "game:8080", ""),
        ("http://game", "game:80", ""),
        ("https://game:443", "game", ""),
        ("https://game", "game:443", ""),
        ("https://play.example.com", "gateway.internal", ""),
        ("https://shop.example", "gateway.internal", "X-Forwarded-Host: shop.example\r\n"),
    ];
    for (origin, host, more) in own {
        for path in ["/room", "/lobby", "/chat", "/game/room"] {
            let head = asked(&server, path, &format!("Host: {host}\r\nOrigin: {origin}\r\n{more}")).await;
            assert!(head.starts_with("HTTP/1.1 101"), "{origin} at {host}{path}: {head}");
        }
    }
    let foreign = [
        ("https://evil.example", "game"),
        ("http://game:8080", "game"),
        ("https://game.example", "10.0.0.7:8080"),
    ];
    for (origin, host) in foreign {
        for _ in 0..3 {
            let head = asked(&server, "/room", &format!("Host: {host}\r\nOrigin: {origin}\r\n")).await;
            assert!(head.starts_with("HTTP/1.1 403"), "{origin} at {host}: {head}");
        }
        let told = server.process.log().matches(&format!("--allowed-origins={origin}")).count();
        assert_eq!(told, 1, "once for each origin: {}", server.process.log());
    }
    assert_eq!(refused(server.admin, "origin").await, 9.0);
}

#[tokio::test]
async fn a_page_that_was_refused_learns_why() {
    let server = All::start(LONG_MATCH_S).await;
    let mut raw =
        Stranger::connect(Net { public: false }.client(0), server.gateway).await.expect("a connection");
    for (origin, status, text) in
        [("https://game.example", "403", "--allowed-origins"), ("http://game", "426", "WebSocket")]
    {
        let request = format!(
            "POST /game/lobby HTTP/1.1\r\nHost: game\r\nOrigin: {origin}\r\nContent-Length: 0\r\n\r\n"
        );
        raw.send(request.as_bytes()).await;
        let (head, body) = raw.answer().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        assert!(String::from_utf8_lossy(&body).contains(text), "{origin}");
    }
}
