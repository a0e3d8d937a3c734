//! The `lobby` role: seats people in rooms, opens rooms on hosts, tells who waits why.
//!
//! It keeps nothing that a restart would lose for good: hosts report twice a second, and gateways repeat the request
//! of everybody who has no ticket yet.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::domain::text::names::clean_name;
use crate::domain::{MatchSettings, Mode, PlayerId, Pool, RoomId, StateRate, TICK_RATE_HZ, Tick};
use crate::net::admin::Readiness;
use crate::net::bus::{Bus, BusError, Responder};
use crate::net::requirement::Requirement;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{
    HostReport, NodeReport, OpenReply, Ranking, RankingRequest, SUBJECT_HOSTS, SUBJECT_NODES,
    SUBJECT_RANKING, SUBJECT_SEAT, SUBJECT_SEATINGS, SeatReply, SeatRequest, Seating, TicketAddress,
    TicketClaims, subject_open_room,
};
use crate::protocol::proof::LINKS_AND_BUS;
use crate::protocol::ticket::TicketKey;
use crate::roles::lobby::directory::{Decision, Directory};
use crate::roles::lobby::ratings::Ratings;
use crate::roles::lobby::waiting::WaitReason;
use crate::telemetry;

mod allocation;
mod directory;
mod matchmaking;
mod openings;
mod ratings;
mod waiting;

/// Lobbies share this group; one of them gets each request.
const GROUP: &str = "lobby";
/// A host answers within a few milliseconds; a dead one must not cost the second in which people are seated.
const OPEN_LIMIT: Duration = Duration::from_millis(400);
/// Same for the ranking, whose answer is only nice to have.
const RATING_LIMIT: Duration = Duration::from_millis(150);
/// Requests that wait for a room or a rating: a thousand people a second, each for less than a second.
const PARKED_MAX: usize = 1_000;
/// How long a drain waits for those.
const FINISH_LIMIT: Duration = Duration::from_secs(1);
/// A ticket outlives its match by this much: clocks differ, and the score board shows for a while.
const TICKET_SPARE_S: u64 = 60;
/// Longest party code in bytes.
const PARTY_BYTES_MAX: usize = 32;

/// What the command line says.
#[derive(Clone)]
pub struct LobbyOptions {
    pub ticket_key: TicketKey,
    /// Until proofs are required, a gateway of a build before them may be shown the ticket.
    pub requirement: Requirement,
    pub match_s: u32,
    pub fill_to_players: u8,
    pub mode: Mode,
    pub state_rate: StateRate,
    pub seat_hold_s: u32,
}

/// Serves seat requests until a drain is asked for.
pub async fn run(
    bus: Bus,
    options: LobbyOptions,
    ready: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let mut hosts = bus.subscribe(SUBJECT_HOSTS).await.context("listening to room hosts")?;
    let mut nodes = bus.subscribe(SUBJECT_NODES).await.context("listening to node monitors")?;
    let mut requests = bus.serve(SUBJECT_SEAT, GROUP).await.context("serving seat requests")?;
    let mut lobby = Lobby::new(bus, options);
    ready.set(true);
    loop {
        tokio::select! {
            // In this order, so that a decision rests on every report that is already there.
            biased;
            () = shutdown.draining() => break,
            Some(report) = hosts.next::<HostReport>() => lobby.directory.note_host(report, Instant::now()),
            Some(report) = nodes.next::<NodeReport>() => lobby.directory.note_node(report, Instant::now()),
            Some(done) = lobby.errands.join_next() => lobby.finish(done).await,
            Some((request, responder)) = requests.next::<SeatRequest>() => lobby.receive(request, responder).await,
            else => anyhow::bail!("the bus is gone"),
        }
    }
    ready.set(false);
    drop(requests);
    let _ = tokio::time::timeout(FINISH_LIMIT, lobby.finish_all()).await;
    Ok(())
}

struct Lobby {
    bus: Bus,
    options: LobbyOptions,
    directory: Directory,
    ratings: Ratings,
    /// Those who were promised a seat in a room that is being opened.
    parked: HashMap<RoomId, Vec<Asker>>,
    errands: JoinSet<Done>,
}

struct Asker {
    request: SeatRequest,
    responder: Responder,
}

/// An errand that came back.
enum Done {
    Rating { asker: Box<Asker>, answer: Result<Option<f64>, BusError> },
    Opening { room: RoomId, host: String, answer: Result<OpenReply, BusError> },
}

impl Lobby {
    fn new(bus: Bus, options: LobbyOptions) -> Lobby {
        let match_ticks = match_ticks(&options);
        Lobby {
            bus,
            options,
            directory: Directory::new(match_ticks),
            ratings: Ratings::default(),
            parked: HashMap::new(),
            errands: JoinSet::new(),
        }
    }

    async fn receive(&mut self, mut request: SeatRequest, responder: Responder) {
        request.name = clean_name(&request.name);
        request.party.truncate(request.party.floor_char_boundary(PARTY_BYTES_MAX));
        let asker = Asker { request, responder };
        let parked: usize = self.parked.values().map(Vec::len).sum();
        if parked + self.errands.len() >= PARKED_MAX {
            wait(asker, WaitReason::Busy).await;
        } else if asker.request.pool == Pool::Public
            && self.ratings.wants(asker.request.player, Instant::now())
        {
            self.ask_for_rating(asker);
        } else {
            self.seat(asker).await;
        }
    }

