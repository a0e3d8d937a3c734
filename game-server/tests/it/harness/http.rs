//! As much HTTP as the tests need.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::within_limit;

/// Status and body of a GET.
pub async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    within_limit("an HTTP answer", ask(address, path)).await.ok()
}

async fn ask(address: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::InvalidData)?;
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    Ok((status.ok_or(std::io::ErrorKind::InvalidData)?, body.to_owned()))
}

/// The sum of a metric over its labels; 0 where it does not exist yet.
pub async fn metric(admin: SocketAddr, name: &str) -> f64 {
    let (_, body) = get(admin, "/metrics").await.expect("metrics");
    let is_of_metric = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('{'))
    };
    let value = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok();
    body.lines().filter(is_of_metric).filter_map(value).sum()
}

/// How many were refused for this reason.
pub async fn refused(admin: SocketAddr, reason: &str) -> f64 {
    let (_, body) = get(admin, "/metrics").await.expect("metrics");
    let wanted = format!("game_refused_total{{reason=\"{reason}\"}} ");
    body.lines().find_map(|line| line.strip_prefix(&wanted)?.parse().ok()).unwrap_or(0.0)
}
