//! One link to one room host, shared by all players of this gateway whose rooms are there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::domain::{PlayerInput, Pool, RoomId, Tick};
use crate::net::link::{self, FrameReceiver, FrameSender};
use crate::net::requirement::Requirement;
use crate::protocol::bus::TicketClaims;
use crate::protocol::client::{ServerMessage, Welcome, encode_server};
use crate::protocol::link::{
    GatewayToRoom, JoinRefusal, RoomToGateway, SessionId, decode_room, encode_gateway,
};
use crate::protocol::proof::{Challenges, LINKS_AND_BUS, LinkKey};
use crate::protocol::version::Versions;
use crate::protocol::wire::DecodeError;
use crate::roles::gateway::feed::Feed;
use crate::telemetry;

/// A host on the same network answers within milliseconds.
const DIAL_MAX: Duration = Duration::from_secs(2);
/// Events and results that wait for one player's socket: two seconds of a busy fight. When full, the player
/// is too slow and the session ends.
const SESSION_QUEUE_MAX: usize = 64;

/// What a gateway says to every host that it dials.
#[derive(Clone)]
pub struct Greeting {
    pub gateway: String,
    pub versions: Versions,
    pub key: LinkKey,
    pub requirement: Requirement,
}

/// What a session hears besides states and rosters, which it reads from the feed.
#[derive(Debug)]
pub enum Notice {
    Joined(Welcome),
    Refused(JoinRefusal),
    /// An encoded message for the client.
    Message(Bytes),
    /// The final score board; the room closes later.
    Over(Bytes),
    /// The room is gone.
    Gone,
    /// The link is; the room may well run on, and the seat with it.
    Lost,
    /// The player has connected again elsewhere.
    Replaced,
}

/// A session as the link knows it.
struct Listener {
    room: RoomId,
    notices: mpsc::Sender<Notice>,
}

#[derive(Default)]
struct Table {
    sessions: HashMap<SessionId, Listener>,
    rooms: HashMap<RoomId, (Arc<Feed>, Vec<SessionId>)>,
}

/// The link and everybody who uses it.
pub struct HostLink {
    sender: FrameSender,
    table: Mutex<Table>,
    sessions_made: AtomicU32,
}

/// A session's place on a link; dropping it tells the host that the player is gone.
pub struct Attachment {
    link: Arc<HostLink>,
    session: SessionId,
    on_purpose: bool,
    pub feed: Arc<Feed>,
    /// Ends without a word when the session was too slow to take a notice.
    pub notices: mpsc::Receiver<Notice>,
}

impl HostLink {
    /// Dials a host and starts reading from it.
    pub async fn dial(address: &str, greeting: &Greeting) -> anyhow::Result<Arc<Self>> {
        let (sender, receiver) = timeout(DIAL_MAX, greet(address, greeting))
            .await
            .with_context(|| format!("room host {address} does not answer"))?
            .with_context(|| format!("linking to room host {address}"))?;
        let link = Arc::new(Self::over(sender));
        tokio::spawn(link.clone().read(receiver, address.to_string()));
        Ok(link)
    }

    /// A link whose host has said Hello; whoever reads from it passes on what comes.
    pub fn over(sender: FrameSender) -> Self {
        Self { sender, table: Mutex::default(), sessions_made: AtomicU32::new(0) }
    }

    /// Whether new sessions are better off with a new link.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Asks for the seat that a ticket promises in a room of this pool.
    pub fn attach(self: &Arc<Self>, claims: TicketClaims, pool: Pool) -> Attachment {
        let session = SessionId(self.sessions_made.fetch_add(1, Ordering::Relaxed));
        let (sender, notices) = mpsc::channel(SESSION_QUEUE_MAX);
        let room = claims.room;
        let mut table = self.table();
        table.sessions.insert(session, Listener { room, notices: sender });
        let entry =
            table.rooms.entry(room).or_insert_with(|| (Arc::new(Feed::new(Instant::now())), Vec::new()));
        entry.1.push(session);
        let feed = entry.0.clone();
        drop(table);
        let (player, name) = (claims.player, claims.name);
        self.send(&GatewayToRoom::Join { session, room, player, name, pool });
        Attachment { link: self.clone(), session, on_purpose: false, feed, notices }
    }

    /// A link that cannot send is lost, and its reader tells everybody so.
    fn send(&self, message: &GatewayToRoom) {
        if let Err(error) = self.sender.send(&encode_gateway(message)) {
            tracing::debug!(%error, "not sent to a room host");
        }
    }

    async fn read(self: Arc<Self>, mut receiver: FrameReceiver<TcpStream>, address: String) {
        metrics::gauge!(telemetry::LINKS).increment(1.0);
        tracing::info!(address, "link to room host up");
        let error = loop {
            match receiver.next().await {
                Ok(frame) => match decode_room(&frame) {
                    Ok(message) => self.take(message),
                    // What a newer host says besides.
                    Err(DecodeError::UnknownKind) => {}
                    Err(error) => {
                        metrics::counter!(telemetry::MALFORMED, "from" => "room").increment(1);
                        break anyhow::Error::from(error);
                    }
                },
                Err(error) => break anyhow::Error::from(error),
            }
        };
        metrics::gauge!(telemetry::LINKS).decrement(1.0);
        metrics::counter!(telemetry::LINKS_LOST).increment(1);
        tracing::warn!(address, "link to room host lost: {error:#}");
        self.lost();
    }

