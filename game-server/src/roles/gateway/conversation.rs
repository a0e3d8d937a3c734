//! The life of a text socket: counted, limited, told when this gateway restarts.

use std::sync::Arc;

use axum::response::Response;
use futures_util::future::BoxFuture;

use crate::roles::gateway::Gateway;
use crate::roles::gateway::admission::{Admitted, Visitor};
use crate::roles::gateway::limits::{PING_EVERY, Rate, TEXT_BYTES_MAX};
use crate::roles::gateway::socket::{CLOSE_RESTART, ClientSocket, Gone, Received};
use crate::telemetry;

/// Talks with one client; returns what it must not send.
pub type Serve =
    for<'a> fn(&'a mut ClientSocket, &'a Gateway, Visitor) -> BoxFuture<'a, Result<Received, Gone>>;

/// Upgrades the connection and serves it until the client goes or this gateway drains.
pub fn upgrade(
    gateway: Arc<Gateway>,
    admitted: Admitted,
    path: &'static str,
    messages: Rate,
    serve: Serve,
) -> Response {
    let Admitted { upgrade, place, visitor } = admitted;
    upgrade.max_message_size(TEXT_BYTES_MAX).max_frame_size(TEXT_BYTES_MAX).on_upgrade(async move |socket| {
        let sockets = metrics::gauge!(telemetry::SOCKETS, "path" => path);
        sockets.increment(1.0);
        let mut socket = ClientSocket::new(socket, messages, PING_EVERY);
        tokio::select! {
            end = serve(&mut socket, &gateway, visitor) => {
                if let Ok(received) = end {
                    socket.close_for(&received).await;
                }
            }
            () = gateway.shutdown.draining() => socket.close(CLOSE_RESTART, "restarting").await,
        }
        sockets.decrement(1.0);
        drop(place);
    })
}
