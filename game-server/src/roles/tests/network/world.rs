//! Everything together: players come, go and lose their connections while the room goes on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::{Client, Doing, Now, slice_us};
use super::gateway::{Around, Cut, Link, Session};
use super::host::Host;
use super::plan::{GOOD, Plan, SETTLE_TICKS, SLICES_PER_TICK};
use super::wire::Wire;
use crate::domain::{PlayerId, Tick};
use crate::protocol::bus::TicketClaims;
use crate::protocol::client::ErrorCode;
use crate::protocol::ticket::TicketKey;
use crate::roles::gateway::host_link::HostLink;
use crate::roles::room::mailbox::LinkId;
use crate::sim::random::Random;

/// Ids of server-side bots are below this.
const FIRST_PLAYER: u64 = 1_000;
/// A dead link is found after five seconds of silence at the latest.
const LINK_SILENCE_US: u32 = 5_000_000;
/// A dead socket is found after three unanswered pings at the latest.
const SOCKET_SILENCE_US: u32 = 15_000_000;
/// Who lost a connection comes back between at once and later than a seat is held.
const BACK_AFTER_US: [u32; 4] = [100_000, 1_000_000, 4_000_000, 14_000_000];
const HOST_PAUSE_SLICES_MAX: u32 = 60;
/// A second after its connection, a player on a good network knows everything.
const SETTLED_AFTER_US: u64 = 1_000_000;

/// How a run came out; the same seed gives the same, so the figures tell whether a run was worth it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub states: u64,
    pub fulls: u64,
    pub overtaken: u64,
    pub joins: u64,
    pub cuts: u64,
    pub links_cut: u64,
    pub replaced: u64,
    pub refused: u64,
    pub late_inputs: u64,
    pub hash: u64,
}

pub struct World {
    plan: Plan,
    random: Random,
    began: Instant,
    slice: u64,
    host: Host,
    host_resumes_slice: u64,
    links: Vec<Link>,
    sessions: Vec<Session>,
    wires: BTreeMap<u32, Wire>,
    wires_made: u32,
    clients: Vec<Client>,
    tickets: TicketKey,
    figures: Figures,
}

impl World {
    pub fn new(plan: Plan, seed: u64) -> World {
        // Another stream of numbers than the plan's.
        let mut random = Random::new(!seed);
        let player = |number: u32| PlayerId(FIRST_PLAYER + u64::from(number));
        let clients = (0..plan.players).map(|number| Client::new(player(number), &mut random)).collect();
        World {
            host: Host::new(&plan.settings),
            plan,
            random,
            began: Instant::now(),
            slice: 0,
            host_resumes_slice: 0,
            links: Vec::new(),
            sessions: Vec::new(),
            wires: BTreeMap::new(),
            wires_made: 0,
            clients,
            tickets: TicketKey::new(b"network"),
            figures: Figures::default(),
        }
    }

    /// Plays to the end.
    pub fn run(mut self) -> Figures {
        let settles = self.plan.ticks - SETTLE_TICKS.min(self.plan.ticks);
        for tick in 0..self.plan.ticks {
            if tick == settles {
                self.settle();
            }
            if tick < settles {
                self.trouble();
            }
            (0..SLICES_PER_TICK).for_each(|_| self.advance());
        }
        self.all_is_well();
        for client in &self.clients {
            self.figures.states += client.states;
            self.figures.fulls += client.fulls;
            self.figures.overtaken += client.overtaken;
        }
        self.figures.late_inputs = self.host.hosted.room.late_inputs();
        self.figures.hash = self.host.hosted.room.hash();
        self.figures
    }

    fn now_us(&self) -> u64 {
        slice_us(self.slice)
    }

    fn chance_in_a_million(&mut self, chance: u32) -> bool {
        self.random.below(1_000_000) < chance
    }

    /// Draws what goes wrong in this tick.
    fn trouble(&mut self) {
        for index in 0..self.clients.len() {
            if self.chance_in_a_million(self.plan.comes) && self.is_idle(index) {
                self.connect(index);
            } else if self.chance_in_a_million(self.plan.leaves) {
                self.leave(index);
            } else if self.chance_in_a_million(self.plan.cut) {
                self.cut(index);
            }
        }
        if self.chance_in_a_million(self.plan.link_cut) && !self.links.is_empty() {
            self.cut_link();
        }
        if self.chance_in_a_million(self.plan.host_pause) {
            self.host_resumes_slice = self.slice + u64::from(self.random.below(HOST_PAUSE_SLICES_MAX));
        }
    }