    fn ask_for_rating(&mut self, asker: Asker) {
        let bus = self.bus.clone();
        self.errands.spawn(async move {
            let player = asker.request.player;
            let question = RankingRequest { limit: 0, around: Some(player) };
            let answer = bus.request::<_, Ranking>(SUBJECT_RANKING, &question, RATING_LIMIT).await;
            let own = |ranking: Ranking| {
                ranking.around.iter().find(|row| row.player == player).map(|row| row.rating)
            };
            Done::Rating { asker: Box::new(asker), answer: answer.map(own) }
        });
    }

    async fn seat(&mut self, asker: Asker) {
        match self.directory.decide(&asker.request, &self.ratings, Instant::now()) {
            Decision::Seat(room) => match self.parked.get_mut(&room) {
                Some(parked) => parked.push(asker),
                None => self.hand_ticket(asker, room).await,
            },
            Decision::Open { host } => self.open(asker, host),
            Decision::Wait(reason) => wait(asker, reason).await,
        }
    }

    fn open(&mut self, asker: Asker, host: String) {
        let now = Instant::now();
        let settings = self.settings_for(asker.request.pool);
        let room = settings.room;
        self.directory.note_opening(&settings, &host, now);
        self.directory.reserve(&asker.request, room, now);
        self.parked.insert(room, vec![asker]);
        let bus = self.bus.clone();
        self.errands.spawn(async move {
            let answer = bus.request(&subject_open_room(&host), &settings, OPEN_LIMIT).await;
            Done::Opening { room, host, answer }
        });
    }

    fn settings_for(&self, pool: Pool) -> MatchSettings {
        MatchSettings {
            room: RoomId(rand::random()),
            seed: rand::random(),
            pool,
            match_ticks: match_ticks(&self.options),
            // Headless players measure; opponents that the server steers would only blur that.
            fill_to_players: if pool == Pool::Public { self.options.fill_to_players } else { 0 },
            mode: self.options.mode,
            state_rate: self.options.state_rate,
            seat_hold_ticks: self.options.seat_hold_s * TICK_RATE_HZ,
        }
    }

    async fn finish(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Rating { asker, answer }) => {
                self.note_rating(asker.request.player, answer);
                self.seat(*asker).await;
            }
            Ok(Done::Opening { room, host, answer }) => self.opened(room, &host, answer).await,
            Err(error) => tracing::error!(%error, "an errand of the lobby failed"),
        }
    }

    fn note_rating(&mut self, player: PlayerId, answer: Result<Option<f64>, BusError>) {
        match answer {
            Ok(rating) => self.ratings.note(player, rating, Instant::now()),
            Err(error) => {
                tracing::debug!(%error, "seating without ratings");
                self.ratings.pause(Instant::now());
            }
        }
    }

    async fn opened(&mut self, room: RoomId, host: &str, answer: Result<OpenReply, BusError>) {
        let refusal = match answer {
            Ok(OpenReply { opened: true, .. }) => None,
            Ok(OpenReply { reason, .. }) => Some(reason),
            Err(error) => Some(error.to_string()),
        };
        let askers = self.parked.remove(&room).unwrap_or_default();
        if let Some(reason) = refusal {
            tracing::warn!(host, room = room.0, reason, "a host did not open a room");
            self.directory.note_open_failed(room, host, Instant::now());
            for asker in askers {
                // The host is avoided for a while now, so this ends at the last host at the latest.
                self.seat(asker).await;
            }
            return;
        }
        tracing::info!(host, room = room.0, people = askers.len(), "room opened");
        for asker in askers {
            self.hand_ticket(asker, room).await;
        }
    }

    async fn hand_ticket(&mut self, asker: Asker, room: RoomId) {
        let Some((link_address, ticks_left)) = self.directory.locate(room, Instant::now()) else {
            return wait(asker, WaitReason::NoHost).await;
        };
        let seating =
            Seating { room, player: asker.request.player, party: party_number(&asker.request.party) };
        let Asker { request: SeatRequest { player, name, pool, .. }, responder } = asker;
        let for_older = !self.options.requirement.includes(LINKS_AND_BUS);
        let claims = TicketClaims {
            player,
            name,
            room,
            // As long as the match: whoever loses the connection comes back with the same ticket.
            expires_s: unix_now_s() + u64::from(ticks_left / TICK_RATE_HZ) + TICKET_SPARE_S,
            address: for_older.then_some(TicketAddress { pool, link_address }),
        };
        let ticket = self.options.ticket_key.sign(&claims);
        self.tell_seating(seating).await;
        metrics::counter!(telemetry::SEATS).increment(1);
        responder.reply(&SeatReply::Seated { ticket }).await;
    }

    /// Room hosts hear who came with whom before the ticket can be used.
    async fn tell_seating(&self, seating: Seating) {
        if let Err(error) = self.bus.publish(SUBJECT_SEATINGS, &seating).await {
            tracing::warn!(%error, "a match will not move the rating of somebody seated now");
        }
    }

    async fn finish_all(&mut self) {
        while let Some(done) = self.errands.join_next().await {
            self.finish(done).await;
        }
    }
}

async fn wait(asker: Asker, reason: WaitReason) {
    metrics::counter!(telemetry::SEAT_WAITS, "reason" => reason.word()).increment(1);
    asker.responder.reply(&SeatReply::Waiting { reason: reason.sentence().to_owned() }).await;
}

fn match_ticks(options: &LobbyOptions) -> Tick {
    options.match_s.saturating_mul(TICK_RATE_HZ)
}

/// Party codes stay in the lobby: a number says as well who came together. Nobody's code has the number of nobody's.
fn party_number(code: &str) -> u64 {
    if code.is_empty() {
        return 0;
    }
    let digest = Sha256::digest(code);
    u64::from_be_bytes(std::array::from_fn(|index| digest[index])).max(1)
}

fn unix_now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
