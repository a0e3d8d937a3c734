//! Who may open a socket, and with which limits.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};

use crate::roles::gateway::Gateway;
use crate::telemetry;

/// Small buffers: there are thousands of sockets, each is cleared before a read, and a packet of inputs has 24 bytes.
const READ_BUFFER_BYTES: usize = 1024;
/// What is ready at the same time is gathered up to about a packet and written together.
const WRITE_BUFFER_BYTES: usize = 1400;

/// Whose connection a request came on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visitor {
    /// Nothing where one address stands for many: private ones, and proxies of ours.
    pub address: Option<IpAddr>,
}

/// A permitted WebSocket upgrade and its place among this gateway's sockets.
pub struct Admitted {
    pub upgrade: WebSocketUpgrade,
    pub place: OwnedSemaphorePermit,
    pub visitor: Visitor,
}

/// Counts a refusal and answers it.
pub fn refuse(status: StatusCode, reason: &'static str) -> Response {
    count_refusal(reason);
    (status, format!("{reason}\n")).into_response()
}

/// Counts a refusal that was answered otherwise.
pub fn count_refusal(reason: &'static str) {
    metrics::counter!(telemetry::REFUSED, "reason" => reason).increment(1);
}

impl FromRequestParts<Arc<Gateway>> for Admitted {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Response> {
        if !origin_allowed(&parts.headers, &gateway.options.allowed_origins) {
            return Err(refuse(StatusCode::FORBIDDEN, "origin"));
        }
        let visitor = parts.extensions.get::<Visitor>().copied().unwrap_or_default();
        let upgrade = WebSocketUpgrade::from_request_parts(parts, gateway)
            .await
            .map_err(IntoResponse::into_response)?
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES);
        match gateway.places.clone().try_acquire_owned() {
            Ok(place) => Ok(Self { upgrade, place, visitor }),
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "sockets"))
            }
        }
    }
}

/// Browsers always send Origin with a WebSocket: the page must be ours, or one that the operator listed, or another
/// site could play in the name of its visitors. Programs send none and hold no visitor's secrets.
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else { return false };
    if allowed.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.split_once("://"), host) {
        (Some((_, origin_host)), Some(host)) => origin_host.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
