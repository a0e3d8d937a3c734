//! A balancer as a rollout has one before it: each request goes to any of the builds, each WebSocket too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use game_server::sim::random::Random;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Ends with the test.
pub struct Balancer {
    pub address: SocketAddr,
    connections: Arc<[AtomicU64; 2]>,
    task: JoinHandle<()>,
}

impl Balancer {
    /// Starts it before two servers; the same seed chooses the same way.
    pub async fn start(servers: [SocketAddr; 2], seed: u64) -> Balancer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let counted = connections.clone();
        let mut random = Random::new(seed);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let chosen = random.below(2) as usize;
                counted[chosen].fetch_add(1, Ordering::Relaxed);
                let server = servers[chosen];
                tokio::spawn(async move {
                    // Either side may end it in any way.
                    let _ = relay(&mut client, server).await;
                });
            }
        });
        Balancer { address, connections, task }
    }

    /// Connections that each server was given.
    pub fn connections(&self) -> [u64; 2] {
        [0, 1].map(|server| self.connections[server].load(Ordering::Relaxed))
    }
}

/// One request, or one WebSocket: the server is told to close after its answer, so that the next one is another's.
async fn relay(client: &mut TcpStream, server: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).replace("Connection: keep-alive", "Connection: close");
    let mut server = TcpStream::connect(server).await?;
    server.write_all(head.as_bytes()).await?;
    copy_bidirectional(client, &mut server).await.map(drop)
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
