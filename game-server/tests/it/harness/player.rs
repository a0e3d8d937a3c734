//! A player that follows a script: the same protocol as the page, none of its patience.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use game_server::domain::{PlayerInput, PlayerResult, RosterEntry, Slot, Tick};
use game_server::protocol::client::{
    CLIENT_PROTOCOL_VERSION, ClientMessage, ErrorCode, ServerMessage, Welcome, decode_server, encode_client,
};
use game_server::protocol::delta::decode::StateDecoder;
use game_server::protocol::delta::{DisplayFrame, DisplayPlayer};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use crate::harness::{LIMIT, within_limit};

/// The first byte of a State, which is read by `delta` instead of `client`.
const KIND_STATE: u8 = 3;
/// Inputs are sent for ticks this far ahead: loopback, with room for a busy machine.
const LEAD_TICKS: Tick = 6;
/// As many as there are ticks between two states.
const INPUTS_PER_STATE: usize = 3;

/// A WebSocket to the gateway.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects to one of the gateway's paths.
    pub async fn open(gateway: SocketAddr, path: &str) -> Socket {
        let (socket, _) = within_limit("a WebSocket", connect_async(format!("ws://{gateway}{path}")))
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        Socket(socket)
    }

    /// The same through a balancer that says which address the client has.
    pub async fn open_from(gateway: SocketAddr, path: &str, client: SocketAddr) -> Socket {
        let mut stream = TcpStream::connect(gateway).await.expect("the port is open");
        let (of, to) = (client.ip(), gateway.ip());
        let header = format!("PROXY TCP4 {of} {to} {} {}\r\n", client.port(), gateway.port());
        stream.write_all(header.as_bytes()).await.expect("the gateway reads");
        let url = format!("ws://{gateway}{path}");
        let upgraded = within_limit("a WebSocket", client_async(url, MaybeTlsStream::Plain(stream))).await;
        Socket(upgraded.unwrap_or_else(|error| panic!("{path}: {error}")).0)
    }

    /// Sends any message; false when the gateway is gone.
    pub async fn try_send(&mut self, message: Message) -> bool {
        self.0.send(message).await.is_ok()
    }

    /// How the gateway closed: the code of the close, nothing when the connection just ended.
    pub async fn close_code(&mut self) -> Option<u16> {
        within_limit("the end", async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        })
        .await
    }

    /// Sends one binary message.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::Binary(bytes.into())).await.expect("the gateway is there");
    }

    /// Sends one text message.
    pub async fn send_json(&mut self, value: Value) {
        self.0.send(Message::text(value.to_string())).await.expect("the gateway is there");
    }

    /// The next binary message; `None` when the gateway has closed.
    pub async fn next_bytes(&mut self) -> Option<Bytes> {
        within_limit("a binary message", async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Binary(bytes))) => return Some(bytes),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
        })
        .await
    }

    /// The next binary message, unless none comes for so long; `Err` when the gateway has closed.
    pub async fn bytes_within(&mut self, time: Duration) -> Result<Option<Bytes>, ()> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Binary(bytes))) => return Ok(Some(bytes)),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(()),
                    Some(Ok(_)) => {}
                }
            }
        };
        tokio::time::timeout(time, next).await.unwrap_or(Ok(None))
    }

    /// The next text message that `wanted` accepts; panics when the gateway closes.
    pub async fn until_json(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut heard = Value::Null;
        let until = async {
            while !wanted(&heard) {
                let message = self.0.next().await.unwrap_or_else(|| panic!("closed: {what}"));
                let message = message.unwrap_or_else(|error| panic!("{what}: {error}"));
                let value = message.to_text().ok().and_then(|text| serde_json::from_str(text).ok());
                heard = value.unwrap_or(heard.take());
            }
        };
        let in_time = tokio::time::timeout(LIMIT, until).await.is_ok();
        assert!(in_time, "not within {LIMIT:?}: {what}; heard last: {heard}");
        heard
    }
}

/// Says hello on `/chat` and joins the room of a seat.
pub async fn chat(gateway: SocketAddr, key: &str, seat: &Seat) -> Socket {
    let mut chat = Socket::open(gateway, "/chat").await;
    chat.send_json(json!({"type": "hello", "key": key})).await;
    chat.until_json("a greeting", |value| value["type"] == "hello").await;
    let channel = format!("room:{}", seat.room);
    chat.send_json(json!({"type": "join", "channel": channel, "ticket": seat.ticket})).await;
    chat
}

/// A seat as `/lobby` gives it.
#[derive(Debug, Clone)]
pub struct Seat {
    pub ticket: String,
    pub room: String,
}

/// Asks `/lobby` for a seat until there is one.
pub async fn seat(gateway: SocketAddr, key: &str, name: &str) -> Seat {
    let mut lobby = Socket::open(gateway, "/lobby").await;
    lobby.send_json(json!({"type": "play", "key": key, "name": name, "party": "", "pool": "public"})).await;
    let seated = lobby.until_json("a seat", |value| value["type"] == "seated").await;
    let text = |field: &str| seated[field].as_str().unwrap_or_else(|| panic!("{field} is text")).to_owned();
    Seat { ticket: text("ticket"), room: text("room") }
}

