//! The bus inside one process: bounded channels in a table of subjects.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::net::bus::{BusError, QUEUE_MESSAGES_MAX};
use crate::telemetry;

/// Clones share one table.
#[derive(Clone, Default)]
pub struct LocalBus {
    topics: Arc<Mutex<HashMap<String, Topic>>>,
}

#[derive(Default)]
struct Topic {
    subscribers: Vec<mpsc::Sender<Bytes>>,
    groups: HashMap<String, Group>,
}

#[derive(Default)]
struct Group {
    members: Vec<mpsc::Sender<LocalRequest>>,
    next: usize,
}

struct LocalRequest {
    payload: Bytes,
    answer: mpsc::Sender<Bytes>,
}

/// Receiving end of a subject.
pub struct LocalSubscription(mpsc::Receiver<Bytes>);

/// Receiving end of one member of a group.
pub struct LocalRequests(mpsc::Receiver<LocalRequest>);

/// Where the answer goes.
pub struct LocalResponder(mpsc::Sender<Bytes>);

impl LocalBus {
    pub(super) fn publish(&self, subject: &str, payload: &Bytes) {
        let mut topics = self.topics();
        let Some(topic) = topics.get_mut(subject) else {
            return;
        };
        topic.subscribers.retain(|subscriber| deliver(subscriber, payload.clone()));
        if topic.is_empty() {
            topics.remove(subject);
        }
    }

    pub(super) fn subscribe(&self, subject: &str) -> LocalSubscription {
        let (sender, receiver) = mpsc::channel(QUEUE_MESSAGES_MAX);
        self.topics().entry(subject.to_owned()).or_default().subscribers.push(sender);
        LocalSubscription(receiver)
    }

    pub(super) fn serve(&self, subject: &str, group: &str) -> LocalRequests {
        let (sender, receiver) = mpsc::channel(QUEUE_MESSAGES_MAX);
        let mut topics = self.topics();
        let topic = topics.entry(subject.to_owned()).or_default();
        topic.groups.entry(group.to_owned()).or_default().members.push(sender);
        LocalRequests(receiver)
    }

    pub(super) async fn request(
        &self,
        subject: &str,
        payload: Bytes,
        limit: Duration,
    ) -> Result<Bytes, BusError> {
        let members = self.one_member_per_group(subject);
        if members.is_empty() {
            return Err(BusError::NoResponder);
        }
        let (answer, mut answers) = mpsc::channel(1);
        let mut taken = 0;
        for member in members {
            let request = LocalRequest { payload: payload.clone(), answer: answer.clone() };
            taken += usize::from(deliver(&member, request));
        }
        if taken == 0 {
            return Err(BusError::NoResponder);
        }
        // `answer` stays alive here, so that a dropped responder ends in the time limit as it does over NATS.
        match tokio::time::timeout(limit, answers.recv()).await {
            Ok(Some(payload)) => Ok(payload),
            Ok(None) | Err(_) => Err(BusError::Timeout),
        }
    }

    fn one_member_per_group(&self, subject: &str) -> Vec<mpsc::Sender<LocalRequest>> {
        let mut topics = self.topics();
        let Some(topic) = topics.get_mut(subject) else {
            return Vec::new();
        };
        let members = topic.groups.values_mut().filter_map(Group::take_turn).collect();
        topic.groups.retain(|_, group| !group.members.is_empty());
        members
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, Topic>> {
        // Nothing below the lock can leave the table half changed.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Topic {
    fn is_empty(&self) -> bool {
        self.subscribers.is_empty() && self.groups.is_empty()
    }
}

impl Group {
    fn take_turn(&mut self) -> Option<mpsc::Sender<LocalRequest>> {
        self.members.retain(|member| !member.is_closed());
        if self.members.is_empty() {
            return None;
        }
        self.next = (self.next + 1) % self.members.len();
        self.members.get(self.next).cloned()
    }
}

impl LocalSubscription {
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.0.recv().await
    }
}

impl LocalRequests {
    pub(super) async fn next(&mut self) -> Option<(Bytes, LocalResponder)> {
        let request = self.0.recv().await?;
        Some((request.payload, LocalResponder(request.answer)))
    }
}

impl LocalResponder {
    pub(super) fn reply(self, payload: Bytes) {
        // Full or closed means that another group has answered or the asker is gone.
        let _ = self.0.try_send(payload);
    }
}

/// Whether the receiver still exists; a full queue loses the message and counts it.
fn deliver<T>(receiver: &mpsc::Sender<T>, message: T) -> bool {
    match receiver.try_send(message) {
        Ok(()) => true,
        Err(mpsc::error::TrySendError::Full(_)) => {
            metrics::counter!(telemetry::BUS_DROPPED).increment(1);
            true
        }
        Err(mpsc::error::TrySendError::Closed(_)) => false,
    }
}
