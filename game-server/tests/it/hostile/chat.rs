//! `/chat` under attack: one socket is one person, rooms are for who sits there, floods stop, commands stay private.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::harness::TURN;
use crate::harness::http::refused;
use crate::harness::player::{Seat, Socket, chat, seat};
use crate::harness::servers::All;
use crate::hostile::{LONG_MATCH_S, attacked};

const ANN: &str = "the secret key of ann";
const BEN: &str = "the secret key of ben";
const EVE: &str = "the secret key of eve";
/// What chat takes of one player, and of everybody together on one channel, within [`WINDOW`].
const LINES_OF_ONE: usize = 5;
const LINES_OF_ALL: usize = 50;
const WINDOW: Duration = Duration::from_secs(8);
/// What a gateway takes of one address.
const BURST_OF_AN_ADDRESS: f64 = 25.0;
const LINES_A_SECOND_OF_AN_ADDRESS: f64 = 2.5;
const CROWD_OF_AN_ADDRESS: usize = 20;
/// People with a seat each, all from one address.
const CROWD: usize = 30;
/// As many as the rate of messages lets through at once, after a hello and a join.
const CHANNELS_OF_A_SOCKET: usize = 28;
/// Nothing is heard for so long: what was sent before has arrived, or it never will.
const QUIET: Duration = Duration::from_millis(1_500);

async fn refusal(socket: &mut Socket) -> Value {
    socket.until_json("a refusal", |value| value["type"] == "refused").await["reason"].clone()
}

async fn say(socket: &mut Socket, channel: &str, text: &str) {
    socket.send_json(json!({"type": "say", "channel": channel, "text": text})).await;
}

fn is_line(value: &Value) -> bool {
    value["type"] == "line"
}

/// Lines until nothing comes for a while.
async fn lines_heard(socket: &mut Socket) -> Vec<Value> {
    let mut heard = Vec::new();
    while let Ok(line) = timeout(QUIET, socket.until_json("a line", is_line)).await {
        heard.push(line);
    }
    heard
}

fn channel_of(seat: &Seat) -> String {
    format!("room:{}", seat.room)
}

#[tokio::test]
async fn one_socket_is_one_person_under_the_name_of_the_seat() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let seat_of_eve = seat(server.gateway, EVE, "Eve").await;
    let mut eve = Socket::open(server.gateway, "/chat").await;
    eve.send_json(json!({"type": "hello", "key": EVE, "name": "admin"})).await;
    let first = eve.until_json("a greeting", |value| value["type"] == "hello").await;
    say(&mut eve, "global", "I have no name yet").await;
    assert_eq!(refusal(&mut eve).await, "seat");
    let join = json!({"type": "join", "channel": channel_of(&seat_of_eve), "ticket": seat_of_eve.ticket});
    eve.send_json(join).await;
    let mut accepted = 0;
    for number in 0..2 * LINES_OF_ONE {
        let key = format!("another secret key, number {number}");
        eve.send_json(json!({"type": "hello", "key": key, "name": "Ann"})).await;
        assert_eq!(refusal(&mut eve).await, "identity");
        say(&mut eve, "global", &format!("line {number}")).await;
        let answer = eve.until_json("an answer", |value| is_line(value) || value["type"] == "refused").await;
        if is_line(&answer) {
            assert_eq!((&answer["player"], &answer["name"]), (&first["player"], &json!("Eve")));
            accepted += 1;
        } else {
            assert_eq!(answer["reason"], "flood");
        }
    }
    assert!(accepted >= LINES_OF_ONE, "{accepted} lines of somebody who may talk");
    assert!(accepted < 2 * LINES_OF_ONE, "{accepted} lines of one socket");
}

