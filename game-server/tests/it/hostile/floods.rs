//! More messages than anybody may send: the sender is stopped, by name.

use std::time::{Duration, Instant};

use game_server::protocol::client::{ClientMessage, encode_client};
use serde_json::json;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::http::refused;
use crate::harness::player::{Player, Socket};
use crate::harness::servers::All;
use crate::harness::{LIMIT, TURN};
use crate::hostile::{LONG_MATCH_S, attacked};

const POURED_AT_ONCE: usize = 20;

/// Sends this over and over for as long as the other side takes it, at most [`LIMIT`]: some thousand times a second,
/// far more than anybody may and far less than would keep this machine's own cores busy with sending.
async fn pour(socket: &mut Socket, message: Message) {
    let since = Instant::now();
    while since.elapsed() < LIMIT {
        for _ in 0..POURED_AT_ONCE {
            if !socket.try_send(message.clone()).await {
                return;
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_inputs_and_pings_of_the_game() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut attackers = Vec::new();
    for number in 0..6 {
        let player =
            Player::join(server.gateway, &format!("the secret key of flood {number}"), "Flood").await;
        let input = ClientMessage::Input {
            acked_tick: 0,
            first_tick: player.welcome.tick,
            inputs: vec![player.input; 8],
        };
        let ping = ClientMessage::Ping { client_time_ms: 0 };
        let message = encode_client(if number % 2 == 0 { &input } else { &ping });
        attackers.push(async move {
            let mut socket = player.fall_silent();
            pour(&mut socket, Message::Binary(message.into())).await;
        });
    }
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "too_fast").await, 6.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_text() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut sockets = Vec::new();
    for path in ["/lobby", "/chat", "/lobby", "/chat"] {
        sockets.push(Socket::open(server.gateway, path).await);
    }
    let text = json!({"type": "cancel"}).to_string();
    let attackers = sockets.into_iter().map(|mut socket| {
        let text = text.clone();
        async move { pour(&mut socket, Message::text(text)).await }
    });
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "too_fast").await, 4.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_websocket_pings() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut sockets = Vec::new();
    for number in 0..3 {
        let player =
            Player::join(server.gateway, &format!("the secret key of pings {number}"), "Pings").await;
        sockets.push(player.fall_silent());
    }
    for path in ["/lobby", "/chat", "/room"] {
        sockets.push(Socket::open(server.gateway, path).await);
    }
    let attackers = sockets.into_iter().map(|mut socket| async move {
        pour(&mut socket, Message::Ping(vec![0; 100].into())).await;
    });
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "control_too_fast").await, 6.0);
}
