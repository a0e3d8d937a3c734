//! A relay in the middle of a link that makes one end look like a newer build.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Whose messages grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    Gateway,
    Host,
}

/// Fields that nobody knows yet.
const APPENDED: [u8; 3] = [0xA5, 0x5A, 0xFF];
/// A message of a kind that nobody knows yet.
const UNKNOWN: [u8; 4] = [200, 1, 2, 3];

/// Where to dial instead of the host.
pub async fn start(host: SocketAddr, newer: Newer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((gateway, _)) = listener.accept().await {
            let (from_gateway, to_gateway) = gateway.into_split();
            let (from_host, to_host) = TcpStream::connect(host).await.expect("a host").into_split();
            tokio::spawn(relay(from_gateway, to_host, newer == Newer::Gateway));
            tokio::spawn(relay(from_host, to_gateway, newer == Newer::Host));
        }
    });
    address
}

/// Ends with either end; dropping the halves tells the other.
async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, adds: bool) -> std::io::Result<()> {
    let mut is_hello = true;
    loop {
        let length = from.read_u32_le().await?;
        let mut frame = vec![0; length as usize];
        from.read_exact(&mut frame).await?;
        // An empty frame is a keep-alive.
        if adds && !frame.is_empty() {
            frame.extend(APPENDED);
            if !is_hello {
                write(&mut to, &UNKNOWN).await?;
            }
            is_hello = false;
        }
        write(&mut to, &frame).await?;
    }
}

async fn write(to: &mut OwnedWriteHalf, frame: &[u8]) -> std::io::Result<()> {
    to.write_u32_le(frame.len() as u32).await?;
    to.write_all(frame).await
}
