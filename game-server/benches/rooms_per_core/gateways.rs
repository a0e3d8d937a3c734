//! A room host alone: two links that carry what the players of two gateways would send, and read what they would get.
//!
//! Half of a room's players are on either link, so every frame leaves the host twice, as it does where a balancer
//! spreads players over gateways.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use game_server::domain::{
    BUTTON_FIRE, PLAYERS_PER_ROOM_MAX, PlayerId, PlayerInput, Pool, RoomId, STATE_EVERY_TICKS, TICK_RATE_HZ,
    Tick,
};
use game_server::net::link::{self, Batch, FrameReceiver, FrameSender};
use game_server::protocol::link::{
    GatewayToRoom, LINK_PROTOCOL_VERSION, RoomToGateway, SessionId, decode_room, encode_gateway,
};
use game_server::protocol::proof::{Challenges, LinkKey};
use game_server::roles::bots::report::INPUTS_HZ;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::parts::{LINK_SECRET, Seen, Window, Word, say};

/// Gateways that the players of a room are spread over.
const LINKS: usize = 2;
/// In each of the input packets of a player.
const TICKS_PER_PACKET: Tick = 2;
/// Inputs come this many ticks early: the newest frame is up to three ticks old, and two are the margin.
const LEAD_TICKS: Tick = STATE_EVERY_TICKS + 2;
/// A busy gateway's link writes about this often, with what has gathered meanwhile.
const WRITE_EVERY: Duration = Duration::from_millis(1);
/// All players of a host are seated within a few ticks.
const SEATED_MAX: Duration = Duration::from_secs(10);

/// What the links have brought; shared by their readers.
struct Heard {
    /// The newest tick of each room, by its number less one.
    newest: Vec<AtomicU32>,
    joined: AtomicU32,
    disconnects: AtomicU32,
    measuring: AtomicBool,
    frames: AtomicU64,
    bytes: AtomicU64,
}

/// Plays in rooms 1 to N.
pub async fn run(address: &str, window: Window) -> anyhow::Result<Seen> {
    let heard = Arc::new(Heard {
        newest: (0..window.rooms).map(|_| AtomicU32::new(0)).collect(),
        joined: AtomicU32::new(0),
        disconnects: AtomicU32::new(0),
        measuring: AtomicBool::new(false),
        frames: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
    });
    let mut readers = JoinSet::new();
    let mut senders = Vec::new();
    for number in 0..LINKS {
        let (sender, receiver) = greet(address, number).await?;
        readers.spawn(read(receiver, heard.clone()));
        senders.push(sender);
    }
    let mut crowd = Crowd::new(window.rooms, senders, heard.clone());
    crowd.join()?;
    crowd.play_until_all_are_seated().await?;
    crowd.play_for(Duration::from_secs(window.warm_up_s.into())).await;
    say(&Word::Measuring)?;
    heard.measuring.store(true, Ordering::Relaxed);
    let sent_before = crowd.sent;
    let seconds = Duration::from_secs(window.seconds.into());
    crowd.play_for(seconds).await;
    heard.measuring.store(false, Ordering::Relaxed);
    let inputs_due = crowd.players() as f64 * INPUTS_HZ * seconds.as_secs_f64();
    let states_hz = u64::from(TICK_RATE_HZ / STATE_EVERY_TICKS);
    Ok(Seen {
        joined: heard.joined.load(Ordering::Relaxed),
        disconnects: heard.disconnects.load(Ordering::Relaxed),
        states: heard.frames.load(Ordering::Relaxed),
        states_due: u64::from(window.rooms) * LINKS as u64 * states_hz * u64::from(window.seconds),
        inputs_ratio: (crowd.sent - sent_before) as f64 / inputs_due,
        bytes_per_second: heard.bytes.load(Ordering::Relaxed) as f64 / seconds.as_secs_f64(),
    })
}

async fn greet(address: &str, number: usize) -> anyhow::Result<(FrameSender, FrameReceiver<TcpStream>)> {
    let stream = TcpStream::connect(address).await.context("linking to the room host")?;
    stream.set_nodelay(true)?;
    let (sender, mut receiver) = link::start(stream);
    let (version, gateway, challenge) = (LINK_PROTOCOL_VERSION, format!("bench-{number}"), [0; 32]);
    sender.send(&encode_gateway(&GatewayToRoom::Hello { version, gateway, challenge: Some(challenge) }))?;
    let said = decode_room(&receiver.next().await?)?;
    let RoomToGateway::Hello { answer: Some((answered, _)), .. } = said else {
        bail!("the room host did not say Hello");
    };
    let challenges = Challenges { gateway: challenge, host: answered };
    let proof = LinkKey::new(LINK_SECRET).prove_gateway(&challenges);
    sender.send(&encode_gateway(&GatewayToRoom::Proof(proof)))?;
    Ok((sender, receiver))
}

/// Counts what comes; of a frame only room and tick are looked at.
async fn read(mut receiver: FrameReceiver<TcpStream>, heard: Arc<Heard>) {
    while let Ok(bytes) = receiver.next().await {
        heard.take(&bytes);
    }
    // Everybody on this link at once.
    let players = heard.newest.len() * PLAYERS_PER_ROOM_MAX / LINKS;
    heard.disconnects.fetch_add(players as u32, Ordering::Relaxed);
}

