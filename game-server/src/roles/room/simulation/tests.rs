//! One simulation thread without the thread: mail in, frames out.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{DuplexStream, duplex};

use super::{PHASES, Simulation};
use crate::domain::{MatchSettings, Mode, PlayerId, PlayerInput, Pool, RoomId, SEAT_HOLD_TICKS, StateRate};
use crate::net::bus::Bus;
use crate::net::link::{self, FrameReceiver, FrameSender};
use crate::net::requirement::Requirement;
use crate::protocol::link::{JoinRefusal, RoomToGateway, SessionId, decode_room};
use crate::protocol::proof::LinkKey;
use crate::protocol::replay::{Ending, Entry, decode_log};
use crate::protocol::version::Protocols;
use crate::roles::room::RoomOptions;
use crate::roles::room::archive::{Archive, ArchiveOptions};
use crate::roles::room::board::{Board, ThreadCounts};
use crate::roles::room::clock::TICK;
use crate::roles::room::hosted::HostedRoom;
use crate::roles::room::mailbox::{Join, LinkId, Mail, Seat};
use crate::roles::room::results::Results;

const PIPE_BYTES: usize = 1024 * 1024;
const ROOM: RoomId = RoomId(7);

/// A gateway's end of a link.
struct Gateway {
    link: LinkId,
    to_here: FrameSender,
    from_host: FrameReceiver<DuplexStream>,
    /// A link ends with either of its halves, so the unused ones are kept.
    _kept: (FrameReceiver<DuplexStream>, FrameSender),
}

impl Gateway {
    fn new(number: u64) -> Self {
        let (host, gateway) = duplex(PIPE_BYTES);
        let (to_here, host_receiver) = link::start(host);
        let (from_here, from_host) = link::start(gateway);
        Self { link: LinkId(number), to_here, from_host, _kept: (host_receiver, from_here) }
    }

    fn seat(&self, session: u32) -> Seat {
        Seat { link: self.link, session: SessionId(session) }
    }

    fn join(&self, session: u32, player: u64, pool: Pool) -> Mail {
        Mail::Join(Join {
            seat: self.seat(session),
            reply: self.to_here.clone(),
            room: ROOM,
            player: PlayerId(player),
            name: "Ann".to_string(),
            pool,
        })
    }

    async fn next(&mut self) -> RoomToGateway {
        decode_room(&self.from_host.next().await.unwrap()).unwrap()
    }
}

fn simulation(rooms: &[u64]) -> Simulation {
    simulation_with(None, rooms)
}

fn simulation_with(archive: Option<Archive>, rooms: &[u64]) -> Simulation {
    simulation_at(StateRate::default(), archive, rooms)
}

fn simulation_at(state_rate: StateRate, archive: Option<Archive>, rooms: &[u64]) -> Simulation {
    let board = Arc::new(Board::new(RoomOptions {
        host: "room-0".to_string(),
        node: "here".to_string(),
        link_address: "127.0.0.1:7000".to_string(),
        protocols: Protocols::default(),
        link_key: LinkKey::new(b"secret"),
        requirement: Requirement::default(),
        threads: 1,
        rooms_max: 10,
        understudies: 0,
        replays: None,
    }));
    for room in rooms {
        board.open(settings(RoomId(*room), state_rate)).unwrap();
    }
    Simulation::new(0, board, Results::start(Bus::local()), archive)
}

fn settings(room: RoomId, state_rate: StateRate) -> MatchSettings {
    MatchSettings {
        room,
        seed: 1,
        pool: Pool::Public,
        match_ticks: 18_000,
        fill_to_players: 2,
        mode: Mode::default(),
        state_rate,
        seat_hold_ticks: SEAT_HOLD_TICKS,
    }
}

fn tick(simulation: &mut Simulation) {
    simulation.read_mail();
    (0..PHASES).for_each(|phase| simulation.step_rooms(phase));
    simulation.flush();
}

#[tokio::test]
async fn a_player_gets_welcome_roster_and_then_frames_at_the_rate_of_the_room() {
    for (rate, every_ticks) in [(StateRate::Hz20, 3), (StateRate::Hz30, 2)] {
        let (mut simulation, mut gateway) = (simulation_at(rate, None, &[ROOM.0]), Gateway::new(1));
        simulation.board.mailbox(0).put(gateway.join(5, 1, Pool::Public));
        (0..2 * every_ticks).for_each(|_| tick(&mut simulation));
        let RoomToGateway::Joined { session, .. } = gateway.next().await else { panic!("not joined") };
        assert_eq!(session, SessionId(5));
        assert!(matches!(gateway.next().await, RoomToGateway::Roster { .. }));
        let mut ticks = Vec::new();
        while ticks.len() < 2 {
            if let RoomToGateway::Frame { frame, .. } = gateway.next().await {
                ticks.push(frame.tick);
            }
        }
        assert_eq!(ticks[1] - ticks[0], every_ticks);
    }
}

