//! `game-server all` with nothing else installed.

use game_server::domain::{PlayerInput, Slot};
use game_server::protocol::client::{ErrorCode, ServerMessage, decode_server};
use serde_json::{Value, json};

use crate::harness::http::{get, metric};
use crate::harness::player::{Player, Socket, chat, seat};
use crate::harness::servers::{All, until_ranked};
use crate::harness::{LIMIT, eventually};

const ANN: &str = "the secret key of ann";
const BEN: &str = "the secret key of ben";
const CLEO: &str = "the secret key of cleo";
/// Longer than any test.
const LONG_MATCH_S: u32 = 300;
/// The shortest that the command line takes.
const SHORT_MATCH_S: u32 = 5;
const FULL_SPEED: i8 = 127;

fn is_line(text: &str) -> impl Fn(&Value) -> bool {
    move |value| value["type"] == "line" && value["text"] == text
}

/// Each of the four directions once, since a wall or the edge may be beside the spawn point.
async fn walk_until_seen(walker: &mut Player, watcher: &mut Player) {
    let slot = walker.welcome.slot;
    watcher.until("the other is in a frame", |watcher| watcher.sees(slot).is_some()).await;
    let before = watcher.sees(slot).expect("just seen");
    for (move_x, move_y) in [(FULL_SPEED, 0), (-FULL_SPEED, 0), (0, FULL_SPEED), (0, -FULL_SPEED)] {
        walker.input = PlayerInput { move_x, move_y, ..PlayerInput::default() };
        let until = walker.states + 10;
        walker.until("half a second of play", |walker| walker.states >= until).await;
    }
    walker.input = PlayerInput::default();
    watcher
        .until("the other has moved", |watcher| {
            watcher.sees(slot).is_some_and(|now| (now.x, now.y) != (before.x, before.y))
        })
        .await;
}

#[tokio::test]
async fn it_serves_the_page() {
    let server = All::start(LONG_MATCH_S).await;
    let (status, page) = get(server.gateway, "/").await.expect("a page");
    assert_eq!(status, 200);
    assert!(page.contains("<html"), "{page}");
    assert_eq!(get(server.gateway, "/nothing-here").await.expect("an answer").0, 404);
}

#[tokio::test]
async fn two_players_meet_in_a_room_and_one_sees_the_other_move() {
    let server = All::start(LONG_MATCH_S).await;
    let (seat_of_ann, seat_of_ben) =
        tokio::join!(seat(server.gateway, ANN, "Ann"), seat(server.gateway, BEN, "Ben"));
    assert_eq!(seat_of_ann.room, seat_of_ben.room);
    let mut ann = Player::enter(server.gateway, &seat_of_ann.ticket).await;
    let mut ben = Player::enter(server.gateway, &seat_of_ben.ticket).await;
    assert_ne!(ann.welcome.slot, ben.welcome.slot);
    ann.until("both names are on the roster", |ann| {
        ["Ann", "Ben"].iter().all(|name| ann.roster.iter().any(|entry| entry.name == *name))
    })
    .await;
    walk_until_seen(&mut ann, &mut ben).await;
}

#[tokio::test]
async fn a_player_who_comes_back_gets_the_same_seat() {
    let server = All::start(LONG_MATCH_S).await;
    let first = seat(server.gateway, ANN, "Ann").await;
    let mut ann = Player::enter(server.gateway, &first.ticket).await;
    ann.until("a state", |ann| ann.states > 0).await;
    let slot: Slot = ann.welcome.slot;
    drop(ann);
    let again = Player::enter(server.gateway, &first.ticket).await;
    assert_eq!(again.welcome.slot, slot);
    assert_eq!(seat(server.gateway, ANN, "Ann").await.room, first.room);
}

#[tokio::test]
async fn a_chat_line_reaches_the_others_in_the_room_and_those_who_come_later() {
    let server = All::start(LONG_MATCH_S).await;
    let seat_of_ann = seat(server.gateway, ANN, "Ann").await;
    let room = format!("room:{}", seat_of_ann.room);
    let mut ann = chat(server.gateway, ANN, &seat_of_ann).await;
    let mut ben = chat(server.gateway, BEN, &seat(server.gateway, BEN, "Ben").await).await;
    // On one bus what is said first is heard by whoever has joined by then, or is in the history.
    ann.send_json(json!({"type": "say", "channel": room, "text": "hello\u{7} room"})).await;
    let line = ben.until_json("the line", is_line("hello room")).await;
    assert_eq!((&line["name"], &line["channel"]), (&json!("Ann"), &json!(room)));
    let seat_of_cleo = seat(server.gateway, CLEO, "Cleo").await;
    assert_eq!(seat_of_cleo.room, seat_of_ann.room);
    let mut late = chat(server.gateway, CLEO, &seat_of_cleo).await;
    late.until_json("the history", is_line("hello room")).await;
}