    fn is_idle(&self, index: usize) -> bool {
        matches!(self.clients[index].doing, Doing::Away { until_us: None })
    }

    fn connect(&mut self, index: usize) {
        let gateway = self.random.below(self.plan.gateways as u32) as usize;
        let conditions = self.plan.conditions(&mut self.random);
        self.wires_made += 1;
        let mut wire = Wire::new(self.wires_made, self.plan.transport, conditions);
        let client = &mut self.clients[index];
        let ticket = self.tickets.sign(&TicketClaims {
            player: client.player,
            name: format!("Player {index}"),
            room: self.plan.settings.room,
            expires_s: 1,
            address: None,
        });
        let now_us = slice_us(self.slice);
        let mut now = Now {
            us: now_us,
            slice: self.slice,
            instant: self.began + Duration::from_micros(now_us),
            random: &mut self.random,
            truth: &self.host.truth,
            transport: self.plan.transport,
        };
        client.connect(&mut wire, ticket, &mut now);
        self.sessions.push(Session::new(wire.id, gateway, now_us));
        self.wires.insert(wire.id, wire);
        self.figures.joins += 1;
        self.dial(gateway);
    }

    /// A gateway without a link makes one.
    fn dial(&mut self, gateway: usize) {
        if self.links.iter().any(|link| link.gateway == gateway && !link.end.is_closed()) {
            return;
        }
        let number = LinkId(self.links.last().map_or(0, |link| link.number.0 + 1));
        let (link, host_sender) = Link::dial(number, gateway);
        self.host.accept(number, host_sender);
        self.links.push(link);
    }

    fn leave(&mut self, index: usize) {
        let Doing::Connected(seated) = &self.clients[index].doing else { return };
        let now_us = self.now_us();
        let wire = self.wires.get_mut(&seated.wire).expect("a connected client has a wire");
        let leave = crate::protocol::client::encode_client(&crate::protocol::client::ClientMessage::Leave);
        wire.to_gateway.send(now_us, leave.into(), &mut self.random);
        self.clients[index].doing = Doing::Away { until_us: None };
    }

    /// The client notices at once and comes back, often before the gateway has noticed anything.
    fn cut(&mut self, index: usize) {
        let Doing::Connected(seated) = &self.clients[index].doing else { return };
        let now_us = self.now_us();
        let unnoticed_us = self.random.below(SOCKET_SILENCE_US) >> self.random.below(8);
        let wire = self.wires.get_mut(&seated.wire).expect("a connected client has a wire");
        wire.cut = true;
        let session = self.sessions.iter_mut().find(|session| session.wire() == wire.id);
        if let Some(session) = session {
            session.finds_cut_us = Some(now_us + u64::from(unnoticed_us));
        }
        let back_after = BACK_AFTER_US[self.random.below(4) as usize];
        let until_us = Some(now_us + u64::from(self.random.below(back_after)));
        self.clients[index].doing = Doing::Away { until_us };
        self.figures.cuts += 1;
    }

    fn cut_link(&mut self) {
        let now_us = self.now_us();
        let mut learns = || now_us + u64::from(self.random.below(LINK_SILENCE_US) >> self.random.below(8));
        let cut = Cut { gateway_learns_us: learns(), host_learns_us: learns() };
        let index = self.random.below(self.links.len() as u32) as usize;
        if self.links[index].cut.is_none() {
            self.links[index].cut = Some(cut);
            self.figures.links_cut += 1;
        }
    }

    /// From here on nothing breaks: everything that is broken is found, everybody is on a good network.
    fn settle(&mut self) {
        let now_us = self.now_us();
        self.wires.values_mut().for_each(|wire| wire.improve(GOOD));
        for session in &mut self.sessions {
            session.finds_cut_us = session.finds_cut_us.map(|at_us| at_us.min(now_us));
        }
        for cut in self.links.iter_mut().filter_map(|link| link.cut.as_mut()) {
            *cut = Cut { gateway_learns_us: now_us, host_learns_us: now_us };
        }
        self.plan.worst = GOOD;
        self.host_resumes_slice = self.slice;
    }

