//! The PROXY protocol: how a load balancer tells whose connection it passes on.
//!
//! Version 1 is a line of text, version 2 a block of bytes; both come before anything else. Source: the specification
//! by HAProxy, `proxy-protocol.txt`.

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// "PROXY UNKNOWN\r\n" is the shortest header; both versions can be told apart by then.
const HEAD_BYTES: usize = 12;
/// Longest line of version 1, as the specification says.
const LINE_BYTES_MAX: usize = 107;
/// Addresses of version 2 and what a balancer may add behind them; real ones have less than 100 bytes.
const BLOCK_BYTES_MAX: usize = 512;
const SIGNATURE_2: &[u8; HEAD_BYTES] = b"\r\n\r\n\0\r\nQUIT\n";
const COMMAND_PROXY_2: u8 = 0x21;
const COMMAND_LOCAL_2: u8 = 0x20;
const FAMILY_TCP4: u8 = 0x11;
const FAMILY_TCP6: u8 = 0x21;

/// Takes the header off the stream: the address of the client, or nothing when the balancer speaks for itself.
///
/// Errors: the stream ends, breaks, or begins with anything else.
pub async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head).await?;
    if &head == SIGNATURE_2 {
        return read_block(stream).await;
    }
    let mut line = head.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() == LINE_BYTES_MAX || !line.starts_with(b"PROXY ") {
            return Err(not_a_header());
        }
        line.push(stream.read_u8().await?);
    }
    read_line(&line).ok_or_else(not_a_header)
}

fn read_line(line: &[u8]) -> Option<Option<IpAddr>> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let mut words = text.split(' ').skip(1);
    match words.next()? {
        "UNKNOWN" => Some(None),
        "TCP4" => words.next()?.parse().ok().map(|address| Some(IpAddr::V4(address))),
        "TCP6" => words.next()?.parse().ok().map(|address| Some(IpAddr::V6(address))),
        _ => None,
    }
}

async fn read_block<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    let (command, family) = (stream.read_u8().await?, stream.read_u8().await?);
    let length = usize::from(stream.read_u16().await?);
    if length > BLOCK_BYTES_MAX {
        return Err(not_a_header());
    }
    let mut block = vec![0; length];
    stream.read_exact(&mut block).await?;
    match (command, family) {
        (COMMAND_LOCAL_2, _) => Ok(None),
        (COMMAND_PROXY_2, FAMILY_TCP4) => {
            let source = block.first_chunk::<4>().ok_or_else(not_a_header)?;
            Ok(Some(IpAddr::V4(Ipv4Addr::from(*source))))
        }
        (COMMAND_PROXY_2, FAMILY_TCP6) => {
            let source = block.first_chunk::<16>().ok_or_else(not_a_header)?;
            Ok(Some(IpAddr::V6(Ipv6Addr::from(*source))))
        }
        (COMMAND_PROXY_2, _) => Ok(None),
        _ => Err(not_a_header()),
    }
}

fn not_a_header() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the connection does not begin with a PROXY header")
}
