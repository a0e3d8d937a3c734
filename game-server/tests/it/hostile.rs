//! Slow and hostile clients: each is bounded and refused by name, and a match that is played meanwhile does not notice.
//!
//! Every attack is compared with the same seconds of the same match before it, so a slow machine changes both.

use std::io::Write;
use std::time::{Duration, Instant};

use game_server::domain::FLAG_ABSENT;
use game_server::protocol::client::{ClientMessage, ErrorCode, encode_client};
use game_server::sim::random::Random;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::http::{get, metric, refused};
use crate::harness::player::{Player, Socket};
use crate::harness::servers::All;
use crate::harness::{LIMIT, TURN, eventually, within_limit};

const LONG_MATCH_S: u32 = 300;
const POURED_AT_ONCE: usize = 20;
const WINDOW: Duration = Duration::from_secs(3);
/// Upgrade of a connection to a WebSocket, for tests that then send what no library would.
const UPGRADE: &str = "GET /room HTTP/1.1\r\nHost: game\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// How a window of play went.
#[derive(Debug, Clone, Copy)]
struct Play {
    ticks: u32,
    states: u64,
    /// Part of the wake-ups of the simulation that came a whole tick or more too late.
    late_share: f64,
}

/// Wake-ups so far: those that came late, and all. A host exports them twice a second.
async fn wakes(server: &All) -> (f64, f64) {
    eventually("a histogram of the tick gaps", async || {
        let (_, body) = get(server.admin, "/metrics").await?;
        let value =
            |start: &str| body.lines().find_map(|line| line.strip_prefix(start)?.trim().parse::<f64>().ok());
        let all = value("game_tick_gap_excess_seconds_count")?;
        Some((all - value("game_tick_gap_excess_seconds_bucket{le=\"0.016\"}")?, all))
    })
    .await
}

async fn play(server: &All, player: &mut Player) -> Play {
    let (states, (late_before, all_before)) = (player.states, wakes(server).await);
    let tick = |player: &Player| player.frame.as_ref().map_or(0, |frame| frame.tick);
    let from = tick(player);
    // Nothing ends this but the time.
    let _ = timeout(WINDOW, player.until("the window", |_| false)).await;
    let (late, all) = wakes(server).await;
    Play {
        ticks: tick(player) - from,
        states: player.states - states,
        late_share: (late - late_before) / (all - all_before).max(1.0),
    }
}

/// Runs attackers while a match is played; their tasks end by themselves or with the server.
async fn attacked<T: Send + 'static>(
    server: &All,
    attackers: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut ann = Player::join(server.gateway, "the secret key of ann", "Ann").await;
    ann.until("a state", |ann| ann.states > 0).await;
    let quiet = play(server, &mut ann).await;
    let mut attacks: JoinSet<T> = attackers.into_iter().collect();
    let busy = play(server, &mut ann).await;
    // The figures are worth reading even when the test passes.
    writeln!(std::io::stdout(), "quiet {quiet:?}, attacked {busy:?}").expect("stdout");
    // Generous, since the machine may be busy with something else by now; a room that an attack can stop loses all.
    assert!(busy.ticks * 2 >= quiet.ticks, "{busy:?} after {quiet:?}");
    assert!(busy.states * 3 >= quiet.states, "{busy:?} after {quiet:?}");
    assert!(busy.late_share <= 3.0 * quiet.late_share + 0.3, "{busy:?} after {quiet:?}");
    let outcomes = async {
        let mut outcomes = Vec::new();
        while let Some(outcome) = attacks.join_next().await {
            outcomes.push(outcome.expect("the attacker itself does not fail"));
        }
        outcomes
    };
    // The good player goes on meanwhile, or it would be a silent one itself.
    tokio::select! {
        outcomes = within_limit("every attacker is stopped", outcomes) => outcomes,
        () = async { loop { play(server, &mut ann).await; } } => unreachable!("it plays for ever"),
    }
}

async fn connect(server: &All) -> TcpStream {
    TcpStream::connect(server.gateway).await.expect("the port is open")
}