#[tokio::test]
async fn pools_do_not_mix() {
    let (mut simulation, mut gateway) = (simulation(&[ROOM.0]), Gateway::new(1));
    simulation.board.mailbox(0).put(gateway.join(5, 1, Pool::Bots));
    tick(&mut simulation);
    let refused = RoomToGateway::Refused { session: SessionId(5), refusal: JoinRefusal::WrongPool };
    assert_eq!(gateway.next().await, refused);
    assert!(simulation.seats.is_empty());
}

#[tokio::test]
async fn a_second_connection_of_a_player_takes_the_seat() {
    let mut simulation = simulation(&[ROOM.0]);
    let (mut old, new) = (Gateway::new(1), Gateway::new(2));
    simulation.board.mailbox(0).put(old.join(1, 99, Pool::Public));
    tick(&mut simulation);
    simulation.board.mailbox(0).put(new.join(1, 99, Pool::Public));
    tick(&mut simulation);
    let told = loop {
        if let RoomToGateway::Replaced { session, .. } = old.next().await {
            break session;
        }
    };
    assert_eq!(told, SessionId(1));
    // The old connection's Leave comes late and must not take the seat from the new one.
    simulation.board.mailbox(0).put(Mail::Leave { seat: old.seat(1), on_purpose: true });
    tick(&mut simulation);
    assert_eq!(simulation.rooms[&ROOM].room.humans(), [PlayerId(99)]);
}

#[tokio::test]
async fn a_lost_link_holds_the_seats_and_is_forgotten() {
    let (mut simulation, gateway) = (simulation(&[ROOM.0]), Gateway::new(1));
    simulation.board.mailbox(0).put(gateway.join(1, 99, Pool::Public));
    tick(&mut simulation);
    gateway.to_here.close();
    tick(&mut simulation);
    assert!(simulation.seats.is_empty());
    assert_eq!(simulation.rooms[&ROOM].room.humans(), [PlayerId(99)]);
}

/// Ten people who run, shoot and are heard of over a link.
fn crowd(simulation: &mut Simulation, gateway: &Gateway) {
    for session in 0..10 {
        simulation.board.mailbox(0).put(gateway.join(session, 100 + u64::from(session), Pool::Public));
    }
    tick(simulation);
}

fn crowd_inputs(simulation: &mut Simulation, gateway: &Gateway) {
    let next = simulation.rooms[&ROOM].room.tick() + 1;
    for session in 0..10 {
        let aim = next.wrapping_mul(3).wrapping_add(session * 25) as u8;
        let input = PlayerInput { move_x: aim as i8, move_y: aim.wrapping_mul(2) as i8, aim, buttons: 1 };
        let mail = Mail::Input { seat: gateway.seat(session), first_tick: next, inputs: vec![input, input] };
        simulation.board.mailbox(0).put(mail);
    }
}

#[tokio::test]
async fn understudies_live_through_the_same_as_their_room() {
    let (mut simulation, gateway) = (simulation(&[]), Gateway::new(1));
    let mut room = HostedRoom::new(&settings(ROOM, StateRate::default()));
    room.rehearse(2);
    simulation.rooms.insert(ROOM, room);
    simulation.phases[0].rooms.push(ROOM);
    crowd(&mut simulation, &gateway);
    for round in 0..300 {
        crowd_inputs(&mut simulation, &gateway);
        if round == 200 {
            let leave = Mail::Leave { seat: gateway.seat(3), on_purpose: true };
            simulation.board.mailbox(0).put(leave);
        }
        tick(&mut simulation);
    }
    let room = &simulation.rooms[&ROOM];
    assert_eq!(room.room.human_count(), 9);
    assert_eq!(room.understudy_hashes(), [room.room.hash(); 2]);
}

#[tokio::test]
async fn a_steady_tick_takes_no_memory() {
    const MEASURED_WAKES: u32 = 600;
    /// What a tick takes is taken hundreds of times. On a busy machine a buffer also grows now and then, while the thread
    /// that empties it waits for its turn.
    const GROWTHS_MAX: u64 = 10;
    let folder = tempfile::tempdir().unwrap();
    let options = ArchiveOptions { folder: folder.path().to_owned(), files_max: 10 };
    let (archive, _writer) = Archive::start(options).unwrap();
    let (mut simulation, mut gateway) = (simulation_with(Some(archive), &[ROOM.0]), Gateway::new(1));
    crowd(&mut simulation, &gateway);
    // The writer of the link and the thread of the log need their turn, as in a real tick.
    let reader = tokio::spawn(async move { while gateway.from_host.next().await.is_ok() {} });
    let gateway = Gateway { link: LinkId(1), ..Gateway::new(1) };
    let (mut taken, mut counts) = (0, ThreadCounts::default());
    for wake in 0..2 * MEASURED_WAKES {
        crowd_inputs(&mut simulation, &gateway);
        let phase = wake as usize % PHASES;
        let measured = allocation_counter::measure(|| simulation.wake(phase, Instant::now()));
        if wake >= MEASURED_WAKES {
            taken += measured.count_total;
        }
        // What the heartbeat does on a thread of its own.
        simulation.board.take_counts(0, &mut counts);
        counts.wakes.clear();
        tokio::task::yield_now().await;
    }
    assert!(simulation.rooms[&ROOM].room.human_count() == 10 && !simulation.rooms[&ROOM].room.is_closed());
    assert!(taken <= GROWTHS_MAX, "{taken} allocations in {MEASURED_WAKES} wake-ups");
    reader.abort();
}