#[tokio::test]
async fn garbage_on_the_room_socket_gets_an_error_is_counted_and_harms_nobody() {
    let mut server = All::start(LONG_MATCH_S).await;
    let mut ann = Player::join(server.gateway, ANN, "Ann").await;
    for garbage in [vec![], vec![0xff; 64], vec![1], vec![2, 0, 0]] {
        let mut socket = Socket::open(server.gateway, "/room").await;
        socket.send_bytes(garbage).await;
        let answer = socket.next_bytes().await.expect("an error before the end");
        let ServerMessage::Error { code, .. } = decode_server(&answer).expect("a readable answer") else {
            panic!("not an error: {answer:?}");
        };
        assert_eq!(code, ErrorCode::Malformed);
    }
    assert!(metric(server.admin, "game_refused_total").await >= 4.0);
    let mut ben = Player::join(server.gateway, BEN, "Ben").await;
    ben.send_bytes(vec![0xff; 64]).await;
    ben.until("the error", |ben| ben.error == Some(ErrorCode::Malformed)).await;
    assert!(metric(server.admin, "game_malformed_total").await >= 1.0);
    let until = ann.states + 5;
    ann.until("play goes on", |ann| ann.states >= until).await;
    assert!(server.process.is_running());
}

#[tokio::test]
async fn a_forged_ticket_is_refused() {
    let server = All::start(LONG_MATCH_S).await;
    let real = seat(server.gateway, ANN, "Ann").await.ticket;
    let (claims, signature) = real.split_once('.').expect("two parts");
    let forged = format!("{claims}x.{signature}");
    let mut socket = Socket::open(server.gateway, "/room").await;
    let hello = game_server::protocol::client::ClientMessage::Hello {
        version: game_server::protocol::client::CLIENT_PROTOCOL_VERSION,
        ticket: forged,
    };
    socket.send_bytes(game_server::protocol::client::encode_client(&hello)).await;
    let answer = socket.next_bytes().await.expect("an error before the end");
    let answer = decode_server(&answer).expect("a readable answer");
    assert!(matches!(answer, ServerMessage::Error { code: ErrorCode::Ticket, .. }), "{answer:?}");
}

#[tokio::test]
async fn a_match_ends_with_a_score_board_and_is_ranked_for_good() {
    let server = All::start(SHORT_MATCH_S).await;
    let (mut ann, mut ben) =
        tokio::join!(Player::join(server.gateway, ANN, "Ann"), Player::join(server.gateway, BEN, "Ben"));
    assert_eq!(ann.welcome.room, ben.welcome.room);
    tokio::join!(
        ann.until("the end", |ann| ann.over.is_some()),
        ben.until("the end", |ben| ben.over.is_some())
    );
    let board = ann.over.take().expect("a score board");
    assert_eq!(board.iter().filter(|line| !line.bot).count(), 2, "{board:?}");
    let ranking = until_ranked(server.gateway, &["Ann", "Ben"]).await;
    for row in ranking["top"].as_array().expect("rows") {
        assert_eq!(row["matches"], 1);
        assert!(row["player"].is_string() && row["rating"].is_number(), "{row}");
    }
    let restarted = server.restart(SHORT_MATCH_S).await;
    assert_eq!(until_ranked(restarted.gateway, &["Ann", "Ben"]).await, ranking);
}

#[tokio::test]
async fn sigterm_ends_it_quickly_with_exit_code_0() {
    let mut server = All::start(LONG_MATCH_S).await;
    let asked_at = std::time::Instant::now();
    let status = server.process.terminate().await;
    assert_eq!(status.code(), Some(0));
    assert!(asked_at.elapsed() < LIMIT / 20, "{:?}", asked_at.elapsed());
}

#[tokio::test]
async fn a_second_sigterm_does_not_wait_for_the_match() {
    let mut server = All::start(LONG_MATCH_S).await;
    let mut ann = Player::join(server.gateway, ANN, "Ann").await;
    ann.until("a state", |ann| ann.states > 0).await;
    let admin = server.admin;
    assert!(get(admin, "/readyz").await.is_some_and(|(status, _)| status == 200));
    server.process.signal();
    eventually("it is not ready any more", async || {
        get(admin, "/readyz").await.is_none_or(|(status, _)| status == 503).then_some(())
    })
    .await;
    assert_eq!(server.process.terminate().await.code(), Some(0));
}