#[tokio::test]
async fn a_room_is_heard_and_spoken_to_by_who_has_a_seat_there() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let seat_of_ann = seat(server.gateway, ANN, "Ann").await;
    let room = channel_of(&seat_of_ann);
    let mut ann = chat(server.gateway, ANN, &seat_of_ann).await;
    let mut eve = Socket::open(server.gateway, "/chat").await;
    eve.send_json(json!({"type": "hello", "key": EVE})).await;
    eve.until_json("a greeting", |value| value["type"] == "hello").await;
    let forged = seat_of_ann.ticket.replace('.', "x.");
    for (ticket, reason) in [
        (Value::Null, "seat"),
        (json!(seat_of_ann.ticket), "ticket"),
        (json!(forged), "ticket"),
        (json!(""), "ticket"),
        (json!("x".repeat(2_000)), "ticket"),
    ] {
        eve.send_json(json!({"type": "join", "channel": room, "ticket": ticket})).await;
        assert_eq!(refusal(&mut eve).await, reason, "{ticket}");
    }
    // An own ticket opens its own room only.
    let seat_of_eve = seat(server.gateway, EVE, "Eve").await;
    for channel in ["room:1", "room:01", "room:-1", "room:", "whisper:1", "admin", "global:1"] {
        eve.send_json(json!({"type": "join", "channel": channel, "ticket": seat_of_eve.ticket})).await;
        let reason = refusal(&mut eve).await;
        assert!(reason == "ticket" || reason == "channel", "{channel}: {reason}");
    }
    say(&mut eve, &room, "let me in").await;
    assert_eq!(refusal(&mut eve).await, "seat");
    say(&mut ann, &room, "among us").await;
    ann.until_json("the own line", |value| value["text"] == "among us").await;
    assert_eq!(lines_heard(&mut eve).await, Vec::<Value>::new());
    assert_eq!(lines_heard(&mut ann).await, Vec::<Value>::new());
    // The same with a seat.
    assert_eq!(seat_of_eve.room, seat_of_ann.room);
    eve.send_json(json!({"type": "join", "channel": room, "ticket": seat_of_eve.ticket})).await;
    let told = eve.until_json("what was said before", is_line).await;
    assert_eq!((&told["text"], &told["name"]), (&json!("among us"), &json!("Ann")));
}

#[tokio::test]
async fn what_begins_as_a_command_is_answered_privately_and_never_published() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let seat_of_ann = seat(server.gateway, ANN, "Ann").await;
    let room = channel_of(&seat_of_ann);
    let mut ann = chat(server.gateway, ANN, &seat_of_ann).await;
    let mut ben = chat(server.gateway, BEN, &seat(server.gateway, BEN, "Ben").await).await;
    for text in ["/login hunter2", "/", "  /w Ben secret", "\u{200b}/me", "／w Ben secret"] {
        for channel in ["global", &room] {
            say(&mut ann, channel, text).await;
            assert_eq!(refusal(&mut ann).await, "command", "{text:?}");
        }
    }
    let ben_id = ben_id(&server).await;
    ann.send_json(json!({"type": "whisper", "to": ben_id, "text": "/kick"})).await;
    assert_eq!(refusal(&mut ann).await, "command");
    say(&mut ann, &room, "1/2").await;
    let heard: Vec<Value> = lines_heard(&mut ben).await.iter().map(|line| line["text"].clone()).collect();
    assert_eq!(heard, ["1/2"]);
}

async fn ben_id(server: &All) -> Value {
    let mut socket = Socket::open(server.gateway, "/chat").await;
    socket.send_json(json!({"type": "hello", "key": BEN})).await;
    socket.until_json("a greeting", |value| value["type"] == "hello").await["player"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_behind_one_address_does_not_drown_anybody() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut listener = Socket::open(server.gateway, "/chat").await;
    listener.send_json(json!({"type": "hello", "key": ANN})).await;
    listener.until_json("a greeting", |value| value["type"] == "hello").await;
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let key = format!("the secret key of flood {number}");
        let seat = seat(server.gateway, &key, &format!("Flood {number}")).await;
        crowd.push(chat(server.gateway, &key, &seat).await);
    }
    let since = Instant::now();
    let attackers = crowd.into_iter().map(|mut socket| async move {
        for number in 0..20 {
            say(&mut socket, "global", &format!("buy now {number}")).await;
            sleep(Duration::from_millis(200)).await;
        }
    });
    attacked(&server, attackers).await;
    let heard = lines_heard(&mut listener).await.len();
    let windows = since.elapsed().as_secs_f64() / WINDOW.as_secs_f64();
    let most = LINES_OF_ALL as f64 * (windows + 1.0);
    assert!(heard as f64 <= most, "{heard} lines in {windows} windows, of {} sent", CROWD * 20);
    assert!(heard >= LINES_OF_ALL, "those who are not too many are heard: {heard}");
    assert!(refused(server.admin, "busy").await + refused(server.admin, "chat").await > 0.0);
}

