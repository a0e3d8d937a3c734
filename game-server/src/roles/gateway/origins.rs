//! Which pages may connect: our own, and those that the operator lists.
//!
//! Browsers always send Origin with a WebSocket, or another site could play in the name of its visitors. Programs send
//! none and hold no visitor's secrets.

#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, header};

/// What a proxy calls the host that its visitor asked for. No page can set it on a WebSocket.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Refused origins that are logged, each once: enough for the operator's own mistake to be among them.
const TOLD_MAX: usize = 8;
/// Longest name in a log or an answer; host names have at most 253 characters.
const NAME_CHARS_MAX: usize = 280;

/// Origins besides the own one, and which refusals were told already.
pub struct Origins {
    allowed: Vec<Origin>,
    told: Mutex<Vec<String>>,
}

/// A page that may not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    origin: String,
    host: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    fn parse(text: &str) -> Option<Origin> {
        let (scheme, authority) = text.trim_end_matches('/').split_once("://")?;
        let (host, port) = host_and_port(authority)?;
        let scheme = scheme.to_ascii_lowercase();
        let port = port.or(default_port(&scheme));
        Some(Origin { scheme, host, port })
    }

    /// Whether somebody who typed this host is at this origin. How the visitor's browser speaks with a proxy before us
    /// is not known here, so a port that is left out is the one that the origin's scheme leaves out.
    fn is_at(&self, host: &str) -> bool {
        host_and_port(host)
            .is_some_and(|(host, port)| host == self.host && port.or(default_port(&self.scheme)) == self.port)
    }
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = authority.trim().parse().ok().filter(|_| !authority.contains('@'))?;
    let has_port = authority.as_str().len() > authority.host().len();
    let port = authority.port_u16();
    (port.is_some() || !has_port).then(|| (authority.host().to_ascii_lowercase(), port))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

impl Origins {
    /// Nothing was refused yet.
    pub fn new(allowed: &[String]) -> Self {
        Self {
            allowed: allowed.iter().filter_map(|one| Origin::parse(one)).collect(),
            told: Mutex::default(),
        }
    }

    /// Judges a request. What a proxy says of the host counts only when it is one of ours.
    pub fn judge(&self, headers: &HeaderMap, of_a_balancer: bool) -> Result<(), Foreign> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(&header::HOST);
        let forwarded =
            text(&FORWARDED_HOST).filter(|_| of_a_balancer).and_then(|hosts| hosts.split(',').next());
        let parsed = origin.to_str().ok().and_then(Origin::parse);
        let is_ours = parsed.is_some_and(|origin| {
            self.allowed.contains(&origin) || host.into_iter().chain(forwarded).any(|host| origin.is_at(host))
        });
        if is_ours {
            return Ok(());
        }
        let short = |text: &str| text.chars().take(NAME_CHARS_MAX).collect::<String>();
        Err(Foreign { origin: short(origin.to_str().unwrap_or("?")), host: short(host.unwrap_or("?")) })
    }

    /// Tells the operator, once for each origin.
    pub fn log(&self, foreign: &Foreign) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= TOLD_MAX || told.contains(&foreign.origin) {
            return;
        }
        told.push(foreign.origin.clone());
        tracing::warn!(origin = foreign.origin, host = foreign.host, "{}", foreign.to_operator());
    }
}

impl Foreign {
    fn to_operator(&self) -> String {
        let Foreign { origin, host } = self;
        format!(
            "a page of {origin} may not connect: its requests come with the Host {host}. If it is the page of this \
             server, a proxy on the way changes Host or leaves out its port: let it pass Host on as it came (nginx: \
             proxy_set_header Host $http_host), or start the gateway with --allowed-origins={origin}"
        )
    }

    /// What the player reads.
    pub fn to_player(&self) -> String {
        let Foreign { origin, host } = self;
        format!(
            "The server refused this page: it was opened at {origin}, and the server knows itself as {host}. \
             Whoever runs the server can allow it: its log says how (--allowed-origins).\n"
        )
    }
}