#[tokio::test]
async fn rooms_spread_over_the_phases_of_a_tick() {
    let mut simulation = simulation(&[1, 2, 3, 4, 5, 6, 7, 8]);
    simulation.read_mail();
    for phase in &simulation.phases {
        assert_eq!(phase.rooms.len(), 2);
    }
    let first = simulation.phases[0].clock.next();
    for (number, phase) in (0..).zip(&simulation.phases) {
        assert_eq!(phase.clock.next() - first, TICK * number / PHASES as u32);
    }
}

#[tokio::test]
async fn each_tick_of_each_room_has_its_cost_told() {
    let mut simulation = simulation(&[1, 2]);
    (0..10).for_each(|_| tick(&mut simulation));
    simulation.report();
    let report = simulation.board.report();
    assert_eq!(report.rooms.len(), 2);
    assert!(report.room_cost_p50_us >= 1 && report.room_cost_p50_us <= report.room_cost_p99_us);
}

#[tokio::test]
async fn a_panic_in_the_game_ends_one_room_with_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let options = ArchiveOptions { folder: folder.path().to_owned(), files_max: 10 };
    let (archive, writer) = Archive::start(options).unwrap();
    let mut simulation = simulation_with(Some(archive), &[ROOM.0, 8]);
    let mut gateway = Gateway::new(1);
    simulation.board.mailbox(0).put(gateway.join(1, 99, Pool::Public));
    (0..5).for_each(|_| tick(&mut simulation));
    let outcome: Option<()> = simulation.with_room(ROOM, |_, _| panic!("a bug in the game"));
    assert!(outcome.is_none());
    tick(&mut simulation);
    let results = loop {
        if let RoomToGateway::Over { results, .. } = gateway.next().await {
            break results;
        }
    };
    assert!(results.iter().any(|line| line.player == PlayerId(99)));
    assert_eq!(gateway.next().await, RoomToGateway::Closed { room: ROOM });
    assert!(simulation.rooms.contains_key(&RoomId(8)) && simulation.board.rooms_open() == 1);
    drop(simulation);
    writer.join().unwrap();
    let ends = std::fs::read_dir(folder.path()).unwrap().map(|file| {
        let log = decode_log(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        (log.settings.room, log.entries.last().cloned())
    });
    let end = ends.into_iter().find(|(room, _)| *room == ROOM).unwrap().1;
    assert_eq!(end, Some(Entry::End(Ending::Panicked)));
}

#[tokio::test]
async fn a_panic_ends_one_room_and_no_other() {
    let (mut simulation, mut gateway) = (simulation(&[ROOM.0, 8]), Gateway::new(1));
    simulation.board.mailbox(0).put(gateway.join(1, 99, Pool::Public));
    tick(&mut simulation);
    let outcome: Option<()> = simulation.with_room(ROOM, |_, _| panic!("a bug in the game"));
    assert!(outcome.is_none());
    tick(&mut simulation);
    assert_eq!(simulation.board.rooms_open(), 1);
    assert!(simulation.rooms.contains_key(&RoomId(8)));
    while gateway.next().await != (RoomToGateway::Closed { room: ROOM }) {}
}

#[tokio::test]
async fn a_drain_closes_rooms_without_people_at_once() {
    let (mut simulation, gateway) = (simulation(&[ROOM.0, 8]), Gateway::new(1));
    simulation.board.mailbox(0).put(gateway.join(1, 99, Pool::Public));
    simulation.board.mailbox(0).put(Mail::Drain);
    tick(&mut simulation);
    assert_eq!(simulation.board.thread_of(ROOM), Some(0));
    assert_eq!(simulation.board.rooms_open(), 1);
}

#[tokio::test]
async fn ending_all_tells_the_score_and_closes() {
    let (mut simulation, mut gateway) = (simulation(&[ROOM.0]), Gateway::new(1));
    simulation.board.mailbox(0).put(gateway.join(1, 99, Pool::Public));
    tick(&mut simulation);
    simulation.board.mailbox(0).put(Mail::EndAll);
    tick(&mut simulation);
    while !matches!(gateway.next().await, RoomToGateway::Over { .. }) {}
    assert_eq!(gateway.next().await, RoomToGateway::Closed { room: ROOM });
    assert_eq!(simulation.board.rooms_open(), 0);
}
