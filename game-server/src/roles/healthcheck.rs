//! Asks the admin port of this machine whether it is ready, or any port whether it can be reached; the probe of images
//! without a shell.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Below the usual 1 s of a container probe, so that the answer is ours and not a kill.
const ANSWER_MAX: Duration = Duration::from_millis(900);
/// A name is looked up first, and a packet that a policy drops is sent again after a second.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// The status line and a few headers are all that matters.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Succeeds when `url` (plain http) answers 200 in time, or when `tcp://host:port` takes a connection.
pub async fn run(url: &str) -> anyhow::Result<()> {
    if let Some(address) = url.strip_prefix("tcp://") {
        let connected = tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await;
        connected.with_context(|| format!("{address} did not answer within {CONNECT_MAX:?}"))??;
        return Ok(());
    }
    let status = tokio::time::timeout(ANSWER_MAX, status_of(url))
        .await
        .with_context(|| format!("{url} did not answer within {ANSWER_MAX:?}"))??;
    ensure!(status == 200, "{url} answered {status}");
    Ok(())
}

async fn status_of(url: &str) -> anyhow::Result<u16> {
    let (address, path) = split(url)?;
    let mut stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    parse_status(&answer).with_context(|| format!("{url} did not answer in HTTP"))
}

/// `http://host:port/path` in two parts.
fn split(url: &str) -> anyhow::Result<(&str, &str)> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!("{url} must start with http://");
    };
    let (address, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    ensure!(address.contains(':'), "{url} must name a port");
    Ok((address, path))
}

fn parse_status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.1 ").or_else(|| answer.strip_prefix(b"HTTP/1.0 "))?;
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