/// Sends this over and over for as long as the other side takes it, at most [`LIMIT`]: some thousand times a second,
/// far more than anybody may and far less than would keep this machine's own cores busy with sending.
async fn pour(socket: &mut Socket, message: Message) {
    let since = Instant::now();
    while since.elapsed() < LIMIT {
        for _ in 0..POURED_AT_ONCE {
            if !socket.try_send(message.clone()).await {
                return;
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Until the other side has closed.
async fn until_closed(mut stream: TcpStream) {
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slowloris() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(connect(&server).await);
    }
    let attackers = streams.into_iter().map(|mut stream| async move {
        for byte in "GET / HTTP/1.1\r\nX: ".bytes().chain(std::iter::repeat(b'x')) {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(200)).await;
        }
    });
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "http_slow").await, 200.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_inputs_and_pings_of_the_game() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut attackers = Vec::new();
    for number in 0..6 {
        let player =
            Player::join(server.gateway, &format!("the secret key of flood {number}"), "Flood").await;
        let input = ClientMessage::Input {
            acked_tick: 0,
            first_tick: player.welcome.tick,
            inputs: vec![player.input; 8],
        };
        let ping = ClientMessage::Ping { client_time_ms: 0 };
        let message = encode_client(if number % 2 == 0 { &input } else { &ping });
        attackers.push(async move {
            let mut socket = player.fall_silent();
            pour(&mut socket, Message::Binary(message.into())).await;
        });
    }
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "too_fast").await, 6.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_text() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut sockets = Vec::new();
    for path in ["/lobby", "/chat", "/lobby", "/chat"] {
        sockets.push(Socket::open(server.gateway, path).await);
    }
    let text = json!({"type": "cancel"}).to_string();
    let attackers = sockets.into_iter().map(|mut socket| {
        let text = text.clone();
        async move { pour(&mut socket, Message::text(text)).await }
    });
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "too_fast").await, 4.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_websocket_pings() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut sockets = Vec::new();
    for number in 0..3 {
        let player =
            Player::join(server.gateway, &format!("the secret key of pings {number}"), "Pings").await;
        sockets.push(player.fall_silent());
    }
    for path in ["/lobby", "/chat", "/room"] {
        sockets.push(Socket::open(server.gateway, path).await);
    }
    let attackers = sockets.into_iter().map(|mut socket| async move {
        pour(&mut socket, Message::Ping(vec![0; 100].into())).await;
    });
    attacked(&server, attackers).await;
    assert_eq!(refused(server.admin, "control_too_fast").await, 6.0);
}

/// A frame that says it has a megabyte, and more of the kind behind it.
fn oversized() -> Vec<u8> {
    let mut bytes = vec![0x82, 0xff];
    bytes.extend(1_000_000_u64.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.resize(100_000, 7);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversized_messages() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(connect(&server).await);
    }
    let attackers = streams.into_iter().map(|mut stream| async move {
        // The gateway may close before it has all of it.
        let _ = stream.write_all(UPGRADE.as_bytes()).await;
        let _ = stream.write_all(&oversized()).await;
        until_closed(stream).await;
    });
    attacked(&server, attackers).await;
    let mut ben = Player::join(server.gateway, "the secret key of ben", "Ben").await;
    ben.send_bytes(vec![2; 5_000]).await;
    ben.until("the refusal", |ben| ben.error == Some(ErrorCode::Malformed)).await;
    assert_eq!(refused(server.admin, "too_large").await, 1.0);
    for path in ["/lobby", "/chat"] {
        let mut socket = Socket::open(server.gateway, path).await;
        assert!(socket.try_send(Message::text("x".repeat(10_000))).await);
        assert_eq!(socket.close_code().await, Some(1009), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut attackers = Vec::new();
    for number in 0..60_u64 {
        let mut stream = connect(&server).await;
        attackers.push(async move {
            let mut random = Random::new(number + 1);
            let bytes: Vec<u8> = (0..4_000).map(|_| random.below(256) as u8).collect();
            if number % 2 == 0 {
                // The gateway may close before it has all of it.
                let _ = stream.write_all(UPGRADE.as_bytes()).await;
            }
            let _ = stream.write_all(&bytes).await;
            until_closed(stream).await;
        });
    }
    attacked(&server, attackers).await;
    assert!(refused(server.admin, "http_malformed").await >= 25.0);
    assert!(metric(server.admin, "game_refused_total").await >= 55.0);
    let mut ben = Player::join(server.gateway, "the secret key of ben", "Ben").await;
    ben.send_bytes(vec![0xee; 300]).await;
    ben.until("the refusal", |ben| ben.error == Some(ErrorCode::Malformed)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_connections() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let mut ben = Player::join(server.gateway, "the secret key of ben", "Ben").await;
    let mut silent = Vec::new();
    for number in 0..5 {
        let player =
            Player::join(server.gateway, &format!("the secret key of silent {number}"), "Silent").await;
        assert_eq!(player.welcome.room, ben.welcome.room);
        silent.push((player.welcome.slot, player.fall_silent()));
    }
    let attackers = [async { sleep(WINDOW).await }];
    let admin = server.admin;
    let noticed = async {
        attacked(&server, attackers).await;
        eventually("the gateway gives the silent up", async || {
            (refused(admin, "silent").await >= 5.0).then_some(())
        })
        .await;
    };
    tokio::select! {
        () = noticed => {}
        () = async { ben.until("the test ends", |_| false).await } => {}
    }
    for (slot, _socket) in &silent {
        let is_absent = |ben: &Player| ben.sees(*slot).is_none_or(|player| player.flags & FLAG_ABSENT != 0);
        ben.until("the seat is held for somebody absent", is_absent).await;
    }
}
