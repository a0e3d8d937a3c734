//! What the lobby knows: hosts, nodes, seats promised but not taken yet, parties. No clock and no bus of its own.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::domain::{MatchSettings, PLAYERS_PER_ROOM_MAX, PlayerId, Pool, RoomId, TICK_RATE_HZ, Tick};
use crate::protocol::bus::{HostReport, NodeReport, RoomReport, SeatRequest};
use crate::roles::lobby::allocation::{HostLoad, place};
use crate::roles::lobby::matchmaking::{Candidate, Choice, Party, Seeker, backfill_ticks, choose};
use crate::roles::lobby::openings::Openings;
use crate::roles::lobby::ratings::Ratings;
use crate::roles::lobby::waiting::WaitReason;

/// A second: a match that is over before the ticket is used refuses it, and reports are half a second old.
const RETURN_TICKS_MIN: Tick = 60;
/// Six missed heartbeats: the host is gone.
const HOST_SILENT: Duration = Duration::from_secs(3);
/// Five missed reports: nothing is known about the node.
const NODE_SILENT: Duration = Duration::from_secs(5);
/// A promise is forgotten when its player has not appeared by then: a slow page on a slow phone.
const RESERVATION: Duration = Duration::from_secs(10);
/// From here on the seat may be promised to somebody else too: a page is there within a second, and whoever comes later
/// to a room that is full is seated again.
const RESERVATION_FIRM: Duration = Duration::from_secs(3);
/// Promises that one address may have open: a class of twenty behind it is seated in two waves a second apart.
const PROMISES_PER_ADDRESS: usize = 12;
/// Longest time until a room that was just opened shows up in a heartbeat.
const OPENED_UNREPORTED: Duration = Duration::from_secs(3);
/// A host that failed to open a room is left alone for this long.
const AVOID: Duration = Duration::from_secs(2);
/// Hosts and nodes kept in mind: ten times the largest cluster this is meant for.
const HOSTS_MAX: usize = 1_000;
/// Promised seats kept in mind: a thousand people a second for the life of a reservation.
const RESERVATIONS_MAX: usize = 10_000;

/// Everything that decisions are made from.
pub struct Directory {
    hosts: HashMap<String, Seen<HostReport>>,
    nodes: HashMap<String, Seen<NodeReport>>,
    opened: HashMap<RoomId, Opened>,
    reservations: HashMap<PlayerId, Reservation>,
    parties: HashMap<String, RoomId>,
    avoided: HashMap<String, Instant>,
    openings: Openings,
    match_ticks: Tick,
}

struct Seen<T> {
    report: T,
    at: Instant,
}

/// A room that the lobby asked for and no heartbeat has shown yet.
struct Opened {
    host: String,
    pool: Pool,
    at: Instant,
}

struct Reservation {
    room: RoomId,
    made: Instant,
    address: Option<IpAddr>,
    /// Its player was seen in the room.
    taken: bool,
}

/// Who was promised a seat of a room.
#[derive(Default)]
struct Promised {
    players: Vec<PlayerId>,
    /// Those of them whose seat nobody else is promised.
    firm: Vec<PlayerId>,
}

/// What is known about one room, wherever from.
struct RoomFacts<'a> {
    room: RoomId,
    pool: Pool,
    host: &'a str,
    humans: &'a [PlayerId],
    free_seats: u8,
    ticks_left: Tick,
}

/// A room as the lobby sees it now, promises included.
struct RoomView {
    candidate: Candidate,
    /// Who is there or on the way.
    people: Vec<PlayerId>,
    there: usize,
    draining: bool,
}

/// What to do for a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A seat in this room is reserved.
    Seat(RoomId),
    /// A room has to be opened on this host first.
    Open {
        host: String,
    },
    Wait(WaitReason),
}

impl Directory {
    /// Knows nothing yet.
    pub fn new(match_ticks: Tick) -> Directory {
        Directory {
            hosts: HashMap::new(),
            nodes: HashMap::new(),
            opened: HashMap::new(),
            reservations: HashMap::new(),
            parties: HashMap::new(),
            avoided: HashMap::new(),
            openings: Openings::default(),
            match_ticks,
        }
    }

    /// A heartbeat came in.
    pub fn note_host(&mut self, report: HostReport, now: Instant) {
        for room in &report.rooms {
            self.opened.remove(&room.room);
            self.note_arrivals(room);
        }
        if self.hosts.len() < HOSTS_MAX || self.hosts.contains_key(&report.host) {
            self.hosts.insert(report.host.clone(), Seen { report, at: now });
        }
    }

