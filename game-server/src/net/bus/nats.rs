//! The bus over a NATS server.

use std::time::Duration;

use anyhow::Context;
use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, Message, RequestErrorKind, ServerAddr, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;

use crate::net::bus::{BusError, QUEUE_MESSAGES_MAX, User};
use crate::telemetry;

/// First pause between attempts to connect; it doubles up to [`RETRY_DELAY_MAX`].
const RETRY_DELAY_MIN: Duration = Duration::from_millis(50);
/// Longest pause: a NATS pod that comes back is used within a second.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(1);
/// Limit of one attempt, name resolution included.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// A dead peer is noticed after two of these.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// How long a full send queue may hold up a sender before it counts as disconnected.
const SEND_LIMIT: Duration = Duration::from_secs(1);

/// Clones share one connection.
#[derive(Clone)]
pub struct NatsBus {
    client: Client,
    /// Where [`NatsBus::announce`] talks to itself; a user may publish there and not into inboxes of its own kind.
    echo_prefix: String,
}

/// Receiving end of a subject.
pub struct NatsSubscription(Subscriber);

/// Receiving end of one member of a queue group.
pub struct NatsRequests {
    client: Client,
    subscriber: Subscriber,
}

/// Where the answer goes.
pub struct NatsResponder {
    client: Client,
    subject: Subject,
}

impl NatsBus {
    pub(super) async fn connect(url: &str, client_name: &str, user: &User) -> anyhow::Result<NatsBus> {
        let address: ServerAddr =
            url.parse().with_context(|| format!("{url:?} is not the URL of a NATS server"))?;
        let mut failures: u32 = 0;
        loop {
            match options(client_name, user).connect(address.clone()).await {
                Ok(client) => return Ok(NatsBus { client, echo_prefix: format!("_ECHO.{}", user.name) }),
                Err(error) => {
                    let delay = retry_delay(failures as usize);
                    failures = failures.saturating_add(1);
                    // The first misses are normal while everything starts at once.
                    if failures.is_power_of_two() {
                        tracing::warn!(%error, url, failures, "bus is not reachable yet, trying again");
                    }
                    tokio::time::sleep(delay).await;
                }
            }
        }
    }

    pub(super) async fn publish(&self, subject: &str, payload: Bytes) -> Result<(), BusError> {
        send(&self.client, Subject::from(subject), payload).await
    }

    pub(super) async fn subscribe(&self, subject: &str) -> Result<NatsSubscription, BusError> {
        let subscriber = within_limit(self.client.subscribe(subject.to_owned())).await?;
        self.announce().await;
        Ok(NatsSubscription(subscriber))
    }

    pub(super) async fn serve(&self, subject: &str, group: &str) -> Result<NatsRequests, BusError> {
        let subscription = self.client.queue_subscribe(subject.to_owned(), group.to_owned());
        let subscriber = within_limit(subscription).await?;
        self.announce().await;
        Ok(NatsRequests { client: self.client.clone(), subscriber })
    }

    pub(super) async fn request(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Bytes, BusError> {
        // A request made while disconnected would be sent long after its asker has given up.
        require_connection(&self.client)?;
        let request = async_nats::Request::new().payload(payload).timeout(Some(limit));
        let answer = tokio::time::timeout(limit, self.client.send_request(subject.to_owned(), request)).await;
        match answer {
            Ok(Ok(message)) => Ok(message.payload),
            Ok(Err(error)) => Err(match error.kind() {
                RequestErrorKind::NoResponders => BusError::NoResponder,
                RequestErrorKind::TimedOut => BusError::Timeout,
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    BusError::Malformed
                }
                RequestErrorKind::Other => BusError::Disconnected,
            }),
            Err(_) => Err(BusError::Timeout),
        }
    }

    /// Returns once the server knows the new interest: it takes what one connection sends in order, so a message to
    /// oneself that comes back proves it. Whoever is told afterwards that a role is ready can ask it at once.
    async fn announce(&self) {
        let unique = self.client.new_inbox();
        let subject = format!("{}.{}", self.echo_prefix, unique.rsplit('.').next().unwrap_or_default());
        let round_trip = async {
            let mut echo = self.client.subscribe(subject.clone()).await.ok()?;
            self.client.publish(subject, Bytes::new()).await.ok()?;
            echo.next().await
        };
        if self.client.connection_state() == State::Connected {
            let _ = tokio::time::timeout(SEND_LIMIT, round_trip).await;
        }
    }
}

impl NatsSubscription {
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.0.next().await.map(|message| message.payload)
    }
}

impl NatsRequests {
    pub(super) async fn next(&mut self) -> Option<(Bytes, NatsResponder)> {
        loop {
            let Message { payload, reply, .. } = self.subscriber.next().await?;
            // Without an address to answer to it is a stray publication.
            if let Some(subject) = reply {
                return Some((payload, NatsResponder { client: self.client.clone(), subject }));
            }
        }
    }
}

impl NatsResponder {
    pub(super) async fn reply(self, payload: Bytes) {
        if let Err(error) = send(&self.client, self.subject, payload).await {
            tracing::debug!(%error, "an answer was lost");
        }
    }
}

fn options(client_name: &str, user: &User) -> ConnectOptions {
    let options = match &user.password {
        Some(password) => ConnectOptions::with_user_and_password(user.name.to_owned(), password.clone()),
        None => ConnectOptions::new(),
    };
    options
        .name(client_name)
        // Answers come where no other user may listen.
        .custom_inbox_prefix(format!("_INBOX.{}", user.name))
        .connection_timeout(CONNECT_LIMIT)
        .ping_interval(PING_INTERVAL)
        .subscription_capacity(QUEUE_MESSAGES_MAX)
        .client_capacity(QUEUE_MESSAGES_MAX)
        .max_reconnects(None)
        .reconnect_delay_callback(retry_delay)
        .event_callback(note_event)
}

async fn note_event(event: Event) {
    match event {
        Event::SlowConsumer(_) => metrics::counter!(telemetry::BUS_DROPPED).increment(1),
        Event::Connected => {
            metrics::gauge!(telemetry::BUS_CONNECTED).set(1.0);
            tracing::info!("bus is connected");
        }
        Event::Disconnected => {
            metrics::gauge!(telemetry::BUS_CONNECTED).set(0.0);
            metrics::counter!(telemetry::BUS_DISCONNECTS).increment(1);
            tracing::warn!("bus is disconnected, trying to come back");
        }
        other => tracing::warn!(event = %other, "bus event"),
    }
}

fn retry_delay(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(10);
    RETRY_DELAY_MIN.saturating_mul(1 << doublings).min(RETRY_DELAY_MAX)
}

async fn send(client: &Client, subject: Subject, payload: Bytes) -> Result<(), BusError> {
    require_connection(client)?;
    within_limit(client.publish(subject, payload)).await
}

fn require_connection(client: &Client) -> Result<(), BusError> {
    match client.connection_state() {
        State::Connected => Ok(()),
        State::Pending | State::Disconnected => Err(BusError::Disconnected),
    }
}

async fn within_limit<T, E>(sending: impl Future<Output = Result<T, E>>) -> Result<T, BusError> {
    match tokio::time::timeout(SEND_LIMIT, sending).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) | Err(_) => Err(BusError::Disconnected),
    }
}