    fn advance(&mut self) {
        self.slice += 1;
        self.return_the_lost();
        self.advance_clients();
        self.advance_sessions();
        self.advance_links();
        if self.slice.is_multiple_of(SLICES_PER_TICK) && self.slice >= self.host_resumes_slice {
            self.host.tick();
        }
        let sessions = &self.sessions;
        self.wires.retain(|id, wire| {
            !wire.closed_by_client && !wire.cut || sessions.iter().any(|session| session.wire() == *id)
        });
    }

    fn return_the_lost(&mut self) {
        let now_us = self.now_us();
        for index in 0..self.clients.len() {
            let due = |until_us: &Option<u64>| until_us.is_some_and(|at_us| now_us >= at_us);
            if matches!(&self.clients[index].doing, Doing::Away { until_us } if due(until_us)) {
                self.connect(index);
            }
        }
    }

    fn advance_clients(&mut self) {
        let us = self.now_us();
        for client in &mut self.clients {
            let Doing::Connected(seated) = &client.doing else { continue };
            let wire = self.wires.get_mut(&seated.wire).expect("a connected client has a wire");
            let mut now = Now {
                us,
                slice: self.slice,
                instant: self.began + Duration::from_micros(us),
                random: &mut self.random,
                truth: &self.host.truth,
                transport: self.plan.transport,
            };
            let Some(ended) = client.advance(wire, &mut now) else { continue };
            wire.closed_by_client = true;
            self.figures.refused += u64::from(ended == Some(ErrorCode::RoomFull));
            let comes_back = ended != Some(ErrorCode::RoomFull) && !self.host.closed;
            let until_us = comes_back.then(|| us + 200_000 + u64::from(self.random.below(800_000)));
            client.doing = Doing::Away { until_us };
        }
    }

    fn advance_sessions(&mut self) {
        let now_us = self.now_us();
        let alive = self.links.iter().filter(|link| !link.end.is_closed());
        let links: BTreeMap<usize, Arc<HostLink>> =
            alive.map(|link| (link.gateway, link.end.clone())).collect();
        let (wires, random, tickets) = (&mut self.wires, &mut self.random, &self.tickets);
        let replaced = &mut self.figures.replaced;
        self.sessions.retain_mut(|session| {
            let wire = wires.get_mut(&session.wire()).expect("a session has a wire");
            let pool = self.plan.settings.pool;
            let mut around = Around { now_us, random, tickets, pool, links: &links, replaced };
            session.advance(wire, &mut around)
        });
    }

    fn advance_links(&mut self) {
        let now_us = self.now_us();
        for link in &mut self.links {
            for frame in link.advance(now_us, &mut self.random) {
                self.host.receive(link.number, &frame);
            }
            if link.cut.is_some_and(|cut| now_us >= cut.host_learns_us) {
                self.host.lose(link.number);
            }
        }
        self.links.retain(|link| {
            link.cut.is_none_or(|cut| now_us <= cut.host_learns_us.max(cut.gateway_learns_us))
        });
    }

    /// After a while without trouble, whoever is connected knows everything and is in time.
    fn all_is_well(&self) {
        let truth = &self.host.truth;
        let tick = self.host.hosted.room.tick();
        let (mut connected, mut settled) = (0, 0);
        for client in &self.clients {
            let Doing::Connected(seated) = &client.doing else { continue };
            connected += 1;
            if self.now_us() < seated.since_us + SETTLED_AFTER_US {
                continue;
            }
            let player = client.player;
            assert!(!self.host.closed, "{player:?} is still connected to a room that closed");
            let newest = seated.newest.as_ref().unwrap_or_else(|| panic!("{player:?} sees nothing"));
            let behind: Tick = tick - newest.frame.tick;
            assert!(behind <= super::BEHIND_TICKS_MAX, "{player:?} is {behind} ticks behind");
            assert_eq!(seated.roster, truth.roster, "{player:?} knows another roster");
            assert_eq!(seated.over, truth.results, "{player:?} knows another result");
            let held =
                truth.roster.iter().any(|entry| entry.player == player && Some(entry.slot) == seated.slot);
            assert!(held, "{player:?} is welcome and has no seat");
            assert!(newest.base_tick.is_some(), "{player:?} still gets full frames");
            assert!(client.hostile || newest.margin_ticks >= 0, "{player:?} is still late");
            settled += 1;
        }
        assert_eq!(self.sessions.len(), connected, "sessions without players");
        assert!(settled <= self.host.seats.len(), "a seat has two connections");
    }
}