/// A player in a room.
pub struct Player {
    socket: Socket,
    /// What the gateway speaks with this player.
    pub version: u8,
    pub welcome: Welcome,
    pub frame: Option<DisplayFrame>,
    pub roster: Vec<RosterEntry>,
    /// Rosters that were told as a whole.
    pub whole_rosters: u64,
    pub over: Option<Vec<PlayerResult>>,
    pub error: Option<ErrorCode>,
    pub states: u64,
    /// Of those, states that need none before them.
    pub full_blocks: u64,
    pub closed: bool,
    /// What this player does from now on.
    pub input: PlayerInput,
    decoder: StateDecoder,
}

impl Player {
    /// Enters the room of a ticket and waits until it is welcome.
    pub async fn enter(gateway: SocketAddr, ticket: &str) -> Player {
        Player::enter_as(gateway, ticket, CLIENT_PROTOCOL_VERSION).await
    }

    /// The same as a page of another version.
    pub async fn enter_as(gateway: SocketAddr, ticket: &str, version: u8) -> Player {
        Player::try_enter(gateway, ticket, version)
            .await
            .unwrap_or_else(|answer| panic!("not welcome: {answer:?}"))
    }

    /// The same; what was said instead of a welcome, nothing when the gateway just closed.
    pub async fn try_enter(
        gateway: SocketAddr,
        ticket: &str,
        version: u8,
    ) -> Result<Player, Option<ServerMessage>> {
        let mut socket = Socket::open(gateway, "/room").await;
        let hello = ClientMessage::Hello { version, ticket: ticket.to_owned() };
        socket.send_bytes(encode_client(&hello)).await;
        let first = socket.next_bytes().await.ok_or(None)?;
        let answer = decode_server(&first).expect("a readable answer");
        let ServerMessage::Welcome { version, welcome } = answer else { return Err(Some(answer)) };
        Ok(Player {
            socket,
            version,
            welcome,
            frame: None,
            roster: Vec::new(),
            whole_rosters: 0,
            over: None,
            error: None,
            states: 0,
            full_blocks: 0,
            closed: false,
            input: PlayerInput::default(),
            decoder: StateDecoder::default(),
        })
    }

    /// Takes a seat and enters.
    pub async fn join(gateway: SocketAddr, key: &str, name: &str) -> Player {
        let seat = seat(gateway, key, name).await;
        Player::enter(gateway, &seat.ticket).await
    }

    /// Plays on until `done`; panics with `what` at the limit.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Player) -> bool) {
        within_limit(what, async {
            while !done(self) {
                assert!(!self.closed, "disconnected: {what}");
                self.play_one_message().await;
            }
        })
        .await;
    }

    /// Sends something that no page would.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.socket.send_bytes(bytes).await;
    }

    /// Says nothing any more and reads nothing; the connection stays open until the result is dropped.
    pub fn fall_silent(self) -> Socket {
        self.socket
    }

    /// Gives the seat up.
    pub async fn leave(mut self) {
        self.socket.send_bytes(encode_client(&ClientMessage::Leave)).await;
    }

    /// Closes the connection properly, as a page does that is loaded again; the seat is not given up.
    pub async fn close(mut self) {
        // The gateway may have closed first.
        let _ = self.socket.0.close(None).await;
    }

    /// Where a seat is in the newest frame.
    pub fn sees(&self, slot: Slot) -> Option<DisplayPlayer> {
        self.frame.as_ref()?.players.get(usize::from(slot.0)).copied().flatten()
    }

    async fn play_one_message(&mut self) {
        let Some(bytes) = self.socket.next_bytes().await else {
            self.closed = true;
            return;
        };
        if bytes.first() == Some(&KIND_STATE) {
            self.take_state(&bytes);
            self.answer_state().await;
            return;
        }
        match decode_server(&bytes).expect("a readable message") {
            ServerMessage::Roster(entries) => {
                self.roster = entries;
                self.whole_rosters += 1;
            }
            ServerMessage::RosterChange(change) => change.apply(&mut self.roster),
            ServerMessage::Over(results) => self.over = Some(results),
            ServerMessage::Error { code, .. } => self.error = Some(code),
            ServerMessage::Welcome { .. } | ServerMessage::Events { .. } | ServerMessage::Pong { .. } => {}
        }
    }

    fn take_state(&mut self, bytes: &[u8]) {
        let state = self.decoder.decode(bytes, self.welcome.slot).expect("a readable state");
        self.states += 1;
        self.full_blocks += u64::from(state.base_tick.is_none());
        self.frame = Some(state.frame);
    }

    async fn answer_state(&mut self) {
        let Some(tick) = self.frame.as_ref().map(|frame| frame.tick) else {
            return;
        };
        let message = ClientMessage::Input {
            acked_tick: tick,
            first_tick: tick + LEAD_TICKS,
            inputs: vec![self.input; INPUTS_PER_STATE],
        };
        // The gateway may have closed meanwhile; the next read notices.
        let _ = self.socket.0.send(Message::Binary(encode_client(&message).into())).await;
    }
}
