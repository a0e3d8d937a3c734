//! A match on show: to a gateway this is a lobby that seats everybody and a room host with one room.
//!
//! Spectators get the seat [`SPECTATOR`], which is on no map, so the page shows the match and steers nobody. The match
//! begins with the first of them, all see the same, and after its end it begins again with the next who comes.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::domain::{Phase, SPECTATOR, STATE_EVERY_TICKS, TICK_RATE_HZ};
use crate::net::bus::Bus;
use crate::net::link::{self, FrameReceiver, FrameSender};
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{RoomPlace, SUBJECT_ROOMS, SUBJECT_SEAT, SeatReply, SeatRequest, TicketClaims};
use crate::protocol::client::Welcome;
use crate::protocol::link::{
    GatewayToRoom, LINK_PROTOCOL_VERSION, RoomToGateway, SessionId, decode_gateway, encode_room,
};
use crate::protocol::proof::{Challenges, LinkKey};
use crate::protocol::replay::{Entry, Log};
use crate::protocol::ticket::TicketKey;
use crate::roles::replay::rerun::apply;
use crate::sim::Room;

/// A gateway says Hello at once.
const HELLO_MAX: Duration = Duration::from_secs(3);
/// Comings and goings that wait for the next tick; gateways wait when it is full.
const NEWS_MAX: usize = 256;
/// A ticket is used at once; this covers a page that is slow to connect.
const TICKET_S: u64 = 60;

/// What is shown, and the name under which its seats are signed.
pub struct Programme {
    pub log: Log,
    pub ticket_key: TicketKey,
    pub link_key: LinkKey,
}

enum News {
    Join(FrameSender, SessionId),
    Leave(FrameSender, SessionId),
}

/// Shows the match until the process is told to go.
pub async fn run(
    links: TcpListener,
    bus: Bus,
    programme: Programme,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let address = links.local_addr()?.to_string();
    let (news, heard) = mpsc::channel(NEWS_MAX);
    let seats = bus.serve(SUBJECT_SEAT, "theatre").await?;
    let room = programme.log.settings.room;
    let seller = async {
        let mut seats = seats;
        while let Some((request, responder)) = seats.next::<SeatRequest>().await {
            let expires_s = unix_time_s() + TICKET_S;
            let SeatRequest { player, name, pool, .. } = request;
            let (host, link_address) = ("replay".to_owned(), address.clone());
            // The bus is in this process and takes everything.
            let _ = bus.publish(SUBJECT_ROOMS, &RoomPlace { room, pool, host, link_address }).await;
            let claims = TicketClaims { player, name, room, expires_s, address: None };
            responder.reply(&SeatReply::Seated { ticket: programme.ticket_key.sign(&claims) }).await;
        }
    };
    tokio::select! {
        () = seller => bail!("the bus inside this process ended"),
        () = accept(links, news, &programme.link_key) => bail!("the links inside this process ended"),
        () = Stage::new(&programme.log, heard).play() => bail!("nobody can come any more"),
        () = shutdown.draining() => Ok(()),
    }
}

async fn accept(links: TcpListener, news: mpsc::Sender<News>, key: &LinkKey) {
    while let Ok((stream, _)) = links.accept().await {
        let (news, key) = (news.clone(), key.clone());
        tokio::spawn(async move {
            if let Err(error) = converse(stream, news, &key).await {
                tracing::debug!("a link ended: {error:#}");
            }
        });
    }
}

async fn converse(stream: TcpStream, news: mpsc::Sender<News>, key: &LinkKey) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let (sender, mut receiver) = link::start(stream);
    greet(&sender, &mut receiver, key).await?;
    loop {
        let item = match decode_gateway(&receiver.next().await?)? {
            GatewayToRoom::Join { session, .. } => News::Join(sender.clone(), session),
            GatewayToRoom::Leave { session, .. } => News::Leave(sender.clone(), session),
            // Nobody steers here, and both ends of the link are this process.
            GatewayToRoom::Input { .. } | GatewayToRoom::Proof(_) => continue,
            GatewayToRoom::Hello { .. } => bail!("a second Hello"),
        };
        news.send(item).await?;
    }
}

