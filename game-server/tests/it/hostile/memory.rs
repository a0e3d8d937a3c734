//! What strangers make this server hold, in the process and in the kernel: it stays below the memory limit of its pod.
//!
//! Limits for an address are off for private peers, so all of it is tried from 127.0.0.0/8 first, where none of them
//! acts, and then from public addresses.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::http::{get, refused};
use crate::harness::namespace::{Net, twice};
use crate::harness::player::Player;
use crate::harness::process::command;
use crate::harness::servers::All;
use crate::harness::stranger::Stranger;
use crate::harness::{TURN, eventually};
use crate::hostile::{LONG_MATCH_S, play};

/// Of the pod's memory limit, all of it together.
const SHARE_MAX: f64 = 0.6;
/// Bounds of a gateway, as `docs/limits.md` has them.
const SOCKETS_MAX: f64 = 8_192.0;
const PLAIN_CONNECTIONS_MAX: usize = 1_024;
/// Connections that send a head without an end; more than there may be.
const SLOW_HEADS: usize = 1_500;
const HEAD_BYTES: usize = 15_500;
/// WebSockets, and downloads of the page, that are never read.
const UNREAD: usize = 300;
/// Lobby sockets with a key each.
const HOARDERS: usize = 96;
/// How long what nobody reads is asked for.
const ASKED_FOR: Duration = Duration::from_secs(6);

/// Bytes that a gateway's pod may use.
fn pod_limit() -> f64 {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/gateway.yaml");
    let text = std::fs::read_to_string(file).expect("the manifest");
    let limit = serde_yaml::Deserializer::from_str(&text)
        .map(|document| serde_yaml::Value::deserialize(document).expect("YAML"))
        .find_map(|document| {
            let containers = &document["spec"]["template"]["spec"]["containers"];
            Some(containers[0]["resources"]["limits"]["memory"].as_str()?.to_owned())
        });
    let mebibytes =
        limit.expect("a limit").strip_suffix("Mi").expect("in Mi").parse::<f64>().expect("a number");
    mebibytes * 1_048_576.0
}

/// What the process holds, and what the kernel holds for the sockets of its public port.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    process: f64,
    kernel: f64,
    sockets: usize,
}

impl Held {
    fn now(server: &All) -> Held {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", server.process.id())).expect("a process");
        let resident =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let resident: f64 = resident.expect("a size").trim().parse().expect("a number");
        let port = format!("sport = :{}", server.gateway.port());
        let said = command("ss")
            .args(["--tcp", "--memory", "--numeric", "--no-header", "state", "all", &port])
            .output()
            .expect("ss of iproute2");
        let said = String::from_utf8_lossy(&said.stdout);
        let sockets: Vec<f64> = said.split("skmem:(").skip(1).map(of_socket).collect();
        Held { process: resident * 1024.0, kernel: sockets.iter().sum(), sockets: sockets.len() }
    }

    fn all(self) -> f64 {
        self.process + self.kernel
    }
}

/// `r0,rb131072,t0,tb87040,f0,w0,o0,bl0,d0)`: waits to be read, waits to be sent, and was set aside for both.
fn of_socket(memory: &str) -> f64 {
    let fields = memory.split(')').next().unwrap_or_default().split(',');
    fields
        .filter_map(|field| {
            ['r', 'w', 'f'].iter().find_map(|name| field.strip_prefix(*name)?.parse::<f64>().ok())
        })
        .sum()
}

/// Whether this machine can say what its sockets hold.
fn sees_sockets() -> bool {
    let sees = command("ss").arg("--version").output().is_ok();
    if !sees {
        // A skip has to be seen.
        let _ = writeln!(std::io::stderr(), "skipped: what sockets hold is asked of ss (iproute2)");
    }
    sees
}

fn mib(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / 1_048_576.0)
}

/// Descriptors that this process may have, both ends aside.
fn connections_possible() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    soft.and_then(|soft| soft.parse().ok()).unwrap_or(1_024_usize).saturating_sub(300)
}

/// A head that never ends, as long as one may be.
async fn slow_head(net: Net, server: std::net::SocketAddr, client: usize) {
    let Some(mut raw) = Stranger::connect(net.client(client), server).await else { return };
    if !raw.send(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(HEAD_BYTES)).as_bytes()).await {
        return;
    }
    while raw.send(b"x").await {
        sleep(Duration::from_millis(500)).await;
    }
}

