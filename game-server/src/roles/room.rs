//! Rooms on simulation threads.
//!
//! Worlds that only meet at bounded hand-overs: sockets (tokio) put mail into mailboxes, simulation threads (plain
//! threads, [`simulation`]) step rooms and queue frames on links, the bus hears reports and results, and one thread
//! writes what went into each room to its replay log ([`archive`]).

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::net::admin::Readiness;
use crate::net::bus::Bus;
use crate::net::requirement::Requirement;
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{SUBJECT_SEATINGS, subject_open_room};
use crate::protocol::proof::LinkKey;
use crate::protocol::version::Protocols;
use crate::roles::room::archive::{Archive, ArchiveOptions};
use crate::roles::room::board::Board;
use crate::roles::room::mailbox::Mail;
use crate::roles::room::results::Results;
use crate::roles::room::simulation::Simulation;

mod account;
mod announce;
pub mod archive;
mod attendance;
mod board;
mod clock;
mod costs;
pub(super) mod hosted;
mod links;
pub(super) mod mailbox;
pub(super) mod outgoing;
mod recorder;
mod results;
mod simulation;
mod untold;

/// A drain looks this often whether the last room is gone.
const DRAIN_POLL: Duration = Duration::from_millis(20);
/// Simulation threads need two ticks to end their rooms; longer means that one is stuck.
const END_MAX: Duration = Duration::from_secs(1);
/// Results that the ranking has not taken by then are lost with this process, and logged.
const RESULTS_MAX: Duration = Duration::from_secs(5);

/// What one room host is told at the start.
#[derive(Debug, Clone)]
pub struct RoomOptions {
    /// Unique among room hosts, one token of a bus subject.
    pub host: String,
    pub node: String,
    /// Where gateways dial, `host:port`.
    pub link_address: String,
    pub protocols: Protocols,
    pub link_key: LinkKey,
    /// Which proofs a gateway must bring.
    pub requirement: Requirement,
    pub threads: u16,
    pub rooms_max: u32,
    /// Copies of every room that live through the same and are never shown: how a benchmark makes the rules heavy. No
    /// role has any.
    pub understudies: u16,
    /// Where replay logs go; without it there are none.
    pub replays: Option<ArchiveOptions>,
}

/// Runs rooms until drained: SIGTERM takes no more rooms and waits for those that run, the end ends them.
pub async fn run(
    listener: TcpListener,
    bus: Bus,
    options: RoomOptions,
    ready: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let requests = bus.serve(&subject_open_room(&options.host), "host").await?;
    let seatings = bus.subscribe(SUBJECT_SEATINGS).await?;
    let archive = options.replays.clone().map(Archive::start).transpose()?;
    let board = Arc::new(Board::new(options));
    let results = Results::start(bus.clone());
    let (archive, log_writer) = archive.unzip();
    let mut threads = start_threads(&board, &results, &archive)?;
    // Without the threads' clones of the archive the writer would never end, so it is the last to be joined.
    drop(archive);
    threads.extend(log_writer);
    let tasks = [
        tokio::spawn(links::accept(listener, board.clone())),
        tokio::spawn(announce::serve_open(bus.clone(), requests, board.clone())),
        tokio::spawn(announce::hear_seatings(seatings, board.clone())),
        tokio::spawn(announce::heartbeats(bus.clone(), board.clone())),
    ];
    ready.set(true);
    shutdown.draining().await;
    ready.set(false);
    board.drain();
    announce::heartbeat(&bus, &board).await;
    board.tell_all(|| Mail::Drain);
    tokio::select! {
        () = all_rooms_closed(&board) => {}
        () = shutdown.ending() => end_rooms(&board).await,
    }
    let lost = results.finish(RESULTS_MAX).await;
    if lost > 0 {
        tracing::error!(lost, "match results that the ranking never acknowledged");
    }
    board.tell_all(|| Mail::Stop);
    tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join()))).await?;
    announce::heartbeat(&bus, &board).await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

fn start_threads(
    board: &Arc<Board>,
    results: &Results,
    archive: &Option<Archive>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    (0..board.threads())
        .map(|thread| {
            let simulation = Simulation::new(thread, board.clone(), results.clone(), archive.clone());
            std::thread::Builder::new()
                .name(format!("simulation-{thread}"))
                .spawn(move || simulation.run())
                .context("starting a simulation thread")
        })
        .collect()
}

async fn all_rooms_closed(board: &Board) {
    while board.rooms_open() > 0 {
        sleep(DRAIN_POLL).await;
    }
}

async fn end_rooms(board: &Board) {
    board.tell_all(|| Mail::EndAll);
    if tokio::time::timeout(END_MAX, all_rooms_closed(board)).await.is_err() {
        tracing::error!(rooms = board.rooms_open(), "rooms did not end in time");
    }
}
