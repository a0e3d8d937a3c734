//! What all client sockets share: bounded sends, pings, proper ends.

use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use metrics::Counter;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use crate::net::awake::timeout;
use crate::roles::gateway::admission::count_refusal;
use crate::roles::gateway::limits::{Bucket, CONTROL_FRAMES, PINGS_UNANSWERED_MAX, Rate, SEND_MAX};
use crate::telemetry;

/// WebSocket close codes.
pub const CLOSE_NORMAL: u16 = 1000;
pub const CLOSE_PROTOCOL: u16 = 1002;
pub const CLOSE_POLICY: u16 = 1008;
pub const CLOSE_TOO_LARGE: u16 = 1009;
/// "Service restart": connect again, another replica is there.
pub const CLOSE_RESTART: u16 = 1012;

/// How long a client may take to answer a close.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// The client is gone, or as good as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// What a client sent.
#[derive(Debug)]
pub enum Received {
    Binary(Bytes),
    Text(String),
    /// More than the rate allows; the message was not read.
    TooFast,
    /// More than a message may have; what follows cannot be read.
    TooLarge,
    /// Bytes that are no WebSocket frames.
    Garbage,
}

/// One client's socket with its limits.
pub struct ClientSocket {
    socket: WebSocket,
    messages: Bucket,
    control_frames: Bucket,
    pings: Interval,
    /// Pings since the client was last heard of.
    unanswered: u32,
    /// What the newest pong carried, and when it came.
    pong: Option<(Bytes, Instant)>,
    /// Whether something waits to be written.
    queued: bool,
    flushes: Counter,
}

impl ClientSocket {
    /// Wraps an upgraded socket.
    pub fn new(socket: WebSocket, rate: Rate, ping_every: Duration) -> Self {
        let mut pings = interval(ping_every);
        // Pings that a stopped process did not send are not counted as unanswered when it runs again.
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        let now = Instant::now();
        Self {
            socket,
            messages: Bucket::new(rate, now),
            control_frames: Bucket::new(CONTROL_FRAMES, now),
            pings,
            unanswered: 0,
            pong: None,
            queued: false,
            flushes: metrics::counter!(telemetry::SOCKET_WRITES),
        }
    }

    /// The next message; pings quiet clients meanwhile. Cancel safe.
    pub async fn receive(&mut self) -> Result<Received, Gone> {
        loop {
            tokio::select! {
                // A client that is heard of needs no ping.
                biased;
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => {
                        self.unanswered = 0;
                        if let Some(received) = self.sort(message) {
                            return Ok(received);
                        }
                    }
                    Some(Err(error)) => return broken(error),
                    None => return Err(Gone),
                },
                _ = self.pings.tick() => self.ping().await?,
            }
        }
    }

    fn sort(&mut self, message: Message) -> Option<Received> {
        let is_control = matches!(message, Message::Ping(_) | Message::Pong(_) | Message::Close(_));
        let bucket = if is_control { &mut self.control_frames } else { &mut self.messages };
        if !bucket.take(Instant::now()) {
            if is_control {
                count_refusal("control_too_fast");
            }
            return Some(Received::TooFast);
        }
        match message {
            Message::Binary(bytes) => Some(Received::Binary(bytes)),
            Message::Text(text) => Some(Received::Text(text.to_string())),
            // The next receive sends the answer to a close and then finds the end.
            Message::Ping(_) | Message::Close(_) => None,
            Message::Pong(payload) => {
                self.pong = Some((payload, Instant::now()));
                None
            }
        }
    }

    /// The newest pong, once.
    pub fn take_pong(&mut self) -> Option<(Bytes, Instant)> {
        self.pong.take()
    }

    async fn ping(&mut self) -> Result<(), Gone> {
        if self.unanswered >= PINGS_UNANSWERED_MAX {
            count_refusal("silent");
            return Err(Gone);
        }
        self.unanswered += 1;
        // The first tick after a message finds a client that was just heard of; a ping more does no harm.
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Sends, unless the client takes longer than [`SEND_MAX`] to read.
    pub async fn send(&mut self, message: Message) -> Result<(), Gone> {
        self.queue(message).await?;
        self.flush().await
    }

    /// Takes a message that leaves with the next flush, or at once when a packet is full.
    pub async fn queue(&mut self, message: Message) -> Result<(), Gone> {
        self.queued = true;
        bounded(self.socket.feed(message)).await
    }

    /// Writes what was queued, if anything, in one go.
    pub async fn flush(&mut self) -> Result<(), Gone> {
        if std::mem::take(&mut self.queued) {
            self.flushes.increment(1);
            bounded(self.socket.flush()).await?;
        }
        Ok(())
    }

    /// Sends bytes.
    pub async fn send_bytes(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.send(Message::Binary(bytes)).await
    }

    /// Sends a value as JSON text.
    pub async fn send_json<T: Serialize>(&mut self, value: &T) -> Result<(), Gone> {
        let text = serde_json::to_string(value).map_err(|_| Gone)?;
        self.send(Message::Text(text.into())).await
    }

    /// The same for what [`ClientSocket::receive`] found, which is no end that a client could have meant.
    pub async fn close_for(self, received: &Received) {
        let (code, reason) = match received {
            Received::TooLarge => (CLOSE_TOO_LARGE, "too_large"),
            Received::Garbage => (CLOSE_PROTOCOL, "garbage"),
            _ => (CLOSE_POLICY, "too_fast"),
        };
        count_refusal(reason);
        self.close(code, reason).await;
    }

    /// Says goodbye and waits for the client's; a close with unread input would lose what was sent last.
    pub async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        if self.send(Message::Close(Some(frame))).await.is_ok() {
            let heard = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            // A client that does not answer has had its chance.
            let _ = timeout(CLOSE_MAX, heard).await;
        }
    }
}

async fn bounded<E>(sending: impl Future<Output = Result<(), E>>) -> Result<(), Gone> {
    match timeout(SEND_MAX, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Gone),
        Err(_) => {
            count_refusal("too_slow");
            Err(Gone)
        }
    }
}

/// Tells clients that break the rules from connections that break.
fn broken(error: axum::Error) -> Result<Received, Gone> {
    let error = error.into_inner().downcast::<tungstenite::Error>().map_err(|_| Gone)?;
    match *error {
        tungstenite::Error::Capacity(_) => Ok(Received::TooLarge),
        // The usual way for a browser to go when its network is lost.
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Err(Gone),
        tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => Ok(Received::Garbage),
        _ => Err(Gone),
    }
}
