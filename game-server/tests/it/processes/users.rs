//! Each role's user of the bus may do what its role does, and nothing else; tried with bytes of our own on a socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use game_server::protocol::bus::{
    SUBJECT_CHAT_HISTORY, SUBJECT_CHAT_LINES, SUBJECT_CHAT_SAY, SUBJECT_HOSTS, SUBJECT_NODES,
    SUBJECT_RANKING, SUBJECT_RESULT, SUBJECT_ROOMS, SUBJECT_SEAT, SUBJECT_SEATINGS, subject_open_room,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::harness::process::free_address;
use crate::harness::servers::{bus_password, manifest_config, start_nats_with_users};
use crate::harness::within_limit;

const ROLES: [&str; 6] = ["gateway", "lobby", "room", "chat", "ranking", "monitor"];

/// What a role says and what it listens to, as the code has it.
fn allowed(role: &str) -> (Vec<String>, Vec<String>) {
    let open = subject_open_room("room-0");
    let (says, hears): (&[&str], &[&str]) = match role {
        "gateway" => (
            &[SUBJECT_SEAT, SUBJECT_CHAT_SAY, SUBJECT_CHAT_HISTORY, SUBJECT_RANKING],
            &[SUBJECT_HOSTS, SUBJECT_ROOMS, SUBJECT_CHAT_LINES],
        ),
        "lobby" => {
            (&[&open, SUBJECT_SEATINGS, SUBJECT_RANKING], &[SUBJECT_HOSTS, SUBJECT_NODES, SUBJECT_SEAT])
        }
        "room" => (&[SUBJECT_HOSTS, SUBJECT_ROOMS, SUBJECT_RESULT], &[&open, SUBJECT_SEATINGS]),
        "chat" => (
            &[SUBJECT_CHAT_LINES, SUBJECT_CHAT_HISTORY],
            &[SUBJECT_CHAT_LINES, SUBJECT_CHAT_SAY, SUBJECT_CHAT_HISTORY],
        ),
        "ranking" => (&[], &[SUBJECT_RESULT, SUBJECT_RANKING]),
        "monitor" => (&[SUBJECT_NODES], &[]),
        other => panic!("no role {other}"),
    };
    let owned = |subjects: &[&str]| subjects.iter().map(|subject| (*subject).to_owned()).collect();
    (owned(says), owned(hears))
}

/// Every subject of the game, what other roles keep to themselves, and what nobody uses.
fn subjects() -> Vec<String> {
    let own = ROLES.iter().flat_map(|role| [format!("_INBOX.{role}.x.y"), format!("_ECHO.{role}.x")]);
    let game = [
        SUBJECT_HOSTS,
        SUBJECT_ROOMS,
        SUBJECT_NODES,
        SUBJECT_SEAT,
        SUBJECT_SEATINGS,
        SUBJECT_CHAT_SAY,
        SUBJECT_CHAT_HISTORY,
        SUBJECT_CHAT_LINES,
        SUBJECT_RESULT,
        SUBJECT_RANKING,
        "game.v1.other",
        "_INBOX.x",
        "$SYS.REQ.SERVER.PING",
        "game.>",
        ">",
    ];
    let open = subject_open_room("room-0");
    game.iter().map(|subject| (*subject).to_owned()).chain(own).chain([open]).collect()
}

struct Raw {
    stream: BufReader<TcpStream>,
}

impl Raw {
    /// A client that says who it is; nothing when the server turns it away.
    async fn connect(server: SocketAddr, credentials: &str) -> Option<Raw> {
        let mut raw = Raw { stream: BufReader::new(TcpStream::connect(server).await.expect("a server")) };
        raw.line().await.filter(|line| line.starts_with("INFO"))?;
        raw.send(&format!("CONNECT {{\"verbose\":false,\"pedantic\":false{credentials}}}\r\n")).await;
        raw.refusals("").await.map(|_| raw)
    }

    async fn as_role(server: SocketAddr, role: &str) -> Raw {
        let credentials = format!(",\"user\":\"{role}\",\"pass\":\"{}\"", bus_password(role));
        Raw::connect(server, &credentials).await.unwrap_or_else(|| panic!("{role} is turned away"))
    }

    async fn send(&mut self, text: &str) {
        // A server that has closed the connection is seen by what it answers.
        let _ = self.stream.get_mut().write_all(text.as_bytes()).await;
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = within_limit("a line", self.stream.read_line(&mut line)).await.ok()?;
        (read > 0).then_some(line)
    }

