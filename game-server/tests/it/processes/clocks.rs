//! Clocks of machines that differ: a ticket that is refused for that says so.

use std::time::{SystemTime, UNIX_EPOCH};

use game_server::domain::{PlayerId, RoomId};
use game_server::net::bus::{Bus, User};
use game_server::protocol::bus::{SUBJECT_SEAT, SeatReply, SeatRequest, TicketClaims};
use game_server::protocol::client::{CLIENT_PROTOCOL_VERSION, ErrorCode, ServerMessage};
use game_server::protocol::ticket::TicketKey;
use serde_json::json;

use crate::harness::player::{Player, Socket};
use crate::harness::process::{Process, free_address};
use crate::harness::servers::{LINK_SECRET, start_nats};
use crate::harness::within_limit;

const SECRET: &str = "a secret of the tests only";
/// As a lobby would say it whose clock is ten minutes behind.
const BEHIND_S: u64 = 600;

fn ticket() -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    TicketKey::new(SECRET.as_bytes()).sign(&TicketClaims {
        player: PlayerId(1),
        name: "Ann".to_owned(),
        room: RoomId(1),
        expires_s: now_s - BEHIND_S,
        address: None,
    })
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn a_ticket_that_ran_out_says_so_and_a_new_one_says_that_clocks_differ() {
    let folder = tempfile::tempdir().expect("a folder");
    let (nats, listen, admin) = (free_address(), free_address(), free_address());
    let _server = start_nats(nats, &folder).await;
    let line =
        format!("gateway --nats-url nats://{nats} --listen {listen} --admin-listen {admin} --ticket-secret");
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    words.extend([SECRET, "--link-secret", LINK_SECRET].map(str::to_owned));
    let mut gateway = Process::role("gateway", &words, folder.path());
    gateway.until_ready(admin).await;

    let (url, user) = (format!("nats://{nats}"), User { name: "lobby", password: None });
    let bus = within_limit("a bus", Bus::connect(&url, "lobby", &user)).await.expect("a bus");
    let mut requests = bus.serve(SUBJECT_SEAT, "lobby").await.expect("served");
    tokio::spawn(async move {
        while let Some((_, responder)) = requests.next::<SeatRequest>().await {
            responder.reply(&SeatReply::Seated { ticket: ticket() }).await;
        }
    });
    let mut lobby = Socket::open(listen, "/lobby").await;
    let play =
        json!({"type": "play", "key": "the secret key of ann", "name": "Ann", "party": "", "pool": "public"});
    lobby.send_json(play).await;
    let refused = lobby.until_json("a refusal", |value| value["type"] == "error").await;
    let message = refused["message"].as_str().expect("a text");
    assert_eq!(refused["code"], "clocks", "{refused}");
    assert!(message.contains("clocks differ") && message.contains("timedatectl"), "{message}");
    assert!(gateway.log().contains("clocks differ"));

    let refused = Player::try_enter(listen, &ticket(), CLIENT_PROTOCOL_VERSION).await.err().flatten();
    let expected = ServerMessage::Error { code: ErrorCode::Ticket, message: "ticket_expired".to_owned() };
    assert_eq!(refused, Some(expected));
}