    fn note_arrivals(&mut self, room: &RoomReport) {
        for player in &room.humans {
            if let Some(reservation) = self.reservations.get_mut(player)
                && reservation.room == room.room
                && !std::mem::replace(&mut reservation.taken, true)
            {
                self.openings.came(1);
            }
        }
    }

    /// A monitor reported.
    pub fn note_node(&mut self, report: NodeReport, now: Instant) {
        if self.nodes.len() < HOSTS_MAX || self.nodes.contains_key(&report.node) {
            self.nodes.insert(report.node.clone(), Seen { report, at: now });
        }
    }

    /// A room was asked for; until its host's next heartbeat this is all that is known about it.
    pub fn note_opening(&mut self, settings: &MatchSettings, host: &str, now: Instant) {
        let opened = Opened { host: host.to_owned(), pool: settings.pool, at: now };
        self.opened.insert(settings.room, opened);
        self.openings.opened();
    }

    /// The room is not coming; those on their way to it look for another.
    pub fn note_open_failed(&mut self, room: RoomId, host: &str, now: Instant) {
        if self.opened.remove(&room).is_some() {
            self.openings.failed();
        }
        self.reservations.retain(|_, reservation| reservation.room != room);
        self.parties.retain(|_, party_room| *party_room != room);
        self.avoided.insert(host.to_owned(), now + AVOID);
    }

    /// Where a player's gateway finds a room, and how many ticks it has left.
    pub fn locate(&self, room: RoomId, now: Instant) -> Option<(String, Tick)> {
        let facts = self.facts(now).find(|facts| facts.room == room)?;
        let host = self.hosts.get(facts.host)?;
        Some((host.report.link_address.clone(), facts.ticks_left))
    }

    /// Decides and, for a seat, reserves it.
    pub fn decide(&mut self, request: &SeatRequest, ratings: &Ratings, now: Instant) -> Decision {
        self.forget_the_past(now);
        let rooms = self.rooms(ratings, now);
        if let Some(own) = self.own_room(request, &rooms) {
            self.renew(request, own, now);
            return Decision::Seat(own.candidate.room);
        }
        if self.promised_to(request.address) >= PROMISES_PER_ADDRESS {
            return Decision::Wait(WaitReason::Address);
        }
        let candidates: Vec<Candidate> =
            rooms.into_iter().filter(|view| !view.draining).map(|view| view.candidate).collect();
        let seeker = Seeker {
            pool: request.pool,
            rating: ratings.of(request.player),
            waited_ms: request.waited_ms,
            party: self.party_of(request),
        };
        match choose(&seeker, &candidates, backfill_ticks(self.match_ticks)) {
            Choice::Take(room) => {
                self.reserve(request, room, now);
                Decision::Seat(room)
            }
            Choice::Wait(reason) => Decision::Wait(reason),
            Choice::OpenNew => match place(&self.host_loads(now)) {
                Ok(load) if self.openings.may_open(self.rooms_max(), now) => {
                    Decision::Open { host: load.host.clone() }
                }
                Ok(_) => Decision::Wait(WaitReason::Crowd),
                Err(reason) => Decision::Wait(reason),
            },
        }
    }

    /// Promises a seat; it counts as taken until the player appears in a heartbeat or the promise runs out.
    pub fn reserve(&mut self, request: &SeatRequest, room: RoomId, now: Instant) {
        if self.reservations.len() < RESERVATIONS_MAX {
            let reservation = Reservation { room, made: now, address: request.address, taken: false };
            self.reservations.insert(request.player, reservation);
        }
        if !request.party.is_empty() && self.parties.len() < RESERVATIONS_MAX {
            self.parties.insert(request.party.clone(), room);
        }
    }

    /// Promises the own seat again, to somebody who has not taken it yet.
    fn renew(&mut self, request: &SeatRequest, own: &RoomView, now: Instant) {
        if !own.people.iter().take(own.there).any(|player| *player == request.player) {
            self.reserve(request, own.candidate.room, now);
        }
    }

    /// Seats that were promised to an address and not taken.
    fn promised_to(&self, address: Option<IpAddr>) -> usize {
        let open = self.reservations.values().filter(|reservation| !reservation.taken);
        address.map_or(0, |_| open.filter(|reservation| reservation.address == address).count())
    }

    fn rooms_max(&self) -> usize {
        self.hosts.values().map(|seen| seen.report.rooms_max as usize).sum()
    }

