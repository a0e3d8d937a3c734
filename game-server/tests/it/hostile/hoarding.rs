//! Seats, rooms and replay logs for people: whoever only asks for them gets few.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::harness::http::metric;
use crate::harness::namespace::{Net, twice};
use crate::harness::player::{Player, chat, seat};
use crate::harness::servers::All;
use crate::harness::stranger::Stranger;
use crate::harness::{TURN, eventually};
use crate::hostile::LONG_MATCH_S;

const SOCKETS: usize = 96;
const ATTACK: Duration = Duration::from_secs(9);
/// Of the 150 rooms of `all`: an eighth at once, and those that were opened in place of the first when they closed.
const ROOMS_MAX: f64 = 24.0;
/// A promise from a socket that is given up for the next one takes this long.
const NEXT_AFTER: Duration = Duration::from_millis(50);

fn play(client: usize, number: usize) -> String {
    let key = format!("the secret key of {client:04} {number:06}");
    json!({"type": "play", "key": key, "name": "x", "party": "", "pool": "public"}).to_string()
}

/// One socket, a new key with each message.
async fn new_keys(net: Net, server: SocketAddr, client: usize, until: Instant) {
    let Some(mut raw) = Stranger::connect(net.client(client), server).await else { return };
    raw.ask_for_websocket("/lobby", "").await;
    for number in 0.. {
        if Instant::now() > until || !raw.text(&play(client, number)).await {
            return;
        }
        sleep(Duration::from_millis(550)).await;
    }
}

/// A new socket for each key.
async fn new_sockets(net: Net, server: SocketAddr, client: usize, until: Instant) {
    for number in 0.. {
        if Instant::now() > until {
            return;
        }
        let Some(mut raw) = Stranger::connect(net.client(client), server).await else { continue };
        raw.ask_for_websocket("/lobby", "").await;
        raw.text(&play(client, number)).await;
        sleep(NEXT_AFTER).await;
    }
}

fn logs(server: &All) -> usize {
    std::fs::read_dir(server.data().join("replays")).map_or(0, Iterator::count)
}

async fn hoard(net: Net, addresses: usize) {
    let server = All::start_with(LONG_MATCH_S, &["--replay-files=3".to_owned()]).await;
    let mut ann = Player::join(server.gateway, "the secret key of ann", "Ann").await;
    ann.until("a state", |ann| ann.states > 0).await;
    eventually("Ann's log", async || (logs(&server) == 1).then_some(())).await;
    let until = Instant::now() + ATTACK;
    let mut attackers = JoinSet::new();
    for number in 0..SOCKETS {
        attackers.spawn(new_keys(net, server.gateway, number % addresses, until));
        if number % 4 == 0 {
            attackers.spawn(new_sockets(net, server.gateway, number % addresses, until));
        }
    }
    let (mut rooms_most, mut ben) = (0.0_f64, None);
    let pressed = Instant::now() + ATTACK / 2;
    while Instant::now() < until {
        rooms_most = rooms_most.max(metric(server.admin, "game_rooms").await);
        if ben.is_none() && Instant::now() > pressed {
            ben = Some(Player::join(server.gateway, "the secret key of ben", "Ben").await);
        }
        let _ = tokio::time::timeout(Duration::from_millis(200), ann.until("a while", |_| false)).await;
    }
    let waited = pressed.elapsed();
    attackers.join_all().await;
    writeln!(
        std::io::stdout(),
        "{addresses} addresses, {net:?}: {rooms_most} rooms at most, {} logs, Ben's seat is there {waited:?} after half time",
        logs(&server),
    )
    .expect("stdout");
    assert!(ben.is_some(), "somebody else gets a seat");
    assert!(rooms_most <= ROOMS_MAX, "{rooms_most} rooms");
    assert!(logs(&server) <= 2, "only rooms that people came to leave logs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_asks_for_seats_gets_few_rooms_and_no_logs() {
    let _turn = TURN.lock().await;
    twice("hostile::hoarding::who_only_asks_for_seats_gets_few_rooms_and_no_logs", async |net: Net| {
        for addresses in [1, 64] {
            hoard(net, addresses).await;
        }
    })
    .await;
}

/// How many lines of history a socket is told that says hello and joins again and again.
#[tokio::test]
async fn the_history_of_a_channel_is_sent_once_a_socket() {
    let server = All::start(LONG_MATCH_S).await;
    let home = Net { public: false }.client(0);
    let key = "the secret key of talker";
    let mut talker = chat(server.gateway, key, &seat(server.gateway, key, "Talker").await).await;
    for text in ["one", "two", "three"] {
        talker.send_json(json!({"type": "say", "channel": "global", "text": text})).await;
    }
    eventually("it was said", async || {
        (metric(server.admin, "game_chat_lines_total").await >= 3.0).then_some(())
    })
    .await;
    let mut reader = Stranger::connect(home, server.gateway).await.expect("a connection");
    reader.ask_for_websocket("/chat", "").await;
    reader.head().await;
    let hello = json!({"type": "hello", "key": "the secret key of reader", "name": "Reader"}).to_string();
    for _ in 0..4 {
        reader.text(&hello).await;
        reader.text(&json!({"type": "leave", "channel": "global"}).to_string()).await;
        reader.text(&json!({"type": "join", "channel": "global"}).to_string()).await;
    }
    let (mut heard, mut bytes) = (String::new(), [0; 4096]);
    let listen = async {
        loop {
            let count = reader.read_some(&mut bytes).await;
            heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), listen).await;
    for text in ["one", "two", "three"] {
        assert_eq!(heard.matches(&format!("\"text\":\"{text}\"")).count(), 1, "{heard}");
    }
}
