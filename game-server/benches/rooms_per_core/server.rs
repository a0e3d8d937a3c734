//! The server of a point: every role in one process, or a room host alone with its rooms open.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use game_server::domain::{MatchSettings, Mode, Pool, RoomId, SEAT_HOLD_TICKS, StateRate, Tick};
use game_server::net::admin::{self, Readiness, Token};
use game_server::net::bus::Bus;
use game_server::net::requirement::Requirement;
use game_server::net::shutdown::Shutdown;
use game_server::protocol::bus::{OpenReply, subject_open_room};
use game_server::protocol::proof::LinkKey;
use game_server::protocol::version::Protocols;
use game_server::roles::all::{self, AllOptions};
use game_server::roles::gateway::PortOptions;
use game_server::roles::room::archive::ArchiveOptions;
use game_server::roles::room::{self, RoomOptions};
use game_server::store::retention::MATCHES_KEPT;
use game_server::telemetry;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::arguments::Setup;
use crate::parts::{LINK_SECRET, Word, say};

/// No match ends while it is measured.
const MATCH_S: u32 = 3_600;
const TICKS_PER_MATCH: Tick = MATCH_S * game_server::domain::TICK_RATE_HZ;
const SEAT_HOLD_S: u32 = SEAT_HOLD_TICKS / game_server::domain::TICK_RATE_HZ;
/// Replay logs are written as in production, and all but the newest few are removed.
const REPLAYS_KEPT: usize = 1_000;
const HOST: &str = "room-0";
/// A host that refuses says why, and knows better half a second later; one that refuses for this long means it.
const OPEN_MAX: Duration = Duration::from_secs(20);
const OPEN_AGAIN: Duration = Duration::from_millis(100);
const OPEN_ANSWER_MAX: Duration = Duration::from_secs(5);

/// Serves until this process is ended.
pub async fn run(setup: Setup, rooms: u32, understudies: u16) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("a folder for replays and the ranking")?;
    let (listener, ready, shutdown) =
        (TcpListener::bind("127.0.0.1:0").await?, Readiness::default(), Shutdown::new());
    let address = listener.local_addr()?.to_string();
    let admin_port = TcpListener::bind("127.0.0.1:0").await?;
    let admin = admin_port.local_addr()?.to_string();
    let metrics = telemetry::start_metrics()?;
    tokio::spawn(admin::serve(admin_port, ready.clone(), shutdown.clone(), metrics, Token::default()));
    let serving = match setup {
        Setup::All => {
            let options = all_options(folder.path(), rooms, understudies);
            tokio::spawn(all::run(listener, options, ready.clone(), shutdown))
        }
        Setup::Host => {
            let (bus, options) = (Bus::local(), room_options(folder.path(), &address, rooms, understudies));
            let serving = tokio::spawn(room::run(listener, bus.clone(), options, ready.clone(), shutdown));
            if let Err(reason) = open_all(&bus, rooms).await {
                return say(&Word::Refused { reason });
            }
            serving
        }
    };
    while !ready.get() {
        sleep(Duration::from_millis(5)).await;
    }
    say(&Word::Ready { address, admin })?;
    bail!("the server ended: {:?}", serving.await)
}

fn all_options(folder: &Path, rooms: u32, understudies: u16) -> AllOptions {
    AllOptions {
        matches_kept: MATCHES_KEPT,
        data_dir: folder.to_owned(),
        replays: archive(folder),
        match_s: MATCH_S,
        fill_to_players: 0,
        web_dir: None,
        mode: Mode::default(),
        state_rate: StateRate::default(),
        seat_hold_s: SEAT_HOLD_S,
        port: PortOptions::default(),
        allowed_origins: Vec::new(),
        rooms_max: rooms,
        understudies,
        drain_max: None,
    }
}

fn room_options(folder: &Path, address: &str, rooms: u32, understudies: u16) -> RoomOptions {
    RoomOptions {
        host: HOST.to_owned(),
        node: "local".to_owned(),
        link_address: address.to_owned(),
        protocols: Protocols::default(),
        link_key: LinkKey::new(LINK_SECRET),
        requirement: Requirement::default(),
        threads: 1,
        rooms_max: rooms,
        understudies,
        replays: Some(archive(folder)),
    }
}

fn archive(folder: &Path) -> ArchiveOptions {
    ArchiveOptions { folder: folder.join("replays"), files_max: REPLAYS_KEPT }
}

/// Opens rooms 1 to `rooms` as the lobby does, one after the other; the error is what the host says of the one that it
/// goes on refusing.
async fn open_all(bus: &Bus, rooms: u32) -> Result<(), String> {
    for number in 1..=rooms {
        let mut refusal = "no answer".to_owned();
        let opening = open(bus, number, &mut refusal);
        if timeout(OPEN_MAX, opening).await.is_err() {
            return Err(format!(
                "room {number} of {rooms} was refused for {} s: {refusal}",
                OPEN_MAX.as_secs()
            ));
        }
    }
    Ok(())
}

async fn open(bus: &Bus, number: u32, refusal: &mut String) {
    let settings = MatchSettings {
        room: RoomId(number.into()),
        seed: number.into(),
        pool: Pool::Bots,
        match_ticks: TICKS_PER_MATCH,
        fill_to_players: 0,
        mode: Mode::default(),
        state_rate: StateRate::default(),
        seat_hold_ticks: SEAT_HOLD_TICKS,
    };
    loop {
        match bus.request(&subject_open_room(HOST), &settings, OPEN_ANSWER_MAX).await {
            Ok(OpenReply { opened: true, .. }) => return,
            Ok(OpenReply { reason, .. }) => *refusal = reason,
            // Nobody serves the subject before the host is up.
            Err(error) => *refusal = error.to_string(),
        }
        sleep(OPEN_AGAIN).await;
    }
}
