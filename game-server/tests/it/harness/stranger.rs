//! A client that shares nothing with the server: bytes on a TCP connection from an address of its choice.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::within_limit;

/// A text frame of less than 126 bytes has this before its length.
const TEXT: u8 = 0x81;
/// Clients mask; with zeros a payload stays what it is.
const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [0; 4];

/// One connection.
pub struct Stranger(TcpStream);

impl Stranger {
    /// Connects from an address of this machine; nothing when the server does not take it.
    pub async fn connect(from: IpAddr, to: SocketAddr) -> Option<Stranger> {
        let socket = if from.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.ok()?;
        socket.bind(SocketAddr::new(from, 0)).ok()?;
        within_limit("a connection", socket.connect(to)).await.ok().map(Stranger)
    }

    /// The same with a receive buffer that is soon full.
    pub async fn connect_narrow(from: IpAddr, to: SocketAddr) -> Option<Stranger> {
        let socket = if from.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.ok()?;
        socket.set_recv_buffer_size(4_096).ok()?;
        socket.bind(SocketAddr::new(from, 0)).ok()?;
        within_limit("a connection", socket.connect(to)).await.ok().map(Stranger)
    }

    /// Sends bytes; false when the server has closed.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Sends as much as the connection takes without waiting.
    pub fn send_now(&mut self, bytes: &[u8]) -> usize {
        self.0.try_write(bytes).unwrap_or(0)
    }

    /// Asks for a WebSocket without waiting for the answer.
    pub async fn ask_for_websocket(&mut self, path: &str, headers: &str) -> bool {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: game\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{headers}\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.send(request.as_bytes()).await
    }

    /// A text message of a WebSocket.
    pub async fn text(&mut self, text: &str) -> bool {
        let mut frame = vec![TEXT];
        match text.len() {
            length @ 0..126 => frame.push(MASKED | length as u8),
            length => {
                frame.push(MASKED | 126);
                frame.extend((length as u16).to_be_bytes());
            }
        }
        frame.extend(MASK);
        frame.extend(text.as_bytes());
        self.send(&frame).await
    }

    /// Bytes until there is a whole head of an answer; what the server sent before it closed otherwise.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        within_limit("an answer", async {
            while !head.ends_with(b"\r\n\r\n") && self.0.read(&mut byte).await.is_ok_and(|count| count > 0) {
                head.push(byte[0]);
            }
        })
        .await;
        String::from_utf8_lossy(&head).into_owned()
    }

    /// An answer of a request: its head and as much body as it announces.
    pub async fn answer(&mut self) -> (String, Vec<u8>) {
        let head = self.head().await;
        let length = head.to_ascii_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length:").and_then(|length| length.trim().parse::<usize>().ok())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        let whole = within_limit("a body", self.0.read_exact(&mut body)).await.is_ok();
        if !whole {
            body.clear();
        }
        (head, body)
    }

    /// Reads some bytes; 0 at the end.
    pub async fn read_some(&mut self, into: &mut [u8]) -> usize {
        self.0.read(into).await.unwrap_or(0)
    }
}
