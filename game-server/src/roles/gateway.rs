//! Client sockets, web client, tickets, per-client deltas.
//!
//! Everything a browser needs is on one origin: the page, `/lobby`, `/room`, `/chat` and `/ranking`. A gateway keeps
//! no state that another one could not make again, so any replica serves any player.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::requirement::Requirement;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{ChatLine, SUBJECT_CHAT_LINES, SUBJECT_HOSTS, SUBJECT_ROOMS};
use crate::protocol::proof::LinkKey;
use crate::protocol::ticket::TicketKey;
use crate::protocol::version::Protocols;
use crate::roles::gateway::assets::Assets;
use crate::roles::gateway::counters::Counters;
use crate::roles::gateway::host_link::Greeting;
use crate::roles::gateway::hosts::Hosts;
use crate::roles::gateway::limits::SOCKETS_MAX;
use crate::roles::gateway::origins::Origins;
use crate::roles::gateway::seats::Seats;
use crate::roles::gateway::talkers::Talkers;
use crate::roles::gateway::whereabouts::Whereabouts;

mod addresses;
mod admission;
mod answer;
mod assets;
mod below;
mod conversation;
mod counters;
pub(super) mod feed;
pub(super) mod host_link;
mod hosts;
mod latency;
mod leaderboard;
mod limits;
mod matchmaking;
mod metered;
mod origins;
mod plain;
mod play;
mod port;
mod seats;
mod socket;
mod talk;
mod talkers;
mod tickets;
mod whereabouts;

pub use crate::roles::gateway::addresses::Block;
pub use crate::roles::gateway::limits::SOCKETS_PER_ADDRESS;
pub use crate::roles::gateway::port::PortOptions;

/// Sessions that were told to end get this long to say goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// What one gateway is told at the start.
#[derive(Clone)]
pub struct GatewayOptions {
    pub ticket_key: TicketKey,
    pub link_key: LinkKey,
    /// Which proofs a room host must bring.
    pub requirement: Requirement,
    /// How room hosts' logs call it.
    pub name: String,
    pub protocols: Protocols,
    /// Origins besides its own whose pages may connect.
    pub allowed_origins: Vec<String>,
    /// A drain keeps accepting for this long, until the load balancer has heard that the gateway is not ready.
    pub accept_while_draining: Duration,
    /// Files of the page here are served instead of the embedded ones.
    pub web_dir: Option<PathBuf>,
    pub port: PortOptions,
}

/// Shared by all requests.
struct Gateway {
    options: GatewayOptions,
    origins: Origins,
    bus: Bus,
    hosts: Hosts,
    assets: Assets,
    whereabouts: Whereabouts,
    chat_lines: broadcast::Sender<Arc<ChatLine>>,
    seats: Seats,
    talkers: Talkers,
    /// One for each socket that may be open.
    places: Arc<Semaphore>,
    ranking_places: Semaphore,
    history_places: Semaphore,
    room_sessions: TaskTracker,
    counters: Counters,
    shutdown: Shutdown,
}

/// Serves players until drained: players in a match stay until it is over, everybody else is sent elsewhere.
pub async fn run(
    listener: TcpListener,
    bus: Bus,
    options: GatewayOptions,
    ready: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let lines = bus.subscribe(SUBJECT_CHAT_LINES).await?;
    let (heartbeats, rooms) = (bus.subscribe(SUBJECT_HOSTS).await?, bus.subscribe(SUBJECT_ROOMS).await?);
    let seated = bus.subscribe(SUBJECT_HOSTS).await?;
    let greeting = Greeting {
        gateway: options.name.clone(),
        versions: options.protocols.link,
        key: options.link_key.clone(),
        requirement: options.requirement.clone(),
    };
    let gateway = Arc::new(Gateway {
        assets: Assets::new(options.web_dir.clone(), &options.allowed_origins)?,
        hosts: Hosts::new(greeting),
        whereabouts: Whereabouts::default(),
        origins: Origins::new(&options.allowed_origins),
        options,
        bus,
        chat_lines: broadcast::Sender::new(talk::LINES_MAX),
        seats: Seats::default(),
        talkers: Talkers::default(),
        places: Arc::new(Semaphore::new(SOCKETS_MAX)),
        ranking_places: Semaphore::new(leaderboard::QUESTIONS_MAX),
        history_places: Semaphore::new(talk::HISTORIES_AT_ONCE),
        room_sessions: TaskTracker::new(),
        counters: Counters::default(),
        shutdown,
    });
    let relay = tokio::spawn(talk::relay(lines, gateway.chat_lines.clone()));
    let seats = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.seats.follow(seated).await }
    });
    let following = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.whereabouts.follow(heartbeats, rooms).await }
    });
    let stop_accepting = CancellationToken::new();
    let server = tokio::spawn(port::serve(
        listener,
        router(gateway.clone()),
        gateway.options.port.clone(),
        stop_accepting.clone(),
        gateway.shutdown.clone(),
    ));
    let certificates = gateway.options.port.tls.clone();
    let renewal = tokio::spawn(async move {
        match certificates {
            Some(certificates) => certificates.keep_fresh().await,
            None => Ok(()),
        }
    });
    ready.set(true);
    gateway.shutdown.draining().await;
    ready.set(false);
    drain(&gateway, &stop_accepting).await;
    relay.abort();
    renewal.abort();
    seats.abort();
    following.abort();
    server.await?;
    Ok(())
}

fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/lobby", get(matchmaking::upgrade).post(admission::explain))
        .route("/room", get(play::upgrade).post(admission::explain))
        .route("/chat", get(talk::upgrade).post(admission::explain))
        .route("/ranking", get(leaderboard::get))
        .fallback(get(assets::get))
        .layer(map_response(assets::guarded))
        .with_state(gateway)
}

/// Returns when no player is in a match any more, or soon after the end was asked for.
async fn drain(gateway: &Gateway, stop_accepting: &CancellationToken) {
    tokio::select! {
        () = sleep(gateway.options.accept_while_draining) => {}
        () = gateway.shutdown.ending() => {}
    }
    stop_accepting.cancel();
    gateway.room_sessions.close();
    tokio::select! {
        () = gateway.room_sessions.wait() => {}
        () = gateway.shutdown.ending() => {
            if timeout(GOODBYE_MAX, gateway.room_sessions.wait()).await.is_err() {
                tracing::warn!("some players did not hear the goodbye");
            }
        }
    }
}
