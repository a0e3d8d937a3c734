//! One connection to a match: hello and welcome, messages out, states and messages in.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::domain::Tick;
use crate::protocol::client::{
    CLIENT_PROTOCOL_VERSION, ClientMessage, KIND_STATE, ServerMessage, Welcome, decode_server, encode_client,
};
use crate::protocol::delta::DisplayFrame;
use crate::protocol::delta::decode::{State, StateDecoder};
use crate::protocol::version::Protocols;
use crate::protocol::wire::DecodeError;
use crate::roles::bots::address::Address;
use crate::roles::bots::services::{Socket, connect};

/// A room host seats a player within a few ticks.
const WELCOME_MAX: Duration = Duration::from_secs(10);
/// A gateway answers a Leave at once.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// What the server sent.
#[derive(Debug)]
pub enum Incoming {
    /// A state and the bytes it took.
    State(Box<State>, usize),
    Message(ServerMessage, usize),
    /// A message that could not be read.
    Unreadable(DecodeError, usize),
    /// The connection is over; in order when the server said so.
    Closed {
        in_order: bool,
        reason: String,
    },
}

/// A seat in a match.
pub struct Connection {
    socket: Socket,
    pub welcome: Welcome,
    decoder: StateDecoder,
}

impl Connection {
    /// Presents the ticket and waits for the welcome.
    pub async fn enter(address: &Address, ticket: &str) -> anyhow::Result<Connection> {
        let mut socket = connect(address, "/room").await?;
        let hello = ClientMessage::Hello { version: CLIENT_PROTOCOL_VERSION, ticket: ticket.to_owned() };
        socket.send(Message::binary(encode_client(&hello))).await?;
        let welcome = timeout(WELCOME_MAX, welcome(&mut socket)).await.context("no welcome in time")??;
        Ok(Connection { socket, welcome, decoder: StateDecoder::default() })
    }

    /// The newest tick that was decoded; 0 before the first.
    pub fn acked_tick(&self) -> Tick {
        self.decoder.acked_tick()
    }

    /// The newest frame and the one before it.
    pub fn newest_frames(&self) -> (Option<&DisplayFrame>, Option<&DisplayFrame>) {
        self.decoder.newest()
    }

    pub async fn send(&mut self, message: &ClientMessage) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::binary(encode_client(message))).await?)
    }

    /// The next thing the server sends. Cancel safe.
    pub async fn receive(&mut self) -> Incoming {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => return self.read(&bytes),
                Some(Ok(Message::Close(frame))) => {
                    let in_order = frame.as_ref().is_some_and(|frame| frame.code == CloseCode::Normal);
                    let reason = frame.map_or_else(
                        || "closed without a reason".to_owned(),
                        |frame| format!("closed with {} {}", u16::from(frame.code), frame.reason),
                    );
                    return Incoming::Closed { in_order, reason };
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return Incoming::Closed { in_order: false, reason: error.to_string() };
                }
                None => {
                    return Incoming::Closed { in_order: false, reason: "the connection ended".to_owned() };
                }
            }
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Incoming {
        if bytes.first() != Some(&KIND_STATE) {
            return match decode_server(bytes) {
                Ok(message) => Incoming::Message(message, bytes.len()),
                Err(error) => Incoming::Unreadable(error, bytes.len()),
            };
        }
        match self.decoder.decode(bytes, self.welcome.slot) {
            Ok(state) => Incoming::State(Box::new(state), bytes.len()),
            Err(error) => Incoming::Unreadable(error, bytes.len()),
        }
    }

    /// Leaves on purpose; true when the server closed the connection in order.
    pub async fn leave(mut self) -> bool {
        if self.send(&ClientMessage::Leave).await.is_err() {
            return false;
        }
        let goodbye = async {
            loop {
                if let Incoming::Closed { in_order, .. } = self.receive().await {
                    return in_order;
                }
            }
        };
        timeout(GOODBYE_MAX, goodbye).await.unwrap_or(false)
    }
}

async fn welcome(socket: &mut Socket) -> anyhow::Result<Welcome> {
    loop {
        match socket.next().await.context("the connection ended")?? {
            Message::Binary(bytes) => match decode_server(&bytes).context("reading the welcome")? {
                ServerMessage::Welcome { version, welcome } => {
                    let spoken = Protocols::default().client.common(version);
                    ensure!(spoken == Some(version), "the server speaks version {version}");
                    return Ok(welcome);
                }
                ServerMessage::Error { code, message } => bail!("not let in: {code:?} {message}"),
                other => bail!("expected a welcome, got {other:?}"),
            },
            Message::Close(_) => bail!("the connection was closed before the welcome"),
            _ => {}
        }
    }
}
