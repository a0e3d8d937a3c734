//! Small requests to admin ports and to the players' port.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[cfg(test)]
mod tests;

/// An answer larger than this is not one of ours.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// The status code and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// `GET http://address/path` without redirects, retries or encodings.
pub async fn get(address: &str, path: &str, limit: Duration) -> Result<Answer> {
    let exchange = tokio::time::timeout(limit, exchange(address, path));
    exchange.await.with_context(|| format!("http://{address}{path} did not answer in time"))?
}

/// True when it answers with 200.
pub async fn is_ok(address: &str, path: &str, limit: Duration) -> bool {
    get(address, path, limit).await.is_ok_and(|answer| answer.status == 200)
}

async fn exchange(address: &str, path: &str) -> Result<Answer> {
    let doing = || format!("asking http://{address}{path}");
    let mut stream = TcpStream::connect(address).await.with_context(doing)?;
    // HTTP/1.0: the answer comes in one piece and ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: */*\r\n\r\n");
    stream.write_all(request.as_bytes()).await.with_context(doing)?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await.with_context(doing)?;
    parse(&String::from_utf8_lossy(&bytes)).with_context(doing)
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}
