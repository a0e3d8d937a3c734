//! Everything a visitor uses apart from the match itself: `/lobby`, `/chat`, `/ranking` and the page.

use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::roles::bots::address::Address;

/// A gateway accepts within milliseconds; this is for machines that are very busy.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// The buffer is cleared before each read, and messages have a few hundred bytes: with the library's 128 kB that was
/// four tenths of what a crowd of bots costs.
const READ_BUFFER_BYTES: usize = 1024;
/// The longest of the answers is a leaderboard of a few kilobytes or the page.
const HTTP_BYTES_MAX: u64 = 1 << 20;

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Who a bot says it is.
#[derive(Debug, Clone)]
pub struct Identity {
    pub key: String,
    pub name: String,
    /// Bots with the same one are seated together; may be empty.
    pub party: String,
}

impl Identity {
    /// Somebody who was never here before.
    pub fn new(name: String, party: &str) -> Identity {
        Identity { key: format!("bot-{:032x}", rand::random::<u128>()), name, party: party.to_owned() }
    }
}

/// The way into a match.
#[derive(Debug, Clone, Deserialize)]
pub struct Seat {
    pub ticket: String,
    pub room: String,
}

/// Opens a WebSocket without waiting to fill packets.
pub async fn connect(address: &Address, path: &str) -> anyhow::Result<Socket> {
    let url = address.socket(path);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    let connecting = connect_async_with_config(&url, Some(config), true);
    let connected = timeout(CONNECT_MAX, connecting).await;
    let (socket, _) = connected
        .with_context(|| format!("{url} did not answer within {CONNECT_MAX:?}"))?
        .with_context(|| format!("connecting to {url}"))?;
    Ok(socket)
}

/// Presses play and waits, however long it takes.
pub async fn take_seat(address: &Address, identity: &Identity) -> anyhow::Result<Seat> {
    let mut socket = connect(address, "/lobby").await?;
    let play = json!({
        "type": "play", "key": identity.key, "name": identity.name, "party": identity.party, "pool": "bots",
    });
    send_json(&mut socket, &play).await?;
    loop {
        let message = next_json(&mut socket).await.context("waiting for a seat")?;
        match message["type"].as_str() {
            Some("seated") => {
                // Nothing more is to be said, so whether the goodbye arrives does not matter.
                let _ = socket.close(None).await;
                return serde_json::from_value(message).context("reading the seat");
            }
            Some("error") => {
                bail!("the lobby refused: {}", message["message"].as_str().unwrap_or("no reason"))
            }
            _ => {}
        }
    }
}

/// A place to talk.
pub struct Chat {
    socket: Socket,
}

impl Chat {
    /// Says hello and joins the channel of the room of this seat.
    pub async fn join(address: &Address, identity: &Identity, seat: &Seat) -> anyhow::Result<Chat> {
        let mut socket = connect(address, "/chat").await?;
        let hello = json!({ "type": "hello", "key": identity.key, "name": identity.name });
        send_json(&mut socket, &hello).await?;
        while next_json(&mut socket).await.context("saying hello to chat")?["type"] != "hello" {}
        let channel = format!("room:{}", seat.room);
        let join = json!({ "type": "join", "channel": channel, "ticket": seat.ticket });
        send_json(&mut socket, &join).await?;
        Ok(Chat { socket })
    }

    pub async fn say(&mut self, channel: &str, text: &str) -> anyhow::Result<()> {
        send_json(&mut self.socket, &json!({ "type": "say", "channel": channel, "text": text })).await
    }

    /// Waits until somebody says this.
    pub async fn hear(&mut self, text: &str) -> anyhow::Result<()> {
        loop {
            let message = next_json(&mut self.socket).await?;
            match message["type"].as_str() {
                Some("line") if message["text"] == text => return Ok(()),
                Some("refused") => {
                    bail!("chat refused: {}", message["reason"].as_str().unwrap_or("no reason"))
                }
                _ => {}
            }
        }
    }
}

/// The body of a page; an error unless the answer is 200.
pub async fn get(address: &Address, path: &str) -> anyhow::Result<String> {
    let exchange = async {
        let mut stream = TcpStream::connect(&address.host).await?;
        let request = format!("GET {path} HTTP/1.0\r\nhost: {}\r\nconnection: close\r\n\r\n", address.host);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(HTTP_BYTES_MAX).read_to_end(&mut answer).await?;
        anyhow::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = timeout(CONNECT_MAX, exchange).await.context("no answer in time")??;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let status = head.split_whitespace().nth(1).unwrap_or("nothing");
    if status != "200" {
        bail!("{path} answered {status}");
    }
    Ok(body.to_owned())
}

async fn send_json(socket: &mut Socket, value: &Value) -> anyhow::Result<()> {
    Ok(socket.send(Message::text(value.to_string())).await?)
}

async fn next_json(socket: &mut Socket) -> anyhow::Result<Value> {
    loop {
        match socket.next().await.context("the connection ended")?? {
            Message::Text(text) => return Ok(serde_json::from_str(text.as_str())?),
            Message::Close(frame) => {
                let why =
                    frame.map_or_else(String::new, |frame| format!(" ({} {})", frame.code, frame.reason));
                bail!("the connection was closed{why}");
            }
            _ => {}
        }
    }
}
