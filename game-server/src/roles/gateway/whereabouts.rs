//! Which host runs which room, as the hosts themselves say on the bus: a ticket names a room, wherever that is by now.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::domain::{Pool, RoomId};
use crate::net::bus::Subscription;
use crate::protocol::bus::{HostReport, RoomPlace, TicketClaims};
use crate::protocol::proof::LINKS_AND_BUS;
use crate::roles::gateway::Gateway;

#[cfg(test)]
mod tests;

/// Two heartbeats: a gateway that has just started has heard of every room by then. Hosts tell of a new room before the
/// lobby hands out its first ticket, so others wait for nothing.
const HEARD_MAX: Duration = Duration::from_secs(1);
/// A room that its host no longer tells of is gone; a new one may be missing from a heartbeat or two.
const UNTOLD_MAX: Duration = Duration::from_secs(3);
/// Rooms of a host that says nothing are remembered this long: the bus may be away, and the longest match plays on.
const SILENT_MAX: Duration = Duration::from_secs(3_600);
/// Rooms that are remembered: ten hosts of the largest size that a host may be given. More are not heard of.
const ROOMS_MAX: usize = 100_000;

/// Where a room is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub link_address: String,
    pub pool: Pool,
    host: String,
    heard: Instant,
}

/// Everything that was heard of rooms.
#[derive(Default)]
pub struct Whereabouts {
    rooms: Mutex<HashMap<RoomId, Place>>,
    news: Notify,
}

/// Pool and address of the room that a ticket names. Hosts of a build before proofs tell of a new room half a second after
/// the ticket, which then has the address too.
pub async fn of_ticket(gateway: &Gateway, claims: &mut TicketClaims) -> Option<(Pool, String)> {
    let in_ticket = claims.address.take().filter(|_| !gateway.options.requirement.includes(LINKS_AND_BUS));
    let known = match in_ticket {
        Some(ticket) if gateway.whereabouts.known(claims.room).is_none() => {
            return Some((ticket.pool, ticket.link_address));
        }
        _ => gateway.whereabouts.locate(claims.room).await,
    };
    known.map(|place| (place.pool, place.link_address))
}

impl Whereabouts {
    /// Listens for as long as the bus exists.
    pub async fn follow(&self, mut hosts: Subscription, mut rooms: Subscription) {
        loop {
            tokio::select! {
                Some(report) = hosts.next::<HostReport>() => self.note_host(&report, Instant::now()),
                Some(place) = rooms.next::<RoomPlace>() => self.note_room(place, Instant::now()),
                else => return,
            }
        }
    }

    /// Where a room is, if any host says that it has it within a moment.
    pub async fn locate(&self, room: RoomId) -> Option<Place> {
        let heard = async {
            loop {
                let news = self.news.notified();
                if let Some(place) = self.known(room) {
                    return place;
                }
                news.await;
            }
        };
        timeout(HEARD_MAX, heard).await.ok()
    }

    /// The same for what is known already.
    pub fn known(&self, room: RoomId) -> Option<Place> {
        self.rooms().get(&room).cloned()
    }

    fn note_host(&self, report: &HostReport, now: Instant) {
        for room in &report.rooms {
            self.note(room.room, room.pool, (&report.host, &report.link_address), now);
        }
        self.rooms().retain(|_, place| {
            let limit = if place.host == report.host { UNTOLD_MAX } else { SILENT_MAX };
            now - place.heard < limit
        });
        self.news.notify_waiters();
    }

    fn note_room(&self, told: RoomPlace, now: Instant) {
        self.note(told.room, told.pool, (&told.host, &told.link_address), now);
        self.news.notify_waiters();
    }

    fn note(&self, room: RoomId, pool: Pool, (host, link_address): (&str, &str), now: Instant) {
        let mut rooms = self.rooms();
        if rooms.len() < ROOMS_MAX || rooms.contains_key(&room) {
            let (host, link_address) = (host.to_owned(), link_address.to_owned());
            rooms.insert(room, Place { link_address, pool, host, heard: now });
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomId, Place>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
