//! A player: the real decoder and the real pace, a script for inputs, and checks of everything that is seen.

use std::time::Instant;

use bytes::Bytes;

use super::host::Truth;
use super::plan::{SLICES_PER_TICK, script};
use super::wire::{Transport, Wire};
use crate::domain::{PlayerId, PlayerResult, RosterEntry, Slot, TICK_RATE_HZ, Tick};
use crate::protocol::client::{
    CLIENT_PROTOCOL_VERSION, ClientMessage, ErrorCode, INPUTS_PER_MESSAGE_MAX, KIND_STATE, ServerMessage,
    decode_server, encode_client,
};
use crate::protocol::delta::DisplayFrame;
use crate::protocol::delta::decode::{OwnState, State, StateDecoder};
use crate::protocol::wire::DecodeError;
use crate::roles::bots::pace::Pace;
use crate::sim::random::Random;

/// Input packets leave every second tick.
const SEND_EVERY_SLICES: u64 = 2 * SLICES_PER_TICK;
/// Ticks that a datagram repeats, since the one before may have been lost.
const REPEATED_TICKS: Tick = 4;

/// What a player is doing.
#[derive(Debug)]
pub enum Doing {
    /// Not here, and back at that time if at all.
    Away {
        until_us: Option<u64>,
    },
    Connected(Box<Seated>),
}

/// One connection's worth of knowledge.
#[derive(Debug)]
pub struct Seated {
    pub wire: u32,
    pub since_us: u64,
    pub slot: Option<Slot>,
    pub decoder: StateDecoder,
    pub roster: Vec<RosterEntry>,
    pub over: Option<Vec<PlayerResult>>,
    pub newest: Option<State>,
    pace: Pace,
    welcome_tick: Tick,
    events_seen: Tick,
    refusal: Option<ErrorCode>,
}

pub struct Client {
    pub player: PlayerId,
    pub doing: Doing,
    /// Sends inputs for senseless ticks besides its own.
    pub hostile: bool,
    phase: u64,
    pub states: u64,
    pub fulls: u64,
    /// States that came after newer ones.
    pub overtaken: u64,
}

/// The moment, as clients need it.
pub struct Now<'a> {
    pub us: u64,
    pub slice: u64,
    pub instant: Instant,
    pub random: &'a mut Random,
    pub truth: &'a Truth,
    pub transport: Transport,
}

impl Client {
    pub fn new(player: PlayerId, random: &mut Random) -> Client {
        Client {
            player,
            doing: Doing::Away { until_us: None },
            hostile: random.below(8) == 0,
            phase: u64::from(random.below(SEND_EVERY_SLICES as u32)),
            states: 0,
            fulls: 0,
            overtaken: 0,
        }
    }

    /// Opens a connection.
    pub fn connect(&mut self, wire: &mut Wire, ticket: String, now: &mut Now<'_>) {
        let hello = ClientMessage::Hello { version: CLIENT_PROTOCOL_VERSION, ticket };
        wire.to_gateway.send(now.us, Bytes::from(encode_client(&hello)), now.random);
        self.doing = Doing::Connected(Box::new(Seated {
            wire: wire.id,
            since_us: now.us,
            slot: None,
            decoder: StateDecoder::default(),
            roster: Vec::new(),
            over: None,
            newest: None,
            pace: Pace::new(now.instant),
            welcome_tick: 0,
            events_seen: 0,
            refusal: None,
        }));
    }

    /// Reads and writes; tells why the connection ended when it did, `None` inside for no reason given.
    pub fn advance(&mut self, wire: &mut Wire, now: &mut Now<'_>) -> Option<Option<ErrorCode>> {
        let Doing::Connected(seated) = &mut self.doing else { return None };
        for bytes in wire.at_client(now.us) {
            if bytes.first() != Some(&KIND_STATE) {
                let message = decode_server(&bytes).expect("a gateway says what a client can read");
                seated.hear(message, now.truth);
                continue;
            }
            // A datagram may overtake the Welcome; nobody knows then who sits where.
            let Some(slot) = seated.slot else { continue };
            match seated.decoder.decode(&bytes, slot) {
                Ok(state) => {
                    self.states += 1;
                    self.overtaken += u64::from(state.frame.tick < seated.decoder.acked_tick());
                    self.fulls += u64::from(state.base_tick.is_none());
                    seated.see(state, slot, now);
                }
                Err(error) => {
                    let tick = u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
                    let overtaken = tick < seated.decoder.acked_tick();
                    let excused = now.transport == Transport::Datagrams && overtaken;
                    assert!(excused && error == DecodeError::UnknownBase, "state of tick {tick}: {error}");
                    self.overtaken += 1;
                }
            }
        }
        if wire.is_read_out() {
            return Some(seated.refusal);
        }
        if (now.slice + self.phase).is_multiple_of(SEND_EVERY_SLICES) {
            self.send_inputs(wire, now);
        }
        None
    }

