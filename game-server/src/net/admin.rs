//! The admin port: /livez, /readyz, /metrics for whoever reaches it; /drain for who holds the token.
//!
//! A page that somebody on this machine looks at can send a POST here, in the name of any site. So a write needs the
//! token, brings no Origin (browsers always send one with a POST), and is addressed to this port by an address or
//! `localhost`: a name that an attacker's DNS sends here is none of ours.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::net::shutdown::Shutdown;
use crate::telemetry;

/// Says the same as `Authorization: Bearer`, which proxies such as the one of Kubernetes' API server keep to themselves.
const TOKEN_HEADER: &str = "x-admin-token";

/// Whether this process wants new work; one flag per role, and a parent that needs all of them.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    own: Arc<AtomicBool>,
    parts: Arc<Mutex<Vec<Readiness>>>,
    remark: Arc<Mutex<Option<String>>>,
}

impl Readiness {
    /// Says whether the owner of this flag is ready.
    pub fn set(&self, ready: bool) {
        self.own.store(ready, Ordering::Release);
    }

    /// Whether this flag and all its parts are set.
    pub fn get(&self) -> bool {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        self.own.load(Ordering::Acquire) && parts.iter().all(Readiness::get)
    }

    /// Something that operators should see although it keeps nobody from working.
    pub fn remark(&self, remark: Option<String>) {
        *self.remark.lock().unwrap_or_else(PoisonError::into_inner) = remark;
    }

    /// All remarks, a line each.
    fn remarks(&self) -> String {
        let own = self.remark.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        own.into_iter().map(|line| line + "\n").chain(parts.iter().map(Readiness::remarks)).collect()
    }

    /// A new flag, not set yet, without which `self` is not ready either.
    pub fn part(&self) -> Self {
        let part = Self::default();
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part.clone());
        part
    }
}

/// What lets somebody write; nobody can be let in without one.
#[derive(Clone, Default)]
pub struct Token {
    /// Compared instead of the token, so that the time a comparison takes tells nothing.
    digest: Option<[u8; 32]>,
}

impl Token {
    /// Whoever says this text may write.
    pub fn new(token: Option<&str>) -> Self {
        Self { digest: token.map(|token| Sha256::digest(token).into()) }
    }
}

#[derive(Clone)]
struct Admin {
    ready: Readiness,
    shutdown: Shutdown,
    metrics: PrometheusHandle,
}

/// Serves the admin port for as long as the process lives; never expose it to players.
pub async fn serve(
    listener: TcpListener,
    ready: Readiness,
    shutdown: Shutdown,
    metrics: PrometheusHandle,
    token: Token,
) -> anyhow::Result<()> {
    axum::serve(listener, router(ready, shutdown, metrics, token)).await?;
    Ok(())
}

fn router(ready: Readiness, shutdown: Shutdown, metrics: PrometheusHandle, token: Token) -> Router {
    let write = from_fn_with_state(token, permit);
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .route("/drain", post(drain).route_layer(write))
        .with_state(Admin { ready, shutdown, metrics })
}

/// Before every write.
async fn permit(State(token): State<Token>, request: Request, next: Next) -> Response {
    let Err((status, reason, text)) = may_write(request.headers(), request.uri(), &token) else {
        return next.run(request).await;
    };
    metrics::counter!(telemetry::REFUSED, "reason" => reason).increment(1);
    tracing::warn!(reason, "a write on the admin port was refused");
    (status, [(header::WWW_AUTHENTICATE, "Bearer")], text).into_response()
}

fn may_write(
    headers: &HeaderMap,
    uri: &Uri,
    token: &Token,
) -> Result<(), (StatusCode, &'static str, &'static str)> {
    if headers.contains_key(header::ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "admin_origin", "pages may not write here\n"));
    }
    // A request line that names a host counts before the header, and both must be known.
    let named = uri.authority().map(|authority| authority.as_str());
    let host = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    if host.or(named).is_none() || !host.into_iter().chain(named).all(is_known_host) {
        let text = "write to an address or to localhost, not to a name\n";
        return Err((StatusCode::FORBIDDEN, "admin_host", text));
    }
    let Some(digest) = token.digest else {
        let text = "nobody may write: this process was started without --admin-token\n";
        return Err((StatusCode::FORBIDDEN, "admin_no_token", text));
    };
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let said = bearer.or(headers.get(TOKEN_HEADER).map(|value| value.as_bytes()));
    match said {
        Some(said) if <[u8; 32]>::from(Sha256::digest(said)) == digest => Ok(()),
        _ => Err((StatusCode::UNAUTHORIZED, "admin_token", "this needs the admin token\n")),
    }
}

/// An address, or the one name that no DNS is asked for.
fn is_known_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

async fn readyz(State(admin): State<Admin>) -> (StatusCode, String) {
    let (status, word) = if admin.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else if admin.ready.get() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    };
    (status, word.to_owned() + &admin.ready.remarks())
}

async fn render_metrics(State(admin): State<Admin>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], admin.metrics.render())
}

#[derive(Deserialize)]
struct DrainQuery {
    #[serde(default)]
    now: bool,
}

async fn drain(State(admin): State<Admin>, Query(query): Query<DrainQuery>) -> &'static str {
    tracing::info!(now = query.now, "asked to drain");
    if query.now {
        admin.shutdown.end_now();
        "ending now\n"
    } else {
        admin.shutdown.drain();
        "draining\n"
    }
}

#[cfg(test)]
mod tests;
