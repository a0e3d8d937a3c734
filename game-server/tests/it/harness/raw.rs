//! A client of `/room` that was written from the description of the protocol and shares no code with the server.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::harness::player::Socket;
use crate::harness::within_limit;

/// Ticks per second, and the age up to which the server keeps frames to tell others against.
pub const TICKS_PER_S: f64 = 60.0;
const FRAMES_MAX: usize = 32;
/// Inputs are sent for ticks this far ahead: loopback, with room for a busy machine.
const LEAD_TICKS: u32 = 6;
/// Bits of a player's flags.
pub const ALIVE: u8 = 1;
pub const PROTECTED: u8 = 2;
pub const ABSENT: u8 = 8;
/// Codes of errors.
pub const TOO_SOON: u8 = 12;
/// The version of the protocol that is spoken here.
const VERSION: u8 = 2;

/// Fields of a message, byte by byte and then bit by bit.
struct Fields<'a> {
    bytes: &'a [u8],
    bit: usize,
}

impl Fields<'_> {
    fn bits(&mut self, count: usize) -> u32 {
        (0..count).fold(0, |value, place| {
            let bit = self.bytes[self.bit / 8] >> (self.bit % 8) & 1;
            self.bit += 1;
            value | u32::from(bit) << place
        })
    }

    fn signed(&mut self, count: usize) -> i32 {
        let shift = 32 - count;
        (self.bits(count) << shift) as i32 >> shift
    }

    fn flag(&mut self) -> bool {
        self.bits(1) == 1
    }

    fn u8(&mut self) -> u8 {
        self.bits(8) as u8
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.u8());
        let bytes: Vec<u8> = (0..length).map(|_| self.u8()).collect();
        String::from_utf8(bytes).expect("a text is UTF-8")
    }
}

/// A player on the map; places in quarters of a unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Body {
    pub x: i32,
    pub y: i32,
    pub aim: u8,
    pub health: u8,
    pub flags: u8,
    pub deaths: u32,
    pub respawn_tick: u32,
}

/// Everything at one tick.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    pub tick: u32,
    phase_ends: u32,
    pub players: [Option<Body>; 10],
    /// Owner and tick of birth of each shot.
    pub shots: Vec<(u8, u32)>,
}

/// What the server said.
#[derive(Debug)]
pub enum Heard {
    Welcome {
        slot: u8,
    },
    /// Slots that are empty now, and slots with a name.
    Roster {
        gone: u16,
        names: Vec<(u8, String)>,
    },
    State {
        margin_ticks: i8,
    },
    /// Kind and three numbers of each event.
    Events(Vec<[u8; 4]>),
    Error(u8),
    Other,
}

/// One connection.
pub struct Raw {
    pub socket: Socket,
    pub slot: u8,
    pub frames: VecDeque<Frame>,
    /// When each of the newest states came.
    pub arrivals: Vec<(u32, Instant)>,
    pub names: [Option<String>; 10],
    pub rosters: u32,
    pub events: Vec<[u8; 4]>,
    pub margin_ticks: i8,
}

impl Raw {
    /// Says hello with a ticket; the welcome, or the code of the refusal.
    pub async fn enter(gateway: SocketAddr, ticket: &str) -> Result<Raw, u8> {
        let mut socket = Socket::open(gateway, "/room").await;
        let mut hello = vec![1, VERSION];
        hello.extend((ticket.len() as u16).to_le_bytes());
        hello.extend(ticket.as_bytes());
        socket.send_bytes(hello).await;
        let mut raw = Raw {
            socket,
            slot: 0,
            frames: VecDeque::new(),
            arrivals: Vec::new(),
            names: Default::default(),
            rosters: 0,
            events: Vec::new(),
            margin_ticks: 0,
        };
        loop {
            let bytes = raw.socket.next_bytes().await.ok_or(0)?;
            match raw.hear(&bytes) {
                Heard::Welcome { slot } => {
                    raw.slot = slot;
                    return Ok(raw);
                }
                Heard::Error(code) => return Err(code),
                _ => {}
            }
        }
    }

    /// Gives the seat up and waits for the goodbye.
    pub async fn leave(mut self) {
        self.socket.send_bytes(vec![4]).await;
        while self.socket.next_bytes().await.is_some() {}
    }

    /// Inputs for consecutive ticks, each as move x, move y, aim, buttons; `acked` is the newest state that is owned up to.
    pub async fn send_inputs(&mut self, acked: u32, first_tick: u32, inputs: &[[u8; 4]]) {
        let mut bytes = vec![2];
        bytes.extend(acked.to_le_bytes());
        bytes.extend(first_tick.to_le_bytes());
        bytes.push(inputs.len() as u8);
        bytes.extend(inputs.concat());
        self.socket.send_bytes(bytes).await;
    }

