//! Publish, subscribe, request: in one process or over NATS.
//!
//! Both variants promise the same: at most once, in order per publisher and subject, bounded. A subscriber that
//! does not keep up loses the newest messages (counted in [`telemetry::BUS_DROPPED`]); whoever needs more repeats itself,
//! as heartbeats and results do.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::net::bus::local::{LocalBus, LocalRequests, LocalResponder, LocalSubscription};
use crate::net::bus::nats::{NatsBus, NatsRequests, NatsResponder, NatsSubscription};
use crate::telemetry;

mod local;
mod nats;

/// Messages that wait in one subscription: two seconds of the busiest subject, chat of a few hundred players.
pub const QUEUE_MESSAGES_MAX: usize = 1024;
/// Largest payload, the default limit of a NATS server; the largest real one is a host report of about 150 kB.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// The bus as every role sees it.
#[derive(Clone)]
pub enum Bus {
    Local(LocalBus),
    Nats(NatsBus),
}

/// Who a role is to the NATS server, which lets each user say and hear only what its role does.
#[derive(Debug, Clone)]
pub struct User {
    /// The name of the role.
    pub name: &'static str,
    /// Without one the server must let anybody in.
    pub password: Option<String>,
}

/// Why something did not go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// Nobody serves the subject.
    #[error("nobody serves this subject")]
    NoResponder,
    /// Somebody serves it and did not answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The server is out of reach; the bus keeps trying to come back.
    #[error("the bus is disconnected")]
    Disconnected,
    /// A payload that cannot be encoded, decoded, or is too large.
    #[error("malformed or oversized payload")]
    Malformed,
}

/// Every message of one subject, from now on.
pub enum Subscription {
    Local(LocalSubscription),
    Nats(NatsSubscription),
}

/// The share of a subject's requests that this member of the group serves.
pub enum Requests {
    Local(LocalRequests),
    Nats(NatsRequests),
}

/// Takes the one answer to a request; dropped, it leaves the asker to its time limit.
pub enum Responder {
    Local(LocalResponder),
    Nats(NatsResponder),
}

impl Bus {
    /// A bus inside this process; clones share it.
    pub fn local() -> Bus {
        Bus::Local(LocalBus::default())
    }

    /// Connects to NATS and returns once it is there, however long that takes; afterwards it reconnects by itself.
    pub async fn connect(url: &str, client_name: &str, user: &User) -> anyhow::Result<Bus> {
        Ok(Bus::Nats(NatsBus::connect(url, client_name, user).await?))
    }

    /// Sends to everybody who has subscribed.
    pub async fn publish<T: Serialize>(&self, subject: &str, message: &T) -> Result<(), BusError> {
        let payload = encode(message)?;
        match self {
            Bus::Local(bus) => bus.publish(subject, &payload),
            Bus::Nats(bus) => bus.publish(subject, payload).await?,
        }
        Ok(())
    }

    /// Everybody who subscribes gets everything.
    pub async fn subscribe(&self, subject: &str) -> Result<Subscription, BusError> {
        Ok(match self {
            Bus::Local(bus) => Subscription::Local(bus.subscribe(subject)),
            Bus::Nats(bus) => Subscription::Nats(bus.subscribe(subject).await?),
        })
    }

    /// One member of the group gets each request.
    pub async fn serve(&self, subject: &str, group: &str) -> Result<Requests, BusError> {
        Ok(match self {
            Bus::Local(bus) => Requests::Local(bus.serve(subject, group)),
            Bus::Nats(bus) => Requests::Nats(bus.serve(subject, group).await?),
        })
    }

    /// Asks whoever serves the subject and waits at most `limit` for the answer.
    pub async fn request<Q, A>(&self, subject: &str, question: &Q, limit: Duration) -> Result<A, BusError>
    where
        Q: Serialize,
        A: DeserializeOwned,
    {
        let payload = encode(question)?;
        let answer = match self {
            Bus::Local(bus) => bus.request(subject, payload, limit).await?,
            Bus::Nats(bus) => bus.request(subject, payload, limit).await?,
        };
        decode(&answer).ok_or(BusError::Malformed)
    }
}

impl Subscription {
    /// The next message that can be read; `None` when the bus is gone for good.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Option<T> {
        loop {
            let payload = match self {
                Subscription::Local(subscription) => subscription.next().await?,
                Subscription::Nats(subscription) => subscription.next().await?,
            };
            if let Some(message) = decode(&payload) {
                return Some(message);
            }
        }
    }
}

impl Requests {
    /// The next request that can be read; `None` when the bus is gone for good.
    pub async fn next<Q: DeserializeOwned>(&mut self) -> Option<(Q, Responder)> {
        loop {
            let (payload, responder) = match self {
                Requests::Local(requests) => {
                    let (payload, responder) = requests.next().await?;
                    (payload, Responder::Local(responder))
                }
                Requests::Nats(requests) => {
                    let (payload, responder) = requests.next().await?;
                    (payload, Responder::Nats(responder))
                }
            };
            if let Some(question) = decode(&payload) {
                return Some((question, responder));
            }
        }
    }
}

impl Responder {
    /// Answers; an asker that is gone or out of time gets nothing.
    pub async fn reply<A: Serialize>(self, answer: &A) {
        let Ok(payload) = encode(answer) else { return };
        match self {
            Responder::Local(responder) => responder.reply(payload),
            Responder::Nats(responder) => responder.reply(payload).await,
        }
    }
}

fn encode<T: Serialize>(message: &T) -> Result<Bytes, BusError> {
    match serde_json::to_vec(message) {
        Ok(payload) if payload.len() <= PAYLOAD_BYTES_MAX => Ok(Bytes::from(payload)),
        Ok(payload) => {
            metrics::counter!(telemetry::MALFORMED, "from" => "bus").increment(1);
            tracing::warn!(
                bytes = payload.len(),
                max = PAYLOAD_BYTES_MAX,
                "bus payload is too large to send"
            );
            Err(BusError::Malformed)
        }
        Err(error) => {
            metrics::counter!(telemetry::MALFORMED, "from" => "bus").increment(1);
            tracing::warn!(%error, "bus payload cannot be encoded");
            Err(BusError::Malformed)
        }
    }
}

fn decode<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    match serde_json::from_slice(payload) {
        Ok(message) => Some(message),
        Err(error) => {
            metrics::counter!(telemetry::MALFORMED, "from" => "bus").increment(1);
            tracing::debug!(%error, bytes = payload.len(), "bus payload skipped");
            None
        }
    }
}

#[cfg(test)]
mod tests;
