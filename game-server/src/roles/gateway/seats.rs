//! Who sits in which room under which name, as the hosts say in their heartbeats.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::domain::text::names::Looks;
use crate::domain::{PlayerId, RoomId};
use crate::net::bus::Subscription;
use crate::protocol::bus::{HostReport, Seated};

/// Rooms that are remembered: ten hosts of the largest size that a host may be given. More are not heard of.
const ROOMS_MAX: usize = 100_000;

/// Two heartbeats: whoever has just sat down is told of by then.
const TOLD_MAX: Duration = Duration::from_secs(1);

/// What was heard of every room.
#[derive(Default)]
pub struct Seats {
    rooms: Mutex<HashMap<RoomId, Told>>,
    news: Notify,
}

struct Told {
    host: String,
    people: Vec<Seated>,
}

impl Seats {
    /// Listens for as long as the bus exists.
    pub async fn follow(&self, mut reports: Subscription) {
        while let Some(report) = reports.next::<HostReport>().await {
            self.note(report);
        }
    }

    /// A heartbeat says everything about the rooms of its host. A host that is silent may be playing on.
    pub fn note(&self, report: HostReport) {
        let mut rooms = self.rooms();
        rooms.retain(|_, told| told.host != report.host);
        for room in report.rooms.into_iter().filter(|room| !room.seated.is_empty()) {
            if rooms.len() < ROOMS_MAX {
                rooms.insert(room.room, Told { host: report.host.clone(), people: room.seated });
            }
        }
        drop(rooms);
        self.news.notify_waiters();
    }

    /// The same as [`Seats::name_of`] for somebody who may have sat down a moment ago.
    pub async fn told_name_of(&self, room: RoomId, player: PlayerId) -> Option<String> {
        let told = async {
            loop {
                let news = self.news.notified();
                if let Some(name) = self.name_of(room, player) {
                    return name;
                }
                news.await;
            }
        };
        timeout(TOLD_MAX, told).await.ok()
    }

    /// How this player is called there; nothing for who has no seat.
    pub fn name_of(&self, room: RoomId, player: PlayerId) -> Option<String> {
        let rooms = self.rooms();
        let seated = rooms.get(&room)?.people.iter().find(|seated| seated.player == player);
        seated.map(|seated| seated.name.clone())
    }

    /// How the others there are called.
    pub fn looks_of_others(&self, room: RoomId, player: PlayerId) -> Vec<Looks> {
        let rooms = self.rooms();
        let others = rooms.get(&room).into_iter().flat_map(|told| &told.people);
        others.filter(|seated| seated.player != player).map(|seated| Looks::of(&seated.name)).collect()
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Told>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