async fn greet(
    sender: &FrameSender,
    receiver: &mut FrameReceiver<TcpStream>,
    key: &LinkKey,
) -> anyhow::Result<()> {
    let frame = timeout(HELLO_MAX, receiver.next()).await.context("no Hello")??;
    let GatewayToRoom::Hello { challenge, .. } = decode_gateway(&frame)? else { bail!("no Hello") };
    let challenges = challenge.map(|challenge| Challenges { gateway: challenge, host: rand::random() });
    let answer = challenges.map(|challenges| (challenges.host, key.prove_host(&challenges)));
    let (version, host) = (LINK_PROTOCOL_VERSION, "replay".to_owned());
    Ok(sender.send(&encode_room(&RoomToGateway::Hello { version, host, answer }))?)
}

/// The room as the log moves it, and who watches.
struct Stage<'a> {
    log: &'a Log,
    news: mpsc::Receiver<News>,
    room: Room,
    /// The next entry.
    at: usize,
    roster_version: Option<u32>,
    over_told: bool,
    audience: Vec<(FrameSender, SessionId)>,
}

impl<'a> Stage<'a> {
    fn new(log: &'a Log, news: mpsc::Receiver<News>) -> Self {
        let room = Room::new(&log.settings);
        Self { log, news, room, at: 0, roster_version: None, over_told: false, audience: Vec::new() }
    }

    /// Returns when no news can come any more.
    async fn play(mut self) {
        let mut ticks = interval(Duration::from_secs(1) / TICK_RATE_HZ);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.audience.is_empty() {
                let Some(news) = self.news.recv().await else { return };
                self.begin();
                self.hear(news);
            }
            ticks.tick().await;
            while let Ok(news) = self.news.try_recv() {
                self.hear(news);
            }
            self.tick();
        }
    }

    fn begin(&mut self) {
        self.room = Room::new(&self.log.settings);
        (self.at, self.roster_version, self.over_told) = (0, None, false);
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Join(sender, session) => {
                let settings = self.room.settings();
                let welcome = Welcome {
                    slot: SPECTATOR,
                    room: settings.room,
                    tick: self.room.tick(),
                    match_ticks: settings.match_ticks,
                    walls: self.room.walls().to_vec(),
                };
                // A link that is gone says so by its Leave, or by failing in the next tick.
                let _ = sender.send(&encode_room(&RoomToGateway::Joined { session, welcome }));
                self.audience.push((sender, session));
                self.roster_version = None;
            }
            News::Leave(sender, session) => {
                self.audience.retain(|(link, other)| *other != session || !link.is_same(&sender));
            }
        }
    }

    /// Everything up to the next step of the log.
    fn tick(&mut self) {
        let Some(length) = self.log.entries[self.at..].iter().position(|e| matches!(e, Entry::Step(_)))
        else {
            return self.close();
        };
        for entry in &self.log.entries[self.at..=self.at + length] {
            apply(&mut self.room, entry);
        }
        self.at += length + 1;
        self.tell();
    }

    fn tell(&mut self) {
        let (room, tick) = (self.log.settings.room, self.room.tick());
        if self.roster_version != Some(self.room.roster_version()) {
            self.roster_version = Some(self.room.roster_version());
            self.send(&RoomToGateway::Roster { room, entries: self.room.roster() });
        }
        if !self.room.events().is_empty() {
            self.send(&RoomToGateway::Events { room, tick, events: self.room.events().to_vec() });
        }
        if tick.is_multiple_of(STATE_EVERY_TICKS) {
            let frame = self.room.frame();
            self.send(&RoomToGateway::Frame { room, frame, acks: Vec::new(), tick_gap_excess_p99_us: 0 });
        }
        if self.room.phase() == Phase::Over && !self.over_told {
            self.over_told = true;
            self.send(&RoomToGateway::Over { room, results: self.room.results() });
        }
    }

    fn close(&mut self) {
        self.send(&RoomToGateway::Closed { room: self.log.settings.room });
        self.audience.clear();
    }

    /// Once over each link: a gateway has one for all its players.
    fn send(&mut self, message: &RoomToGateway) {
        let encoded = encode_room(message);
        let mut told: Vec<FrameSender> = Vec::new();
        self.audience.retain(|(sender, _)| {
            if told.iter().any(|other| other.is_same(sender)) {
                return true;
            }
            told.push(sender.clone());
            sender.send(&encoded).is_ok()
        });
    }
}

fn unix_time_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
