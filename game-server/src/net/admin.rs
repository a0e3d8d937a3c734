//! The admin port: /livez, /readyz, /metrics, /drain.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::net::shutdown::Shutdown;

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
) -> anyhow::Result<()> {
    axum::serve(listener, router(ready, shutdown, metrics)).await?;
    Ok(())
}

fn router(ready: Readiness, shutdown: Shutdown, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(render_metrics))
        .route("/drain", post(drain))
        .with_state(Admin { ready, shutdown, metrics })
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
