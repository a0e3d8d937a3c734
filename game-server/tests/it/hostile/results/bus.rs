//! A NATS server of one client, as much as the ranking needs: the test is the bus, and says what came.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{eventually, within_limit};

/// The subject on which results are handed in.
const RESULTS: &str = "game.v1.ranking.result";
const INFO: &str = r#"INFO {"server_id":"test","server_name":"test","version":"2.10.0","go":"","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"proto":1}"#;

type Writer = Arc<tokio::sync::Mutex<OwnedWriteHalf>>;

/// Waits for the ranking.
pub struct Bus {
    listener: TcpListener,
}

/// One process of the ranking, connected and subscribed.
pub struct Link {
    writer: Writer,
    subscription: String,
    heard: Arc<Mutex<HashMap<u64, Value>>>,
}

impl Bus {
    pub async fn open() -> Bus {
        Bus { listener: TcpListener::bind("127.0.0.1:0").await.expect("a port") }
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("its port")
    }

    /// The next process that connects and serves results.
    pub async fn link(&self) -> Link {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        Link::open(stream).await
    }
}

impl Link {
    async fn open(stream: TcpStream) -> Link {
        stream.set_nodelay(true).expect("a socket");
        let (reader, mut writer) = stream.into_split();
        writer.write_all(format!("{INFO}\r\n").as_bytes()).await.expect("the ranking reads");
        let writer = Arc::new(tokio::sync::Mutex::new(writer));
        let heard = Arc::<Mutex<HashMap<u64, Value>>>::default();
        let (tell, told) = tokio::sync::oneshot::channel();
        tokio::spawn(listen(reader, writer.clone(), heard.clone(), tell));
        let subscription =
            within_limit("the ranking subscribes", told).await.expect("it does not end before");
        Link { writer, subscription, heard }
    }

    /// Hands a result in; false when the ranking is gone.
    pub async fn hand_in(&mut self, room: u64, payload: &Value) -> bool {
        let payload = payload.to_string();
        let head = format!("MSG {RESULTS} {} reply.{room} {}\r\n", self.subscription, payload.len());
        let message = format!("{head}{payload}\r\n");
        self.writer.lock().await.write_all(message.as_bytes()).await.is_ok()
    }

    /// What was acknowledged so far, by room.
    pub fn acknowledged(&self) -> HashMap<u64, Value> {
        self.heard.lock().expect("no test panics with it").clone()
    }

    /// Waits until so many were acknowledged.
    pub async fn until_acknowledged(&self, count: usize) {
        eventually(&format!("{count} results are acknowledged"), async || {
            (self.acknowledged().len() >= count).then_some(())
        })
        .await;
    }
}

/// Reads what the ranking says until it is gone, and gives it back what it says to itself.
async fn listen(
    reader: OwnedReadHalf,
    writer: Writer,
    heard: Arc<Mutex<HashMap<u64, Value>>>,
    tell: tokio::sync::oneshot::Sender<String>,
) {
    let mut tell = Some(tell);
    let mut subscriptions: HashMap<String, String> = HashMap::new();
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    while reader.read_line(&mut line).await.is_ok_and(|count| count > 0) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words[..] {
            ["PING"] => b"PONG\r\n".to_vec(),
            ["SUB", subject, .., subscription] => {
                subscriptions.insert(subject.to_owned(), subscription.to_owned());
                if let Some(tell) = tell.take_if(|_| subject == RESULTS) {
                    drop(tell.send(subscription.to_owned()));
                }
                Vec::new()
            }
            ["PUB", subject, .., bytes] => {
                let mut payload = vec![0; bytes.parse::<usize>().expect("a length") + 2];
                if reader.read_exact(&mut payload).await.is_err() {
                    return;
                }
                if let Some(room) = subject.strip_prefix("reply.").and_then(|room| room.parse().ok()) {
                    let answer = serde_json::from_slice(&payload).expect("JSON");
                    heard.lock().expect("no test panics with it").insert(room, answer);
                }
                match subscriptions.get(subject) {
                    Some(own) => [format!("MSG {subject} {own} {bytes}\r\n").into_bytes(), payload].concat(),
                    None => Vec::new(),
                }
            }
            _ => Vec::new(),
        };
        // Gone, it is read to its end all the same.
        let _ = writer.lock().await.write_all(&answer).await;
        line.clear();
    }
}

/// A result of ten people, as a room host of the build before wrote it.
pub fn result(room: u64) -> Value {
    let line = |seat: u64| {
        json!({
            "slot": seat, "player": 1 + (room * 3 + seat) % 40, "name": format!("Player {seat}"), "bot": false,
            "kills": 20 - seat, "deaths": seat,
        })
    };
    json!({
        "room": room, "epoch": 0, "pool": "public", "ended_at_ms": 1_800_000_000_000_u64 + room,
        "players": (0..10).map(line).collect::<Vec<_>>(),
    })
}
