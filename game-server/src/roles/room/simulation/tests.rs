//! One simulation thread without the thread: mail in, frames out.

use std::sync::Arc;

use tokio::io::{DuplexStream, duplex};

use super::Simulation;
use crate::domain::{MatchSettings, PlayerId, Pool, RoomId, STATE_EVERY_TICKS};
use crate::net::bus::Bus;
use crate::net::link::{self, FrameReceiver, FrameSender};
use crate::protocol::link::{JoinRefusal, RoomToGateway, SessionId, decode_room};
use crate::protocol::version::Protocols;
use crate::roles::room::RoomOptions;
use crate::roles::room::board::Board;
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
    let board = Arc::new(Board::new(RoomOptions {
        host: "room-0".to_string(),
        node: "here".to_string(),
        link_address: "127.0.0.1:7000".to_string(),
        protocols: Protocols::default(),
        threads: 1,
        rooms_max: 10,
    }));
    for room in rooms {
        let settings = MatchSettings {
            room: RoomId(*room),
            seed: 1,
            pool: Pool::Public,
            match_ticks: 600,
            fill_to_players: 2,
        };
        board.open(settings).unwrap();
    }
    Simulation::new(0, board, Results::start(Bus::local()))
}

fn tick(simulation: &mut Simulation) {
    simulation.read_mail();
    simulation.step_rooms();
    simulation.flush();
}

#[tokio::test]
async fn a_player_gets_welcome_roster_and_then_every_third_tick_a_frame() {
    let (mut simulation, mut gateway) = (simulation(&[ROOM.0]), Gateway::new(1));
    simulation.board.mailbox(0).put(gateway.join(5, 1, Pool::Public));
    (0..2 * STATE_EVERY_TICKS).for_each(|_| tick(&mut simulation));
    let RoomToGateway::Joined { session, .. } = gateway.next().await else { panic!("not joined") };
    assert_eq!(session, SessionId(5));
    assert!(matches!(gateway.next().await, RoomToGateway::Roster { .. }));
    let mut ticks = Vec::new();
    while ticks.len() < 2 {
        if let RoomToGateway::Frame { frame, .. } = gateway.next().await {
            ticks.push(frame.tick);
        }
    }
    assert_eq!(ticks[1] - ticks[0], STATE_EVERY_TICKS);
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