    fn send_inputs(&mut self, wire: &mut Wire, now: &mut Now<'_>) {
        let Doing::Connected(seated) = &mut self.doing else { return };
        if wire.to_gateway.is_full() || seated.slot.is_none() {
            return;
        }
        let Some((first, count)) = seated.pace.due(now.instant) else { return };
        let repeated = if now.transport == Transport::Datagrams { REPEATED_TICKS } else { 0 };
        let acked_tick = seated.decoder.acked_tick();
        let end = first + count as Tick;
        let first_tick =
            first.saturating_sub(repeated).max(end.saturating_sub(INPUTS_PER_MESSAGE_MAX as Tick));
        let mut send = |first_tick: Tick, count: Tick, random: &mut Random| {
            let inputs =
                (0..count).map(|offset| script(self.player, first_tick.saturating_add(offset))).collect();
            let bytes = encode_client(&ClientMessage::Input { acked_tick, first_tick, inputs });
            wire.to_gateway.send_replaceable(now.us, Bytes::from(bytes), random);
        };
        send(first_tick, end - first_tick, now.random);
        if self.hostile {
            let senseless =
                [0, u32::MAX - 3, end.saturating_sub(now.random.below(400)), end + now.random.below(400)];
            let chosen = senseless[now.random.below(4) as usize];
            send(chosen, 1 + now.random.below(8), now.random);
        }
    }
}

impl Seated {
    fn hear(&mut self, message: ServerMessage, truth: &Truth) {
        match message {
            ServerMessage::Welcome { welcome, .. } => {
                assert!(self.slot.is_none(), "welcome twice");
                self.slot = Some(welcome.slot);
                (self.welcome_tick, self.events_seen) = (welcome.tick, welcome.tick);
            }
            ServerMessage::Roster(_) => panic!("all of a roster, to this version"),
            ServerMessage::RosterChange(change) => change.apply(&mut self.roster),
            ServerMessage::Events { tick, events } => {
                let missed = truth.moments.range(self.events_seen + 1..tick);
                let missed = missed.filter(|(_, moment)| !moment.events.is_empty()).count();
                assert!(tick > self.events_seen, "events of tick {tick} came twice");
                assert_eq!(missed, 0, "events between {} and {tick} were lost", self.events_seen);
                assert_eq!(events, truth.moments[&tick].events);
                self.events_seen = tick;
            }
            ServerMessage::Over(results) => self.over = Some(results),
            ServerMessage::Error { code, .. } => self.refusal = Some(code),
            ServerMessage::Pong { .. } => {}
        }
    }

    /// A decoded state is what the room sent, to the last bit that travels.
    fn see(&mut self, state: State, slot: Slot, now: &Now<'_>) {
        let tick = state.frame.tick;
        let moment = &now.truth.moments[&tick];
        assert_eq!(state.frame, DisplayFrame::of(&moment.frame), "tick {tick} against {:?}", state.base_tick);
        let own = moment.frame.players.iter().find(|player| player.slot == slot);
        let own = own.map(|own| OwnState {
            x: own.x,
            y: own.y,
            velocity_x: own.velocity_x,
            velocity_y: own.velocity_y,
        });
        assert_eq!(state.own, own, "tick {tick}");
        assert!(tick >= self.welcome_tick, "a state from before the join");
        let ack = moment.acks.iter().find(|ack| ack.slot == slot).expect("a seated player has an ack");
        assert_eq!(state.acked_input_tick, ack.tick.max(tick.saturating_sub(255)), "tick {tick}");
        assert_eq!(state.margin_ticks, ack.margin_ticks, "tick {tick}");
        self.pace.hear(tick, state.margin_ticks, now.instant);
        let Some(newest) = &self.newest else {
            self.newest = Some(state);
            return;
        };
        if tick > newest.frame.tick {
            assert!(state.acked_input_tick >= newest.acked_input_tick, "acks ran backwards");
            self.newest = Some(state);
        } else {
            assert_eq!(now.transport, Transport::Datagrams, "a stream went backwards at tick {tick}");
        }
    }
}

/// The time of a slice; ticks are not whole microseconds.
pub fn slice_us(slice: u64) -> u64 {
    slice * 1_000_000 / (u64::from(TICK_RATE_HZ) * SLICES_PER_TICK)
}
