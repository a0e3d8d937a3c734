//! What all client sockets share: bounded sends, pings, proper ends.

use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use crate::roles::gateway::admission::count_refusal;
use crate::roles::gateway::limits::{Bucket, PINGS_UNANSWERED_MAX, Rate, SEND_MAX};

/// WebSocket close codes.
pub const CLOSE_NORMAL: u16 = 1000;
pub const CLOSE_POLICY: u16 = 1008;
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
}

/// One client's socket with its limits.
pub struct ClientSocket {
    socket: WebSocket,
    bucket: Bucket,
    pings: Interval,
    /// Pings since the client was last heard of.
    unanswered: u32,
}

impl ClientSocket {
    /// Wraps an upgraded socket.
    pub fn new(socket: WebSocket, rate: Rate, ping_every: Duration) -> Self {
        let mut pings = interval(ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        Self { socket, bucket: Bucket::new(rate, Instant::now()), pings, unanswered: 0 }
    }

    /// The next message; pings quiet clients meanwhile. Cancel safe.
    pub async fn receive(&mut self) -> Result<Received, Gone> {
        loop {
            tokio::select! {
                message = self.socket.recv() => {
                    let Some(Ok(message)) = message else { return Err(Gone) };
                    self.unanswered = 0;
                    if let Some(received) = self.sort(message) {
                        return Ok(received);
                    }
                }
                _ = self.pings.tick() => self.ping().await?,
            }
        }
    }

    fn sort(&mut self, message: Message) -> Option<Received> {
        // Pings and pongs count as well: they cost the same.
        if !self.bucket.take(Instant::now()) {
            count_refusal("too_fast");
            return Some(Received::TooFast);
        }
        match message {
            Message::Binary(bytes) => Some(Received::Binary(bytes)),
            Message::Text(text) => Some(Received::Text(text.to_string())),
            // The next receive sends the answer to a close and then finds the end.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => None,
        }
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
        match timeout(SEND_MAX, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Gone),
            Err(_) => {
                count_refusal("too_slow");
                Err(Gone)
            }
        }
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
