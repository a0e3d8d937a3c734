//! Sockets that are slow, silent, or send what is no message.

use std::time::Duration;

use game_server::domain::FLAG_ABSENT;
use game_server::protocol::client::ErrorCode;
use game_server::sim::random::Random;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::http::{metric, refused};
use crate::harness::player::{Player, Socket};
use crate::harness::servers::All;
use crate::harness::{TURN, eventually};
use crate::hostile::{LONG_MATCH_S, WINDOW, attacked, connect, until_closed};

/// Upgrade of a connection to a WebSocket, for tests that then send what no library would.
const UPGRADE: &str = "GET /room HTTP/1.1\r\nHost: game\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slowloris() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(connect(&server).await);
    }
    let attackers = streams.into_iter().map(|mut stream| async move {
        for byte in "GET / HTTP/1.1\r\nX: ".bytes().chain(std::iter::repeat(b'x')) {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(200)).await;
        }
    });
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "http_slow").await, 200.0);
}

/// A frame that says it has a megabyte, and more of the kind behind it.
fn oversized() -> Vec<u8> {
    let mut bytes = vec![0x82, 0xff];
    bytes.extend(1_000_000_u64.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.resize(100_000, 7);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversized_messages() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(connect(&server).await);
    }
    let attackers = streams.into_iter().map(|mut stream| async move {
        // The gateway may close before it has all of it.
        let _ = stream.write_all(UPGRADE.as_bytes()).await;
        let _ = stream.write_all(&oversized()).await;
        until_closed(stream).await;
    });
    attacked(&server, attackers).await;
    let mut ben = Player::join(server.gateway, "the secret key of ben", "Ben").await;
    ben.send_bytes(vec![2; 5_000]).await;
    ben.until("the refusal", |ben| ben.error == Some(ErrorCode::Malformed)).await;
    assert_eq!(refused(server.admin, "too_large").await, 1.0);
    for path in ["/lobby", "/chat"] {
        let mut socket = Socket::open(server.gateway, path).await;
        assert!(socket.try_send(Message::text("x".repeat(10_000))).await);
        assert_eq!(socket.close_code().await, Some(1009), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut attackers = Vec::new();
    for number in 0..60_u64 {
        let mut stream = connect(&server).await;
        attackers.push(async move {
            let mut random = Random::new(number + 1);
            let bytes: Vec<u8> = (0..4_000).map(|_| random.below(256) as u8).collect();
            if number % 2 == 0 {
                // The gateway may close before it has all of it.
                let _ = stream.write_all(UPGRADE.as_bytes()).await;
            }
            let _ = stream.write_all(&bytes).await;
            until_closed(stream).await;
        });
    }
    attacked(&server, attackers).await;
    assert!(refused(server.admin, "http_malformed").await >= 25.0);
    assert!(metric(server.admin, "game_refused_total").await >= 55.0);
    let mut ben = Player::join(server.gateway, "the secret key of ben", "Ben").await;
    ben.send_bytes(vec![0xee; 300]).await;
    ben.until("the refusal", |ben| ben.error == Some(ErrorCode::Malformed)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_connections() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut ben = Player::join(server.gateway, "the secret key of ben", "Ben").await;
    let mut silent = Vec::new();
    for number in 0..5 {
        let player =
            Player::join(server.gateway, &format!("the secret key of silent {number}"), "Silent").await;
        assert_eq!(player.welcome.room, ben.welcome.room);
        silent.push((player.welcome.slot, player.fall_silent()));
    }
    let attackers = [async { sleep(WINDOW).await }];
    let admin = server.admin;
    let noticed = async {
        attacked(&server, attackers).await;
        eventually("the gateway gives the silent up", async || {
            (refused(admin, "silent").await >= 5.0).then_some(())
        })
        .await;
    };
    tokio::select! {
        () = noticed => {}
        () = async { ben.until("the test ends", |_| false).await } => {}
    }
    for (slot, _socket) in &silent {
        let is_absent = |ben: &Player| ben.sees(*slot).is_none_or(|player| player.flags & FLAG_ABSENT != 0);
        ben.until("the seat is held for somebody absent", is_absent).await;
    }
}
