//! Who may open a socket, and with which limits.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
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
        let visitor = parts.extensions.get::<Visitor>().copied().unwrap_or_default();
        judge_origin(gateway, &parts.headers, visitor)?;
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

#[expect(clippy::result_large_err, reason = "an answer, made once for a refused request")]
fn judge_origin(gateway: &Gateway, headers: &HeaderMap, visitor: Visitor) -> Result<(), Response> {
    gateway.origins.judge(headers, visitor.address.is_none()).map_err(|foreign| {
        gateway.origins.log(&foreign);
        count_refusal("origin");
        (StatusCode::FORBIDDEN, foreign.to_player()).into_response()
    })
}

/// `POST` on the path of a WebSocket: a page whose upgrade failed is not told why, and asks here.
pub async fn explain(
    State(gateway): State<Arc<Gateway>>,
    visitor: Option<Extension<Visitor>>,
    headers: HeaderMap,
) -> Response {
    let visitor = visitor.map(|Extension(visitor)| visitor).unwrap_or_default();
    match judge_origin(&gateway, &headers, visitor) {
        Err(refusal) => refusal,
        Ok(()) if gateway.places.available_permits() == 0 => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, "sockets")
        }
        Ok(()) => (StatusCode::UPGRADE_REQUIRED, "a WebSocket is spoken here\n").into_response(),
    }
}
