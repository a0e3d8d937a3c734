//! Builds N and N + 1 side by side in one process: the match goes on whichever end of a link or a page is the newer.
//!
//! A raised build is this one with raised version numbers, and on links a relay that adds what a newer build may:
//! fields at the end of every message, and messages of a kind that nobody knows yet.

mod newer_link;

use std::net::SocketAddr;
use std::time::Duration;

use game_server::domain::{Mode, StateRate};
use game_server::net::admin::Readiness;
use game_server::net::bus::Bus;
use game_server::net::requirement::Requirement;
use game_server::net::shutdown::Shutdown;
use game_server::protocol::client::{
    CLIENT_PROTOCOL_VERSION, ClientMessage, ErrorCode, ServerMessage, decode_server, encode_client,
};
use game_server::protocol::proof::LinkKey;
use game_server::protocol::ticket::TicketKey;
use game_server::protocol::version::Protocols;
use game_server::roles::gateway::{self, GatewayOptions, PortOptions};
use game_server::roles::lobby::{self, LobbyOptions};
use game_server::roles::room::{self, RoomOptions};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::eventually;
use crate::harness::player::{Player, Socket, seat};
use newer_link::Newer;

const OLD: u8 = CLIENT_PROTOCOL_VERSION;
const NEW: u8 = OLD + 1;
const MATCH_S: u32 = 120;
/// A second of play.
const STATES: u64 = 20;

/// Room host, lobby and gateway, each of the version that a test gives it.
struct Mixed {
    gateway: SocketAddr,
    _roles: JoinSet<anyhow::Result<()>>,
}

impl Mixed {
    async fn start(room: Protocols, gateway: Protocols) -> Mixed {
        let (bus, shutdown, ready) = (Bus::local(), Shutdown::new(), Readiness::default());
        let ticket_key = TicketKey::new(b"a secret of the tests only");
        let link_key = LinkKey::new(b"another secret of the tests");
        let (links, players) = (listen().await, listen().await);
        let newer = if room.link.newest > gateway.link.newest { Newer::Host } else { Newer::Gateway };
        let relay = newer_link::start(links.local_addr().expect("an address"), newer).await;
        let room_options = RoomOptions {
            host: "room-0".to_owned(),
            node: "here".to_owned(),
            link_address: relay.to_string(),
            protocols: room,
            link_key: link_key.clone(),
            requirement: Requirement::default(),
            threads: 1,
            rooms_max: 2,
            understudies: 0,
            replays: None,
        };
        let lobby_options = LobbyOptions {
            ticket_key: ticket_key.clone(),
            requirement: Requirement::default(),
            match_s: MATCH_S,
            fill_to_players: 2,
            mode: Mode::default(),
            state_rate: StateRate::default(),
            seat_hold_s: 30,
        };
        let gateway_options = GatewayOptions {
            ticket_key,
            link_key,
            requirement: Requirement::default(),
            name: "gateway-0".to_owned(),
            protocols: gateway,
            allowed_origins: Vec::new(),
            accept_while_draining: Duration::ZERO,
            web_dir: None,
            port: PortOptions::default(),
        };
        let address = players.local_addr().expect("an address");
        let mut roles = JoinSet::new();
        roles.spawn(room::run(links, bus.clone(), room_options, ready.part(), shutdown.clone()));
        roles.spawn(lobby::run(bus.clone(), lobby_options, ready.part(), shutdown.clone()));
        roles.spawn(gateway::run(players, bus, gateway_options, ready.part(), shutdown));
        ready.set(true);
        eventually("all roles are ready", async || ready.get().then_some(())).await;
        Mixed { gateway: address, _roles: roles }
    }