    /// What the server says against it; nothing when it ends the connection.
    async fn refusals(&mut self, text: &str) -> Option<usize> {
        self.send(&format!("{text}PING\r\n")).await;
        let mut refusals = 0;
        loop {
            let line = self.line().await?;
            match line.split_whitespace().next()? {
                "PONG" => return Some(refusals),
                "-ERR" if line.contains("Permissions Violation") => refusals += 1,
                "-ERR" => return None,
                "MSG" => {
                    let bytes: usize = line.split_whitespace().last()?.parse().ok()?;
                    self.stream.read_exact(&mut vec![0; bytes + 2]).await.ok()?;
                }
                _ => {}
            }
        }
    }

    async fn may(&mut self, line: &str) -> bool {
        self.refusals(line).await.expect("an answer") == 0
    }
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn a_user_may_do_what_its_role_does_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let _server = start_nats_with_users(address, &folder, "shut").await;
    let mut wrong = BTreeMap::new();
    for role in ROLES {
        let mut client = Raw::as_role(address, role).await;
        let (mut says, mut hears) = allowed(role);
        says.push(format!("_ECHO.{role}.x"));
        hears.push(format!("_ECHO.{role}.x"));
        hears.push(format!("_INBOX.{role}.x.y"));
        if role == "monitor" {
            says.truncate(1);
            hears.clear();
        }
        if role == "ranking" {
            hears.retain(|subject| !subject.starts_with("_INBOX"));
        }
        for (number, subject) in subjects().iter().enumerate() {
            let can_say = !subject.contains('>') && client.may(&format!("PUB {subject} 0\r\n\r\n")).await;
            let can_hear = client.may(&format!("SUB {subject} {number}\r\nUNSUB {number}\r\n")).await;
            if (can_say, can_hear) != (says.contains(subject), hears.contains(subject)) {
                wrong.insert((role, subject.clone()), (can_say, can_hear));
            }
        }
    }
    assert!(wrong.is_empty(), "says, hears: {wrong:#?}");
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn who_asks_is_answered_and_an_answer_cannot_be_given_twice_or_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let _server = start_nats_with_users(address, &folder, "shut").await;
    let (mut gateway, mut lobby) =
        (Raw::as_role(address, "gateway").await, Raw::as_role(address, "lobby").await);
    assert!(!lobby.may("PUB _INBOX.gateway.x.1 0\r\n\r\n").await, "unasked");
    assert!(lobby.may(&format!("SUB {SUBJECT_SEAT} lobby 1\r\n")).await);
    assert!(gateway.may("SUB _INBOX.gateway.x.* 1\r\n").await);
    assert!(gateway.may(&format!("PUB {SUBJECT_SEAT} _INBOX.gateway.x.1 0\r\n\r\n")).await);
    let asked = lobby.line().await.expect("the question");
    assert!(asked.starts_with("MSG") && asked.contains("_INBOX.gateway.x.1"), "{asked}");
    lobby.line().await;
    assert!(lobby.may("PUB _INBOX.gateway.x.1 2\r\nok\r\n").await, "once");
    assert!(!lobby.may("PUB _INBOX.gateway.x.1 2\r\nok\r\n").await, "and not again");
    let answer = gateway.line().await.expect("the answer");
    assert!(answer.starts_with("MSG _INBOX.gateway.x.1"), "{answer}");
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn a_pod_without_a_password_may_do_everything_until_proofs_are_required_and_nothing_after() {
    for (anonymous, is_free) in [("open", true), ("shut", false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let _server = start_nats_with_users(address, &folder, anonymous).await;
        let mut stranger = Raw::connect(address, "").await.expect("no_auth_user");
        for subject in subjects().iter().filter(|subject| !subject.contains('>') && !subject.starts_with('$'))
        {
            assert_eq!(stranger.may(&format!("PUB {subject} 0\r\n\r\n")).await, is_free, "{subject}");
            assert_eq!(stranger.may(&format!("SUB {subject} 1\r\n")).await, is_free, "{subject}");
        }
        let guessed = Raw::connect(address, ",\"user\":\"room\",\"pass\":\"room\"").await;
        assert!(guessed.is_none(), "a wrong password");
    }
}

/// A subject that is new in the code must be given to somebody in `manifests/nats.yaml`, and tried above.
#[test]
fn every_subject_of_the_code_belongs_to_a_user() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocol/bus.rs");
    let source = std::fs::read_to_string(file).expect("the source of the bus");
    let constants = source.lines().filter_map(|line| line.strip_prefix("pub const SUBJECT_"));
    let named: Vec<&str> = constants.filter_map(|line| line.split('"').nth(1)).collect();
    assert!(named.len() >= 9, "{named:?}");
    let (config, tried) = (manifest_config(), subjects());
    for subject in named {
        let is_word = |part: &str| part.starts_with([',', ']']);
        assert!(config.split(subject).skip(1).any(is_word), "no user of the bus may use {subject}");
        assert!(tried.iter().any(|known| known == subject), "{subject} is not tried in this file");
    }
}