impl Heard {
    fn take(&self, bytes: &[u8]) {
        if self.measuring.load(Ordering::Relaxed) {
            self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        if let Some((RoomId(room), tick)) = frame_head(bytes) {
            if let Some(newest) = self.newest.get(room as usize - 1) {
                newest.store(tick, Ordering::Relaxed);
            }
            self.frames.fetch_add(u64::from(self.measuring.load(Ordering::Relaxed)), Ordering::Relaxed);
            return;
        }
        match decode_room(bytes) {
            Ok(RoomToGateway::Joined { .. }) => drop(self.joined.fetch_add(1, Ordering::Relaxed)),
            Ok(RoomToGateway::Closed { .. }) => {
                let players = PLAYERS_PER_ROOM_MAX / LINKS;
                self.disconnects.fetch_add(players as u32, Ordering::Relaxed);
            }
            Ok(RoomToGateway::Replaced { .. }) => drop(self.disconnects.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
    }
}

/// Room and tick of a Frame without reading the rest of it; the layout is that of `protocol::link`.
fn frame_head(bytes: &[u8]) -> Option<(RoomId, Tick)> {
    const KIND_FRAME: u8 = 4;
    const ACK_BYTES: usize = 6;
    let (head, rest) = bytes.split_first_chunk::<14>()?;
    if head[0] != KIND_FRAME {
        return None;
    }
    let room = u64::from_le_bytes(head[1..9].try_into().ok()?);
    let tick = rest.get(usize::from(head[13]) * ACK_BYTES..)?.first_chunk::<4>()?;
    Some((RoomId(room), Tick::from_le_bytes(*tick)))
}

/// Everybody who plays, and what they have sent.
struct Crowd {
    rooms: u32,
    links: Vec<(FrameSender, Batch)>,
    heard: Arc<Heard>,
    /// The tick after the last one that each player has sent an input for.
    next_ticks: Vec<Tick>,
    /// Input packets, of all players in turn.
    sent: u64,
    playing_since: Instant,
}

impl Crowd {
    fn new(rooms: u32, senders: Vec<FrameSender>, heard: Arc<Heard>) -> Crowd {
        let players = rooms as usize * PLAYERS_PER_ROOM_MAX;
        Crowd {
            rooms,
            links: senders.into_iter().map(|sender| (sender, Batch::default())).collect(),
            heard,
            next_ticks: vec![0; players],
            sent: 0,
            playing_since: Instant::now(),
        }
    }

    fn players(&self) -> usize {
        self.next_ticks.len()
    }

    /// Players are numbered so that those who follow each other are in different rooms; every other one of a room is
    /// on the other link.
    fn place(&self, player: usize) -> (usize, usize) {
        let (room, slot) = (player % self.rooms as usize, player / self.rooms as usize);
        (room, slot % LINKS)
    }

    fn join(&mut self) -> anyhow::Result<()> {
        for player in 0..self.players() {
            let (room, link) = self.place(player);
            let message = GatewayToRoom::Join {
                session: SessionId(player as u32),
                room: RoomId(room as u64 + 1),
                player: PlayerId(player as u64 + 1),
                name: format!("Bot {player}"),
                pool: Pool::Bots,
            };
            self.links[link].0.send(&encode_gateway(&message))?;
        }
        Ok(())
    }

    async fn play_until_all_are_seated(&mut self) -> anyhow::Result<()> {
        self.playing_since = Instant::now();
        while (self.heard.joined.load(Ordering::Relaxed) as usize) < self.players() {
            let joined = self.heard.joined.load(Ordering::Relaxed);
            ensure!(
                self.playing_since.elapsed() < SEATED_MAX,
                "only {joined} of {} were seated",
                self.players()
            );
            self.play_for(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Sends everybody's inputs, spread evenly over time.
    async fn play_for(&mut self, duration: Duration) {
        let until = Instant::now() + duration;
        let mut writes = interval(WRITE_EVERY);
        writes.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while Instant::now() < until {
            writes.tick().await;
            let rate = self.players() as f64 * INPUTS_HZ;
            let due = (self.playing_since.elapsed().as_secs_f64() * rate) as u64;
            while self.sent < due {
                self.send_inputs((self.sent % self.players() as u64) as usize);
                self.sent += 1;
            }
            for (sender, batch) in &mut self.links {
                // A link that has closed is counted by its reader.
                let _ = sender.send_batch(batch);
            }
        }
    }

    fn send_inputs(&mut self, player: usize) {
        let (room, link) = self.place(player);
        let newest = self.heard.newest[room].load(Ordering::Relaxed);
        if newest == 0 {
            return;
        }
        let earliest = newest + LEAD_TICKS;
        let first_tick = self.next_ticks[player].clamp(earliest, earliest + STATE_EVERY_TICKS);
        self.next_ticks[player] = first_tick + TICKS_PER_PACKET;
        let input = wanted(player, first_tick);
        let session = SessionId(player as u32);
        let message =
            GatewayToRoom::Input { session, first_tick, inputs: vec![input; TICKS_PER_PACKET as usize] };
        self.links[link].1.push(&encode_gateway(&message));
    }
}

/// Everybody runs in circles of their own, looks around and shoots as often as the weapon allows.
fn wanted(player: usize, tick: Tick) -> PlayerInput {
    let phase = tick.wrapping_mul(2).wrapping_add(player as u32 * 25) as u8;
    PlayerInput { move_x: phase.wrapping_mul(3) as i8, move_y: phase as i8, aim: phase, buttons: BUTTON_FIRE }
}
