//! The room host's end: link frames in, the real room, link frames out, and a record of what was true when.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::Checks;
use crate::domain::{
    GameEvent, InputAck, MatchSettings, Phase, PlayerId, PlayerResult, RoomFrame, RosterEntry, Slot, Tick,
};
use crate::net::link::FrameSender;
use crate::protocol::link::{GatewayToRoom, JoinRefusal, RoomToGateway, decode_gateway};
use crate::roles::room::hosted::HostedRoom;
use crate::roles::room::mailbox::{Join, LinkId, Seat};
use crate::roles::room::outgoing::Outgoing;
use crate::sim::inputs::INPUT_TICKS_AHEAD_MAX;

/// What was true at one tick.
#[derive(Debug)]
pub struct Moment {
    pub frame: RoomFrame,
    pub acks: Vec<InputAck>,
    pub events: Vec<GameEvent>,
}

/// What the room went through, as an all-knowing observer saw it.
#[derive(Debug, Default)]
pub struct Truth {
    pub moments: BTreeMap<Tick, Moment>,
    pub roster: Vec<RosterEntry>,
    pub results: Option<Vec<PlayerResult>>,
}

/// Inputs that reached a player's seat in time, by the tick they are for.
#[derive(Debug, Clone, Default)]
pub struct Arrived {
    pub ticks: BTreeSet<Tick>,
    /// Newest tick whose input must have been applied.
    pub applied: Tick,
}

pub struct Host {
    pub hosted: HostedRoom,
    outgoing: Outgoing,
    links: BTreeMap<LinkId, FrameSender>,
    /// Who holds which seat through which connection.
    pub seats: BTreeMap<PlayerId, Seat>,
    pub arrived: BTreeMap<PlayerId, Arrived>,
    pub truth: Truth,
    checks: Checks,
    pub closed: bool,
}

impl Host {
    pub fn new(settings: &MatchSettings) -> Host {
        Host {
            hosted: HostedRoom::new(settings),
            outgoing: Outgoing::default(),
            links: BTreeMap::new(),
            seats: BTreeMap::new(),
            arrived: BTreeMap::new(),
            truth: Truth::default(),
            checks: Checks::default(),
            closed: false,
        }
    }

    pub fn accept(&mut self, link: LinkId, sender: FrameSender) {
        self.outgoing.learn(link, sender.clone());
        self.links.insert(link, sender);
    }

    /// The host finds a link broken.
    pub fn lose(&mut self, link: LinkId) {
        if let Some(sender) = self.links.remove(&link) {
            sender.close();
        }
    }

    pub fn receive(&mut self, link: LinkId, frame: &[u8]) {
        let message = decode_gateway(frame).expect("a gateway says what a host can read");
        match message {
            GatewayToRoom::Join { session, .. } if self.closed => {
                self.refuse(Seat { link, session }, JoinRefusal::RoomGone);
            }
            _ if self.closed => {}
            GatewayToRoom::Hello { .. } | GatewayToRoom::Proof(_) => {}
            GatewayToRoom::Join { session, room, player, name, pool } => {
                let Some(reply) = self.links.get(&link).cloned() else { return };
                let seat = Seat { link, session };
                self.join(&Join { seat, reply, room, player, name, pool });
            }
            GatewayToRoom::Leave { session, on_purpose } => self.leave(Seat { link, session }, on_purpose),
            GatewayToRoom::Input { session, first_tick, inputs } => {
                let seat = Seat { link, session };
                self.note_inputs(seat, first_tick, inputs.len());
                self.hosted.input(seat, first_tick, &inputs);
            }
        }
    }

    fn join(&mut self, join: &Join) {
        let sat_on = self.slot_of(join.player);
        let joined = self.hosted.join(join, &mut self.outgoing);
        let slot = match joined {
            Ok(slot) => slot,
            Err(refusal) => {
                let has_left = refusal == JoinRefusal::TooSoon;
                assert!(sat_on.is_none() || has_left, "{:?} sits and was refused: {refusal:?}", join.player);
                self.refuse(join.seat, refusal);
                return;
            }
        };
        assert!(sat_on.is_none_or(|before| before == slot), "{:?} came back to another seat", join.player);
        if sat_on.is_none() {
            self.arrived.insert(join.player, Arrived::default());
        }
        self.seats.insert(join.player, join.seat);
    }

    fn refuse(&mut self, seat: Seat, refusal: JoinRefusal) {
        self.outgoing.send(&[seat.link], &RoomToGateway::Refused { session: seat.session, refusal });
    }

    fn slot_of(&self, player: PlayerId) -> Option<Slot> {
        let roster = self.hosted.room.roster();
        roster.iter().find(|entry| !entry.bot && entry.player == player).map(|entry| entry.slot)
    }

    fn leave(&mut self, seat: Seat, on_purpose: bool) {
        self.hosted.leave(seat, on_purpose);
        self.forget(|held| held == seat);
    }

    /// A seat without a connection forgets the inputs that wait.
    fn forget(&mut self, gone: impl Fn(Seat) -> bool) {
        let now = self.hosted.room.tick();
        for (player, _) in self.seats.extract_if(.., |_, held| gone(*held)) {
            if let Some(arrived) = self.arrived.get_mut(&player) {
                arrived.ticks.retain(|tick| *tick <= now);
            }
        }
    }

    /// By the rule, not by the code: in time means after the newest simulated tick and not too far ahead.
    fn note_inputs(&mut self, seat: Seat, first_tick: Tick, count: usize) {
        let now = self.hosted.room.tick();
        let Some((player, _)) = self.seats.iter().find(|(_, held)| **held == seat) else { return };
        let Some(arrived) = self.arrived.get_mut(player) else { return };
        for offset in 0..count as Tick {
            let tick = first_tick.saturating_add(offset);
            if tick > now && tick - now <= INPUT_TICKS_AHEAD_MAX {
                arrived.ticks.insert(tick);
            }
        }
    }

    /// One tick, after which everything must hold.
    pub fn tick(&mut self) {
        if !self.closed {
            self.step();
        }
        for link in self.outgoing.flush() {
            self.hosted.link_lost(link);
            self.forget(|held| held.link == link);
        }
    }

    fn step(&mut self) {
        let stepped = self.hosted.step(&mut self.outgoing, 0);
        if stepped.closed {
            drop(self.hosted.close(&mut self.outgoing));
            self.closed = true;
        }
        self.record();
        self.checks.after_tick(&self.hosted.room, &self.truth, &mut self.arrived);
    }

    fn record(&mut self) {
        let room = &self.hosted.room;
        let moment = Moment { frame: room.frame(), acks: room.acks(), events: room.events().to_vec() };
        self.truth.moments.insert(room.tick(), moment);
        self.truth.roster = room.roster();
        if room.phase() == Phase::Over && self.truth.results.is_none() {
            self.truth.results = Some(room.results());
        }
        let seated = |player: &PlayerId| self.truth.roster.iter().any(|entry| entry.player == *player);
        self.arrived.retain(|player, _| seated(player));
    }
}
