//! The public port before the game: TLS, balancers, addresses, origins.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use game_server::protocol::client::{
    CLIENT_PROTOCOL_VERSION, ClientMessage, ErrorCode, ServerMessage, decode_server, encode_client,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::http::refused;
use crate::harness::servers::All;
use crate::harness::{eventually, within_limit};

mod balancers;
mod origins;

pub(super) const LONG_MATCH_S: u32 = 300;
/// More than one address may have.
const TOO_MANY: usize = 120;

/// Writes a certificate for localhost and its key; returns the certificate.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("a file");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("a file");
    made.cert.der().clone()
}

async fn secure(gateway: SocketAddr, trusted: CertificateDer<'static>) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(gateway).await.expect("the port is open");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake")
}

/// What comes back for raw bytes, until the server closes.
async fn answer(gateway: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway).await.expect("the port is open");
    // A refusal may come before the last byte is written, and a reset after it.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = within_limit("the server closes", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn with_a_certificate_it_speaks_tls_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let trusted = certificate(folder.path());
    let file = |flag: &str, name: &str| format!("--{flag}={}", folder.path().join(name).display());
    let server =
        All::start_with(LONG_MATCH_S, &[file("tls-cert", "cert.pem"), file("tls-key", "key.pem")]).await;
    let mut page = secure(server.gateway, trusted.clone()).await;
    page.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .expect("a request");
    let mut text = String::new();
    page.read_to_string(&mut text).await.expect("a page");
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("<html"), "{text}");
    let stream = secure(server.gateway, trusted).await;
    let (mut room, _) = client_async("wss://localhost/room", stream).await.expect("a WebSocket");
    let hello = ClientMessage::Hello { version: CLIENT_PROTOCOL_VERSION, ticket: "forged".to_owned() };
    room.send(Message::binary(encode_client(&hello))).await.expect("it listens");
    let said = room.next().await.expect("an answer").expect("a message");
    let said = decode_server(&said.into_data()).expect("a readable answer");
    assert!(matches!(said, ServerMessage::Error { code: ErrorCode::Ticket, .. }), "{said:?}");
    let plain = answer(server.gateway, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");
    assert_eq!(refused(server.admin, "tls").await, 1.0);
}

pub(super) fn from(address: &str, rest: &str) -> Vec<u8> {
    format!("PROXY TCP4 {address} 192.0.2.1 40000 80\r\n{rest}").into_bytes()
}

#[tokio::test]
async fn behind_a_balancer_each_address_has_its_own_limits() {
    let server = All::start_with(LONG_MATCH_S, &["--proxy-protocol".to_owned()]).await;
    let request = "GET /favicon.svg HTTP/1.1\r\nHost: game\r\nConnection: close\r\n\r\n";
    let mut held = Vec::new();
    // Those that are held are let go after seconds, which a busy machine may take to get here.
    eventually("the address has too many", async || {
        for _ in 0..TOO_MANY {
            let mut stream = TcpStream::connect(server.gateway).await.expect("the port is open");
            stream.write_all(&from("203.0.113.7", "")).await.expect("it listens");
            held.push(stream);
        }
        let refusal = answer(server.gateway, &from("203.0.113.7", request)).await;
        refusal.starts_with("HTTP/1.1 429").then_some(())
    })
    .await;
    let other = answer(server.gateway, &from("203.0.113.8", request)).await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
    let private = answer(server.gateway, &from("192.168.7.7", request)).await;
    assert!(private.starts_with("HTTP/1.1 200"), "{private}");
    assert!(refused(server.admin, "address").await >= 1.0);
    assert_eq!(answer(server.gateway, request.as_bytes()).await, "");
    assert_eq!(refused(server.admin, "proxy_header").await, 1.0);
}

#[tokio::test]
async fn without_a_balancer_this_machine_is_not_limited() {
    let server = All::start(LONG_MATCH_S).await;
    let mut held = Vec::new();
    for _ in 0..3 * TOO_MANY {
        held.push(TcpStream::connect(server.gateway).await.expect("the port is open"));
    }
    let page = answer(server.gateway, b"GET / HTTP/1.1\r\nHost: game\r\nConnection: close\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert_eq!(refused(server.admin, "address").await, 0.0);
}
