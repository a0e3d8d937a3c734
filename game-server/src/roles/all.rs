//! Every role in one process on an embedded store: the default without Docker.
//!
//! The same code paths as in a cluster: players' frames go over a framed link on loopback TCP, requests over a bus.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::domain::{Mode, StateRate};
use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::requirement::Requirement;
use crate::net::shutdown::Shutdown;
use crate::protocol::proof::LinkKey;
use crate::protocol::ticket::TicketKey;
use crate::protocol::version::Protocols;
use crate::roles::gateway::{GatewayOptions, PortOptions};
use crate::roles::lobby::LobbyOptions;
use crate::roles::room::RoomOptions;
use crate::roles::room::archive::ArchiveOptions;
use crate::roles::{chat, gateway, lobby, monitor, ranking, room};
use crate::store::Store;

/// The only room host and the only node.
const LOCAL: &str = "local";
/// One simulation thread leaves the other cores to the players' sockets.
const THREADS: u16 = 1;
/// What one core carries with its players' sockets beside it, with a margin; admission by headroom is stricter.
pub const ROOMS_MAX: u32 = 150;
const SECRET_BYTES: usize = 32;

/// What `all` is told at the start.
#[derive(Clone)]
pub struct AllOptions {
    /// The folder of the ranking's database.
    pub data_dir: PathBuf,
    pub replays: ArchiveOptions,
    /// Score boards beyond these are removed.
    pub matches_kept: u32,
    pub match_s: u32,
    pub fill_to_players: u8,
    /// Files of the page here are served instead of the embedded ones.
    pub web_dir: Option<PathBuf>,
    pub mode: Mode,
    pub state_rate: StateRate,
    pub seat_hold_s: u32,
    pub port: PortOptions,
    pub allowed_origins: Vec<String>,
    /// As in [`RoomOptions`].
    pub rooms_max: u32,
    pub understudies: u16,
    /// A drain ends matches with a result after this long.
    pub drain_max: Option<Duration>,
}

/// Runs the whole game until drained. Roles that matches depend on go last: a result still finds the ranking.
pub async fn run(
    listener: TcpListener,
    options: AllOptions,
    ready: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let bus = Bus::local();
    let database = options.data_dir.join("ranking.sqlite");
    let store = Store::open(&format!("sqlite://{}", database.display())).await?.keeping(options.matches_kept);
    let services_shutdown = Shutdown::new();
    let services = async {
        let shutdown = &services_shutdown;
        tokio::try_join!(
            chat::run(bus.clone(), ready.part(), shutdown.clone()),
            ranking::run(bus.clone(), store, ready.part(), shutdown.clone()),
            monitor::run(bus.clone(), LOCAL.to_string(), ready.part(), shutdown.clone()),
        )
    };
    let game = async {
        let played = play(listener, &bus, &options, &ready, &shutdown).await;
        services_shutdown.drain();
        played
    };
    ready.set(true);
    let impatience = options.drain_max.map(|limit| tokio::spawn(end_after(limit, shutdown.clone())));
    tokio::try_join!(game, services)?;
    impatience.inspect(JoinHandle::abort);
    Ok(())
}

/// Ends what still runs when a drain has taken this long.
async fn end_after(limit: Duration, shutdown: Shutdown) {
    shutdown.draining().await;
    sleep(limit).await;
    if !shutdown.is_ending() {
        tracing::info!("matches that still run end now, with a result: a drain may take {limit:?}");
        shutdown.end_now();
    }
}

/// The roles that players are connected to.
async fn play(
    listener: TcpListener,
    bus: &Bus,
    options: &AllOptions,
    ready: &Readiness,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let links = TcpListener::bind("127.0.0.1:0").await.context("listening for links on loopback")?;
    let ticket_key = TicketKey::new(&rand::random::<[u8; SECRET_BYTES]>());
    let link_key = LinkKey::new(&rand::random::<[u8; SECRET_BYTES]>());
    let room = RoomOptions {
        host: LOCAL.to_string(),
        node: LOCAL.to_string(),
        link_address: links.local_addr()?.to_string(),
        protocols: Protocols::default(),
        link_key: link_key.clone(),
        requirement: Requirement::default(),
        threads: THREADS,
        rooms_max: options.rooms_max,
        understudies: options.understudies,
        replays: Some(options.replays.clone()),
    };
    let lobby = LobbyOptions {
        ticket_key: ticket_key.clone(),
        requirement: Requirement::default(),
        match_s: options.match_s,
        fill_to_players: options.fill_to_players,
        mode: options.mode,
        state_rate: options.state_rate,
        seat_hold_s: options.seat_hold_s,
    };
    let gateway = GatewayOptions {
        ticket_key,
        link_key,
        requirement: Requirement::default(),
        name: LOCAL.to_string(),
        allowed_origins: options.allowed_origins.clone(),
        protocols: Protocols::default(),
        accept_while_draining: Duration::ZERO,
        web_dir: options.web_dir.clone(),
        port: options.port.clone(),
    };
    tokio::try_join!(
        room::run(links, bus.clone(), room, ready.part(), shutdown.clone()),
        lobby::run(bus.clone(), lobby, ready.part(), shutdown.clone()),
        gateway::run(listener, bus.clone(), gateway, ready.part(), shutdown.clone()),
    )?;
    Ok(())
}