/// Asks for the page on and on, and reads nothing of it.
async fn unread_page(net: Net, server: std::net::SocketAddr, client: usize) {
    let Some(mut raw) = Stranger::connect_narrow(net.client(client), server).await else { return };
    loop {
        raw.send_now(b"GET /render.js HTTP/1.1\r\nHost: game\r\n\r\n");
        sleep(Duration::from_millis(200)).await;
    }
}

/// Says hello on the chat on and on, and reads nothing of what it is told.
async fn unread_chat(net: Net, server: std::net::SocketAddr, client: usize) {
    let Some(mut raw) = Stranger::connect_narrow(net.client(client), server).await else { return };
    if !raw.ask_for_websocket("/chat", "").await {
        return;
    }
    let hello =
        json!({"type": "hello", "key": format!("the secret key of {client:06}"), "name": "x"}).to_string();
    while raw.text(&hello).await {
        sleep(Duration::from_millis(400)).await;
    }
}

/// Wants a seat as somebody else each time.
async fn hoarder(net: Net, server: std::net::SocketAddr, client: usize) {
    let Some(mut raw) = Stranger::connect(net.client(client), server).await else { return };
    if !raw.ask_for_websocket("/lobby", "").await {
        return;
    }
    for number in 0.. {
        let key = format!("the secret key of {client:06} {number}");
        let play =
            json!({"type": "play", "key": key, "name": "x", "party": "", "pool": "public"}).to_string();
        if !raw.text(&play).await {
            return;
        }
        sleep(Duration::from_millis(550)).await;
    }
}

/// Fills the history of the global channel with lines as long as may be.
async fn talk(net: Net, server: std::net::SocketAddr) {
    let mut talkers = JoinSet::new();
    for talker in 0..12 {
        talkers.spawn(async move {
            let Some(mut raw) = Stranger::connect(net.client(180 + talker), server).await else { return };
            raw.ask_for_websocket("/chat", "").await;
            let key = format!("the secret key of talker {talker:02}");
            raw.text(&json!({"type": "hello", "key": key, "name": "Talker"}).to_string()).await;
            for line in 0..5 {
                let text = format!("{line} {}", "ü".repeat(190));
                raw.text(&json!({"type": "say", "channel": "global", "text": text}).to_string()).await;
            }
            sleep(Duration::from_secs(1)).await;
        });
    }
    talkers.join_all().await;
}

/// All attacks at once, from so many addresses.
async fn attack(net: Net, server: &All, addresses: usize) -> JoinSet<()> {
    let mut attackers = JoinSet::new();
    let (to, possible) = (server.gateway, connections_possible());
    let part = |count: usize| {
        count * possible.min(SLOW_HEADS + 2 * UNREAD + HOARDERS) / (SLOW_HEADS + 2 * UNREAD + HOARDERS)
    };
    for number in 0..part(UNREAD) {
        attackers.spawn(unread_chat(net, to, number % addresses));
        attackers.spawn(unread_page(net, to, number % addresses));
    }
    for number in 0..part(HOARDERS) {
        attackers.spawn(hoarder(net, to, number % addresses));
    }
    for number in 0..part(SLOW_HEADS) {
        attackers.spawn(slow_head(net, to, number % addresses));
        // The queue of connections that nobody has accepted yet is short.
        if number % 100 == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }
    attackers
}