    /// Hands what the host says to those whom it concerns.
    pub fn take(&self, message: RoomToGateway) {
        let mut table = self.table();
        match message {
            RoomToGateway::Hello { .. } => {}
            RoomToGateway::Joined { session, welcome } => table.tell(session, Notice::Joined(welcome)),
            RoomToGateway::Refused { session, refusal } => table.tell(session, Notice::Refused(refusal)),
            RoomToGateway::Replaced { session, .. } => table.tell(session, Notice::Replaced),
            RoomToGateway::Frame { room, frame, acks, tick_gap_excess_p99_us } => {
                if let Some((feed, _)) = table.rooms.get(&room) {
                    feed.push(frame, acks, tick_gap_excess_p99_us, Instant::now());
                }
            }
            RoomToGateway::Roster { room, entries } => {
                if let Some((feed, _)) = table.rooms.get(&room) {
                    feed.set_roster(entries);
                }
            }
            RoomToGateway::Events { room, tick, events } => {
                let message = encode(&ServerMessage::Events { tick, events });
                table.tell_room(room, || Notice::Message(message.clone()));
            }
            RoomToGateway::Over { room, results } => {
                let message = encode(&ServerMessage::Over(results));
                table.tell_room(room, || Notice::Over(message.clone()));
            }
            RoomToGateway::Closed { room } => {
                table.tell_room(room, || Notice::Gone);
                table.rooms.remove(&room);
            }
        }
    }

    /// The players of this gateway need another link to their rooms.
    pub fn lost(&self) {
        self.sender.close();
        let mut table = self.table();
        for listener in std::mem::take(&mut table.sessions).into_values() {
            // A session whose queue is full was too slow, and ends.
            let _ = listener.notices.try_send(Notice::Lost);
        }
        table.rooms.clear();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Queues a notice; a session that has no room for it is dropped and thereby ends.
    fn tell(&mut self, session: SessionId, notice: Notice) {
        let Some(listener) = self.sessions.get(&session) else {
            return;
        };
        if listener.notices.try_send(notice).is_err() {
            self.remove(session);
        }
    }

    fn tell_room(&mut self, room: RoomId, notice: impl Fn() -> Notice) {
        let Some((_, sessions)) = self.rooms.get(&room) else {
            return;
        };
        for session in sessions.clone() {
            self.tell(session, notice());
        }
    }

    fn remove(&mut self, session: SessionId) {
        let Some(listener) = self.sessions.remove(&session) else {
            return;
        };
        if let Some((_, sessions)) = self.rooms.get_mut(&listener.room) {
            sessions.retain(|other| *other != session);
            if sessions.is_empty() {
                self.rooms.remove(&listener.room);
            }
        }
    }
}

impl Attachment {
    /// Passes inputs on.
    pub fn input(&self, first_tick: Tick, inputs: Vec<PlayerInput>) {
        self.link.send(&GatewayToRoom::Input { session: self.session, first_tick, inputs });
    }

    /// The player gives the seat up rather than having lost the connection.
    pub fn leave_on_purpose(&mut self) {
        self.on_purpose = true;
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.link.table().remove(self.session);
        self.link.send(&GatewayToRoom::Leave { session: self.session, on_purpose: self.on_purpose });
    }
}

async fn greet(
    address: &str,
    greeting: &Greeting,
) -> anyhow::Result<(FrameSender, FrameReceiver<TcpStream>)> {
    let Greeting { gateway, versions, .. } = greeting;
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, mut receiver) = link::start(stream);
    let challenge = rand::random();
    let (version, gateway) = (versions.newest, gateway.clone());
    sender.send(&encode_gateway(&GatewayToRoom::Hello { version, gateway, challenge: Some(challenge) }))?;
    let said = decode_room(&receiver.next().await?)?;
    let RoomToGateway::Hello { version, host, answer } = said else { bail!("it did not say Hello") };
    ensure!(
        versions.common(version).is_some(),
        "{host} speaks link version {version}, this gateway {} to {}",
        versions.oldest,
        versions.newest
    );
    match answer {
        Some((answered, proof)) => {
            let challenges = Challenges { gateway: challenge, host: answered };
            ensure!(
                greeting.key.is_host(&challenges, &proof),
                "{host} does not know this gateway's LINK_SECRET"
            );
            sender.send(&encode_gateway(&GatewayToRoom::Proof(greeting.key.prove_gateway(&challenges))))?;
        }
        None => ensure!(
            !greeting.requirement.includes(LINKS_AND_BUS),
            "{host} is of a build without proofs, and they are required by now"
        ),
    }
    Ok((sender, receiver))
}

fn encode(message: &ServerMessage) -> Bytes {
    Bytes::from(encode_server(message))
}

#[cfg(test)]
mod tests;
