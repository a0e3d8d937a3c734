//! A TCP proxy that makes a line bad: delay, jitter and stalls in each direction, in order as TCP delivers.

use std::net::SocketAddr;
use std::time::Duration;

use game_server::sim::random::Random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// One segment of a TCP connection at most.
const CHUNK_BYTES: usize = 1_400;
/// Chunks under way; a sender that is faster has to wait, as on any line.
const UNDER_WAY_MAX: usize = 4_096;

/// What one direction of a line is like.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub delay: Duration,
    /// Up to so much is added to each chunk.
    pub jitter: Duration,
    /// Of a hundred chunks, this many are lost and sent again after `stall`, and all behind them wait.
    pub stalls_percent: u32,
    pub stall: Duration,
}

/// A proxy on a port of its own; dropping it closes the port and cuts every connection.
pub struct Proxy {
    pub address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Connects clients to `target` through `line` in both directions; `seed` draws jitter and stalls.
    pub async fn start(target: SocketAddr, line: Line, seed: u64) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            let mut seeds = Random::new(seed);
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, target, line, seeds.next_u64()));
            }
        });
        Proxy { address, accepting }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, target: SocketAddr, line: Line, seed: u64) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    // A delay on top of Nagle's would not be the line that was asked for.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        direction(from_client, to_server, line, Random::new(seed)),
        direction(from_server, to_client, line, Random::new(seed ^ 1)),
    );
}

async fn direction(from: OwnedReadHalf, to: OwnedWriteHalf, line: Line, random: Random) {
    let (sender, receiver) = mpsc::channel(UNDER_WAY_MAX);
    tokio::join!(take(from, sender, line, random), deliver(receiver, to));
}

async fn take(
    mut from: OwnedReadHalf,
    sender: mpsc::Sender<(Instant, Vec<u8>)>,
    line: Line,
    mut random: Random,
) {
    let mut due = Instant::now();
    let mut chunk = [0; CHUNK_BYTES];
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        let jitter = line.jitter.mul_f64(f64::from(random.below(1_000)) / 1_000.0);
        let stall = if random.below(100) < line.stalls_percent { line.stall } else { Duration::ZERO };
        due = due.max(Instant::now() + line.delay + jitter + stall);
        if sender.send((due, chunk[..length].to_vec())).await.is_err() {
            return;
        }
    }
}

async fn deliver(mut receiver: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) {
    while let Some((due, bytes)) = receiver.recv().await {
        sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