    /// A player who is in a match, or on the way to one, belongs there: a reload must not cost the seat.
    fn own_room<'a>(&self, request: &SeatRequest, rooms: &'a [RoomView]) -> Option<&'a RoomView> {
        let is_own = |view: &&RoomView| {
            let candidate = &view.candidate;
            view.people.contains(&request.player)
                && candidate.pool == request.pool
                && candidate.ticks_left > RETURN_TICKS_MIN
        };
        rooms.iter().find(is_own)
    }

    fn party_of(&self, request: &SeatRequest) -> Party {
        if request.party.is_empty() {
            return Party::Alone;
        }
        self.parties.get(&request.party).map_or(Party::First, |room| Party::In(*room))
    }

    fn rooms(&self, ratings: &Ratings, now: Instant) -> Vec<RoomView> {
        let promised = self.promised(now);
        let nobody = Promised::default();
        let view = |facts: RoomFacts| {
            let promised = promised.get(&facts.room).unwrap_or(&nobody);
            let is_coming = |player: &&PlayerId| !facts.humans.contains(player);
            let coming: Vec<PlayerId> = promised.players.iter().filter(is_coming).copied().collect();
            let firm = promised.firm.iter().filter(is_coming).count();
            let people = [facts.humans, &coming].concat();
            let candidate = Candidate {
                room: facts.room,
                pool: facts.pool,
                free: facts.free_seats.saturating_sub(u8::try_from(firm).unwrap_or(u8::MAX)),
                people: people.len(),
                rating: ratings.mean(&people),
                ticks_left: facts.ticks_left,
            };
            let draining = self.hosts.get(facts.host).is_none_or(|seen| seen.report.draining);
            RoomView { candidate, people, there: facts.humans.len(), draining }
        };
        self.facts(now).map(view).collect()
    }

    /// Rooms of the heartbeats, then those that no heartbeat has shown yet.
    fn facts(&self, now: Instant) -> impl Iterator<Item = RoomFacts<'_>> {
        let reported = self.hosts.values().flat_map(move |seen| {
            let elapsed = ticks_between(seen.at, now);
            seen.report.rooms.iter().map(move |room| RoomFacts {
                room: room.room,
                pool: room.pool,
                host: &seen.report.host,
                humans: &room.humans,
                free_seats: room.free_seats,
                ticks_left: room.ticks_left.saturating_sub(elapsed),
            })
        });
        let unreported = self.opened.iter().map(move |(room, opened)| RoomFacts {
            room: *room,
            pool: opened.pool,
            host: &opened.host,
            humans: &[],
            free_seats: PLAYERS_PER_ROOM_MAX as u8,
            ticks_left: self.match_ticks.saturating_sub(ticks_between(opened.at, now)),
        });
        reported.chain(unreported)
    }

    fn promised(&self, now: Instant) -> HashMap<RoomId, Promised> {
        let mut promised: HashMap<RoomId, Promised> = HashMap::new();
        for (player, reservation) in &self.reservations {
            let room = promised.entry(reservation.room).or_default();
            room.players.push(*player);
            if now.duration_since(reservation.made) < RESERVATION_FIRM {
                room.firm.push(*player);
            }
        }
        promised
    }

    fn host_loads(&self, now: Instant) -> Vec<HostLoad> {
        self.hosts.values().map(|seen| self.host_load(&seen.report, now)).collect()
    }

    fn host_load(&self, report: &HostReport, now: Instant) -> HostLoad {
        let opening = self.opened.values().filter(|opened| opened.host == report.host).count();
        HostLoad {
            host: report.host.clone(),
            rooms: report.rooms.len() + opening,
            rooms_max: report.rooms_max as usize,
            draining: report.draining,
            headroom: report.tick_headroom,
            wake_late_p99_us: self.nodes.get(&report.node).map_or(0, |seen| seen.report.wake_late_p99_us),
            avoided: self.avoided.get(&report.host).is_some_and(|until| *until > now),
        }
    }

    fn forget_the_past(&mut self, now: Instant) {
        self.hosts.retain(|_, seen| now.duration_since(seen.at) < HOST_SILENT);
        self.nodes.retain(|_, seen| now.duration_since(seen.at) < NODE_SILENT);
        self.opened.retain(|_, opened| now.duration_since(opened.at) < OPENED_UNREPORTED);
        self.avoided.retain(|_, until| *until > now);
        self.reservations.retain(|_, reservation| now.duration_since(reservation.made) < RESERVATION);
        if self.parties.is_empty() {
            return;
        }
        let reported = self.hosts.values().flat_map(|seen| &seen.report.rooms).map(|room| room.room);
        let alive: HashSet<RoomId> = reported.chain(self.opened.keys().copied()).collect();
        self.parties.retain(|_, room| alive.contains(room));
    }
}

fn ticks_between(earlier: Instant, later: Instant) -> Tick {
    let ticks = later.duration_since(earlier).as_millis() * u128::from(TICK_RATE_HZ) / 1_000;
    Tick::try_from(ticks).unwrap_or(Tick::MAX)
}

#[cfg(test)]
mod tests;