async fn worst_of_all(net: Net, addresses: usize) {
    let server = All::start(LONG_MATCH_S).await;
    talk(net, server.gateway).await;
    let mut ann = Player::join(server.gateway, "the secret key of ann", "Ann").await;
    ann.until("a state", |ann| ann.states > 0).await;
    let quiet = play(&server, &mut ann).await;
    let before = Held::now(&server);
    let mut attackers = attack(net, &server, addresses).await;
    let mut most = Held::default();
    let since = std::time::Instant::now();
    let mut busy = quiet;
    while since.elapsed() < ASKED_FOR {
        busy = play(&server, &mut ann).await;
        let held = Held::now(&server);
        most = if held.all() > most.all() { held } else { most };
    }
    // Somebody else's page comes, and quickly, whatever is open.
    eventually("the page loads", async || {
        let (status, page) = get(server.gateway, "/").await?;
        (status == 200 && page.contains("<html")).then_some(())
    })
    .await;
    attackers.abort_all();
    while attackers.join_next().await.is_some() {}
    let limit = SHARE_MAX * pod_limit();
    writeln!(
        std::io::stdout(),
        "{addresses} addresses, {net:?}: {} + {} in {} sockets (before: {} + {}), allowed {}; quiet {quiet:?}, attacked {busy:?}",
        mib(most.process), mib(most.kernel), most.sockets, mib(before.process), mib(before.kernel), mib(limit),
    )
    .expect("stdout");
    assert!(most.all() < limit, "{most:?}");
    // What this process hears of it says how busy the attackers keep this process; the server counts for itself.
    assert!(busy.ticks * 2 >= quiet.ticks, "{busy:?} after {quiet:?}");
    assert!(busy.late_share <= 3.0 * quiet.late_share + 0.3, "{busy:?} after {quiet:?}");
    if !net.public {
        assert!(refused(server.admin, "crowded_out").await > 0.0, "connections were to run short");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worst_of_all_from_one_address_and_from_many() {
    if !sees_sockets() {
        return;
    }
    let _turn = TURN.lock().await;
    twice("hostile::memory::the_worst_of_all_from_one_address_and_from_many", async |net: Net| {
        for addresses in [1, 64] {
            worst_of_all(net, addresses).await;
        }
    })
    .await;
}

/// What one of each kind costs, times as many as there may be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_as_may_be_fit_into_the_pod() {
    if !sees_sockets() {
        return;
    }
    let _turn = TURN.lock().await;
    let net = Net { public: false };
    let server = All::start(LONG_MATCH_S).await;
    talk(net, server.gateway).await;
    let count = UNREAD.min(connections_possible() / 4);
    let mut chats = JoinSet::new();
    let mut more_chats = async |from: usize, to: usize| {
        (from..to).for_each(|number| drop(chats.spawn(unread_chat(net, server.gateway, number))));
        settled(&server, to).await
    };
    // The first of them also fill what all of them share.
    let few = more_chats(0, count).await;
    let many = more_chats(count, 3 * count).await;
    chats.abort_all();
    while chats.join_next().await.is_some() {}
    let each = |held: Held, before: Held, count: usize| (held.all() - before.all()).max(0.0) / count as f64;
    let chat = each(many, few, 2 * count);
    let pages = as_many(&server, count, |number| unread_page(net, server.gateway, number)).await;
    let heads = as_many(&server, count, |number| slow_head(net, server.gateway, number)).await;
    let plain = each(pages.0, pages.1, count).max(each(heads.0, heads.1, count));
    let worst = few.all() + chat * SOCKETS_MAX + plain * PLAIN_CONNECTIONS_MAX as f64;
    let allowed = SHARE_MAX * pod_limit();
    writeln!(
        std::io::stdout(),
        "an unread WebSocket {:.1} kB ({:.1} of them in the kernel), the worst plain connection {:.1} kB: at their \
         bounds {} of {}",
        chat / 1e3,
        (many.kernel - few.kernel) / (2 * count) as f64 / 1e3,
        plain / 1e3,
        mib(worst),
        mib(allowed),
    )
    .expect("stdout");
    assert!(worst < allowed, "{}", mib(worst));
}

/// The most that is held while so many are open, after their buffers are full.
async fn settled(server: &All, count: usize) -> Held {
    let mut most = Held::default();
    for _ in 0..12 {
        sleep(Duration::from_millis(500)).await;
        let held = Held::now(server);
        most = if held.sockets >= count / 2 && held.all() > most.all() { held } else { most };
    }
    most
}

async fn as_many<F: Future<Output = ()> + Send + 'static>(
    server: &All,
    count: usize,
    attacker: impl Fn(usize) -> F,
) -> (Held, Held) {
    let before = Held::now(server);
    let mut attackers = JoinSet::new();
    (0..count).for_each(|number| drop(attackers.spawn(attacker(number))));
    let held = settled(server, count).await;
    attackers.abort_all();
    while attackers.join_next().await.is_some() {}
    (held, before)
}