    async fn enter(&self, name: &str, version: u8) -> Player {
        let seat = seat(self.gateway, &format!("the secret key of {name}"), name).await;
        Player::enter_as(self.gateway, &seat.ticket, version).await
    }
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

async fn plays_on(player: &mut Player, what: &str) {
    let until = player.states + STATES;
    player.until(what, |player| player.states >= until).await;
}

/// Two pages of different versions in one match, for a while.
async fn old_and_new_pages_play(mixed: &Mixed) -> (Player, Player) {
    let (mut old, mut new) = (mixed.enter("old", OLD).await, mixed.enter("new", NEW).await);
    assert_eq!(old.welcome.room, new.welcome.room);
    let slot = new.welcome.slot;
    old.until("the other page's player", |old| old.sees(slot).is_some()).await;
    plays_on(&mut old, "the old page plays").await;
    plays_on(&mut new, "the new page plays").await;
    (old, new)
}

#[tokio::test]
async fn a_newer_room_host_serves_an_older_gateway() {
    let mixed = Mixed::start(Protocols::ahead_by(1), Protocols::default()).await;
    let (old, new) = old_and_new_pages_play(&mixed).await;
    assert_eq!((old.version, new.version), (OLD, OLD), "a newer page is told to speak the gateway's version");
}

#[tokio::test]
async fn a_newer_gateway_serves_older_pages_from_an_older_room_host() {
    let mixed = Mixed::start(Protocols::default(), Protocols::ahead_by(1)).await;
    let (old, new) = old_and_new_pages_play(&mixed).await;
    assert_eq!((old.version, new.version), (OLD, NEW));
}

#[tokio::test]
async fn what_a_newer_page_says_besides_harms_nothing() {
    let mixed = Mixed::start(Protocols::default(), Protocols::default()).await;
    let mut new = mixed.enter("new", NEW).await;
    new.send_bytes(vec![200, 1, 2, 3]).await;
    plays_on(&mut new, "a newer page plays on").await;
    let mut old = mixed.enter("old", OLD).await;
    old.send_bytes(vec![200, 1, 2, 3]).await;
    old.until("a page of this version has no such excuse", |old| old.error == Some(ErrorCode::Malformed))
        .await;
}

/// Rosters were told as a whole up to version 1.
#[tokio::test]
async fn pages_of_this_version_and_the_one_before_know_the_same_names() {
    let mixed = Mixed::start(Protocols::default(), Protocols::default()).await;
    let (mut old, mut new) = (mixed.enter("old", OLD - 1).await, mixed.enter("new", OLD).await);
    assert_eq!((old.version, new.version, old.welcome.room), (OLD - 1, OLD, new.welcome.room));
    let knows_both = |player: &Player| ["old", "new"].iter().all(|name| knows(player, name));
    old.until("the old page knows both", knows_both).await;
    new.until("the new page knows both", knows_both).await;
    new.leave().await;
    old.until("the old page knows who has left", |old| !knows(old, "new")).await;
    let mut new = mixed.enter("newer", OLD).await;
    new.until("the new page knows both", |new| knows(new, "old") && knows(new, "newer")).await;
    old.until("the old page knows the next", |old| knows(old, "newer")).await;
    assert!(old.whole_rosters > 0 && new.whole_rosters == 0);
}

fn knows(player: &Player, name: &str) -> bool {
    player.roster.iter().any(|entry| entry.name == name)
}

#[tokio::test]
async fn pages_and_gateways_two_versions_apart_are_told_so() {
    let mixed = Mixed::start(Protocols::ahead_by(2), Protocols::ahead_by(2)).await;
    let seat = seat(mixed.gateway, "the secret key of old", "old").await;
    let mut socket = Socket::open(mixed.gateway, "/room").await;
    socket.send_bytes(encode_client(&ClientMessage::Hello { version: OLD, ticket: seat.ticket })).await;
    let answer = socket.next_bytes().await.expect("an error before the end");
    let answer = decode_server(&answer).expect("a readable answer");
    assert!(matches!(answer, ServerMessage::Error { code: ErrorCode::Version, .. }), "{answer:?}");
}

#[tokio::test]
async fn a_link_two_versions_apart_is_refused() {
    let mixed = Mixed::start(Protocols::ahead_by(2), Protocols::default()).await;
    let seat = seat(mixed.gateway, "the secret key of old", "old").await;
    let mut socket = Socket::open(mixed.gateway, "/room").await;
    socket.send_bytes(encode_client(&ClientMessage::Hello { version: OLD, ticket: seat.ticket })).await;
    let answer = socket.next_bytes().await.expect("an error before the end");
    let answer = decode_server(&answer).expect("a readable answer");
    assert!(matches!(answer, ServerMessage::Error { code: ErrorCode::Unreachable, .. }), "{answer:?}");
}