    /// Reads what comes within this time; false when the connection is over.
    pub async fn listen(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.socket.bytes_within(left).await {
                Ok(Some(bytes)) => drop(self.hear(&bytes)),
                Ok(None) => return true,
                Err(()) => return false,
            }
        }
    }

    /// Reads until the next state and returns its tick.
    pub async fn next_state(&mut self) -> u32 {
        loop {
            let bytes = self.socket.next_bytes().await.expect("the match goes on");
            if let Heard::State { .. } = self.hear(&bytes) {
                return self.newest().tick;
            }
        }
    }

    /// Answers the newest state with three ticks of this.
    pub async fn act(&mut self, [move_x, move_y]: [u8; 2], aim: u8, buttons: u8) {
        let tick = self.newest().tick;
        self.send_inputs(tick, tick + LEAD_TICKS, &[[move_x, move_y, aim, buttons]; 3]).await;
    }

    /// Plays on, standing still, until this is so.
    pub async fn stand_until(&mut self, what: &str, done: impl Fn(&Raw) -> bool) {
        within_limit(what, async {
            loop {
                self.next_state().await;
                self.act([0, 0], 0, 0).await;
                if done(self) {
                    return;
                }
            }
        })
        .await;
    }

    /// Walks from one of these places to the next.
    pub async fn walk(&mut self, way: &[Place]) {
        within_limit("the way is walked", async {
            for place in way {
                self.next_state().await;
                while steer(self.own(), *place) != [0, 0] {
                    self.act(steer(self.own(), *place), 0, 0).await;
                    self.next_state().await;
                }
            }
        })
        .await;
    }

    pub fn newest(&self) -> &Frame {
        self.frames.back().expect("a state has come")
    }

    pub fn body(&self, slot: u8) -> Option<Body> {
        self.frames.back()?.players[usize::from(slot)]
    }

    pub fn own(&self) -> Body {
        self.body(self.slot).expect("the own player is in every state")
    }

    fn hear(&mut self, bytes: &[u8]) -> Heard {
        let mut from = Fields { bytes, bit: 0 };
        let heard = match from.u8() {
            1 => {
                from.u8();
                Heard::Welcome { slot: from.u8() }
            }
            3 => self.state(&mut from),
            4 => {
                from.bits(32);
                let count = from.u8();
                Heard::Events((0..count).map(|_| [(); 4].map(|()| from.u8())).collect())
            }
            7 => Heard::Error(from.u8()),
            8 => {
                let gone = from.bits(16) as u16;
                let count = from.u8();
                let names = (0..count).map(|_| {
                    let slot = from.u8();
                    from.bit += 8 + 64;
                    (slot, from.text())
                });
                Heard::Roster { gone, names: names.collect() }
            }
            _ => Heard::Other,
        };
        match &heard {
            Heard::Roster { gone, names } => {
                self.rosters += 1;
                (0..10).filter(|slot| gone & 1 << slot != 0).for_each(|slot| self.names[slot] = None);
                names.iter().for_each(|(slot, name)| self.names[usize::from(*slot)] = Some(name.clone()));
            }
            Heard::Events(events) => self.events.extend(events),
            Heard::State { margin_ticks } => self.margin_ticks = *margin_ticks,
            _ => {}
        }
        heard
    }

    fn state(&mut self, from: &mut Fields<'_>) -> Heard {
        let tick = from.bits(32);
        let base_age = from.u8();
        from.u8();
        let margin_ticks = from.u8() as i8;
        // The own player's fine place and velocity, for those who predict.
        from.bit += 40;
        let base = match base_age {
            0 => Frame::default(),
            age => {
                self.frames.iter().find(|frame| frame.tick == tick - u32::from(age)).cloned().expect("a base")
            }
        };
        let frame = read_frame(from, tick, u32::from(base_age), &base);
        self.frames.push_back(frame);
        if self.frames.len() > FRAMES_MAX {
            self.frames.pop_front();
        }
        self.arrivals.push((tick, Instant::now()));
        Heard::State { margin_ticks }
    }
}

fn bits_over(largest: u32) -> usize {
    (1..).find(|bits| 1 << bits > largest).expect("small numbers only")
}

fn read_frame(from: &mut Fields<'_>, tick: u32, base_age: u32, base: &Frame) -> Frame {
    from.flag();
    let phase_ends = if from.flag() { from.bits(32) } else { base.phase_ends };
    let present = from.bits(10);
    let told = if from.flag() { from.bits(10) } else { present };
    let mut players = [None; 10];
    for (slot, player) in players.iter_mut().enumerate() {
        let before = base.players[slot];
        if present & told & 1 << slot != 0 {
            *player = Some(read_body(from, before.unwrap_or_default(), base_age));
        } else if present & 1 << slot != 0 {
            *player = before;
        }
    }
    let mut shots = base.shots.clone();
    shots.retain(|_| from.flag());
    while from.flag() {
        let owner = from.bits(4) as u8;
        from.bits(8 + 10 + 10);
        let late = base_age == 0 || from.flag();
        let age = from.bits(if late { 7 } else { bits_over(base_age) });
        shots.push((owner, tick - age));
    }
    Frame { tick, phase_ends, players, shots }
}

fn read_body(from: &mut Fields<'_>, mut body: Body, base_age: u32) -> Body {
    if from.flag() {
        if from.flag() {
            (body.x, body.y) = (from.bits(12) as i32, from.bits(12) as i32);
        } else {
            let bits = bits_over(16 * base_age + 1) + 1;
            (body.x, body.y) = (body.x + from.signed(bits), body.y + from.signed(bits));
        }
    }
    if from.flag() {
        body.aim = from.u8();
    }
    if from.flag() {
        body.health = if from.flag() { from.u8() } else { body.health };
        body.flags = if from.flag() { from.u8() } else { body.flags };
        if from.flag() {
            from.bits(16);
            body.deaths = from.bits(16);
        }
        body.respawn_tick = if from.flag() { from.bits(32) } else { body.respawn_tick };
    }
    body
}

/// Where somebody wants to be, in whole units.
pub type Place = (f64, f64);

/// Moves of a tick that lead from where the body is towards a place, slower near it, since a body is seen late and goes
/// on for a while; at rest within two units.
pub fn steer(body: Body, to: Place) -> [u8; 2] {
    let (dx, dy) = (to.0 - f64::from(body.x) / 4.0, to.1 - f64::from(body.y) / 4.0);
    let part = |d: f64| (d * 2.0).clamp(-127.0, 127.0) as i8 as u8;
    if dx.hypot(dy) < 2.0 { [0, 0] } else { [part(dx), part(dy)] }
}