/// With a seat, and named, as somebody whom a balancer says to come from this address.
async fn talker_from(server: &All, client: &str, number: usize) -> Socket {
    let client = format!("{client}:{}", 1_000 + number).parse().expect("an address");
    let key = format!("the secret key of {client}");
    let mut lobby = Socket::open_from(server.gateway, "/lobby", client).await;
    lobby.send_json(json!({"type": "play", "key": key, "name": format!("P{number}")})).await;
    let seat = lobby.until_json("a seat", |value| value["type"] == "seated").await;
    let mut chat = Socket::open_from(server.gateway, "/chat", client).await;
    chat.send_json(json!({"type": "hello", "key": key})).await;
    let channel = format!("room:{}", seat["room"].as_str().expect("a room"));
    chat.send_json(json!({"type": "join", "channel": channel, "ticket": seat["ticket"]})).await;
    chat.until_json("a greeting", |value| value["type"] == "hello").await;
    chat
}

#[tokio::test]
async fn an_address_is_heard_so_much_however_many_people_it_has() {
    let _turn = TURN.lock().await;
    let server = All::start_with(LONG_MATCH_S, &["--proxy-protocol".to_owned()]).await;
    let mut crowd = Vec::new();
    for number in 0..CROWD_OF_AN_ADDRESS {
        crowd.push(talker_from(&server, "203.0.113.7", number).await);
    }
    let mut other = talker_from(&server, "198.51.100.9", 0).await;
    let since = Instant::now();
    for number in 0..LINES_OF_ONE {
        for talker in &mut crowd {
            say(talker, "global", &format!("buy now {number}")).await;
        }
    }
    say(&mut other, "global", "and I?").await;
    let heard = lines_heard(&mut other).await;
    let (own, foreign): (Vec<&Value>, Vec<&Value>) = heard.iter().partition(|line| line["text"] == "and I?");
    let most = BURST_OF_AN_ADDRESS + since.elapsed().as_secs_f64() * LINES_A_SECOND_OF_AN_ADDRESS;
    assert!(foreign.len() as f64 <= most, "{} lines, at most {most}", foreign.len());
    assert!(foreign.len() as f64 >= BURST_OF_AN_ADDRESS, "{} lines", foreign.len());
    assert_eq!(own.len(), 1, "others are heard");
}

#[tokio::test]
async fn invented_channels_take_no_memory() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let seat_of_eve = seat(server.gateway, EVE, "Eve").await;
    let text = "y".repeat(200);
    let before = server.process.resident_bytes();
    for socket in 0..4_096 / CHANNELS_OF_A_SOCKET {
        let mut eve = chat(server.gateway, EVE, &seat_of_eve).await;
        for number in 0..CHANNELS_OF_A_SOCKET {
            say(&mut eve, &format!("room:{}", 1_000 + socket * CHANNELS_OF_A_SOCKET + number), &text).await;
        }
        for _ in 0..CHANNELS_OF_A_SOCKET {
            assert_eq!(refusal(&mut eve).await, "seat");
        }
    }
    let grown = server.process.resident_bytes().saturating_sub(before);
    assert!(grown <= 16 * 1024 * 1024, "{grown} bytes");
}
