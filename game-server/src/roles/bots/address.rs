//! Where the game is: the URL a browser would open, and the paths on it.

use anyhow::{bail, ensure};

const HTTP_PORT: u16 = 80;

/// A gateway, or the load balancer in front of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `host:port`
    pub host: String,
}

impl Address {
    /// Takes `http://host[:port][/]`.
    pub fn parse(url: &str) -> anyhow::Result<Address> {
        let Some(rest) = url.strip_prefix("http://") else {
            if url.starts_with("https://") {
                bail!("{url}: bots speak plain http; point them at the address behind the TLS terminator");
            }
            bail!("{url} is no URL of a game; it looks like http://127.0.0.1:8080");
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        ensure!(
            !host.is_empty() && !host.contains(['/', '?', '#', '@']),
            "{url} must be the address of the page alone, like http://127.0.0.1:8080"
        );
        let after_name = host.rsplit(']').next().unwrap_or(host);
        let host = match after_name.rsplit_once(':') {
            Some((_, port)) => {
                ensure!(port.parse::<u16>().is_ok(), "{url} has no valid port");
                host.to_owned()
            }
            None => format!("{host}:{HTTP_PORT}"),
        };
        Ok(Address { host })
    }

    /// The URL of a WebSocket path.
    pub fn socket(&self, path: &str) -> String {
        format!("ws://{}{path}", self.host)
    }
}

#[cfg(test)]
mod tests;
