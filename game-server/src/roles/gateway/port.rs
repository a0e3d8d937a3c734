//! The public port: accepts, admits by address, speaks TLS and HTTP, and lets go of whoever takes too long.
//!
//! Whatever a connection does before it is a WebSocket has a deadline, and what it sends is read at a bounded rate, so
//! a hostile one costs a socket and a few kilobytes for a while. Refusals are counted by reason.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::net::proxy_header;
use crate::net::tls::Certificates;
use crate::roles::gateway::addresses::{AddressPlace, Addresses, Block};
use crate::roles::gateway::admission::{Visitor, count_refusal, refuse};
use crate::roles::gateway::limits::{
    Bucket, CONNECTIONS_MAX, HEADER_MAX, HTTP_BUFFER_BYTES, PLAIN_CONNECTION_MAX, PREFACE_MAX,
    REFUSALS_TOLD_MAX, REQUESTS,
};
use crate::roles::gateway::metered::Metered;

/// Pause after a failed accept, typically for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A refused client gets this long to read why.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// How the public port meets clients.
#[derive(Clone, Default)]
pub struct PortOptions {
    pub tls: Option<Certificates>,
    /// Whether balancers begin each connection with a PROXY header.
    pub proxy_protocol: bool,
    /// Public addresses of balancers, which stand for many players.
    pub trusted_proxies: Vec<Block>,
}

/// What a connection holds for as long as it is open, also as a WebSocket.
type Places = (AddressPlace, OwnedSemaphorePermit);

struct Port {
    options: PortOptions,
    addresses: Arc<Addresses>,
    connections: Arc<Semaphore>,
    farewells: Semaphore,
    app: Router,
    stop: CancellationToken,
}

/// Serves until told to stop accepting; open WebSockets go on.
pub async fn serve(listener: TcpListener, app: Router, options: PortOptions, stop: CancellationToken) {
    let port = Arc::new(Port {
        addresses: Arc::new(Addresses::new(options.trusted_proxies.clone())),
        options,
        connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        farewells: Semaphore::new(REFUSALS_TOLD_MAX),
        app,
        stop: stop.clone(),
    });
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => drop(tokio::spawn(port.clone().meet(stream, peer))),
                Err(error) => {
                    tracing::warn!(%error, "a client could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await;
}

impl Port {
    async fn meet(self: Arc<Self>, mut stream: TcpStream, peer: SocketAddr) {
        // Without it small messages would wait for each other; a socket that refuses is broken anyway.
        let _ = stream.set_nodelay(true);
        let Ok(connection) = self.connections.clone().try_acquire_owned() else {
            return self.turn_away(stream, StatusCode::SERVICE_UNAVAILABLE, "connections").await;
        };
        let Some(address) = self.client(&mut stream, peer.ip()).await else {
            return;
        };
        let Some(place) = self.addresses.take(address, Instant::now()) else {
            return self.turn_away(stream, StatusCode::TOO_MANY_REQUESTS, "address").await;
        };
        let is_one = !self.addresses.is_exempt(address);
        let visitor = Visitor { address: is_one.then(|| Addresses::one_client(address)) };
        let stream = Metered::new(stream, (place, connection));
        match &self.options.tls {
            None => self.speak(stream, visitor).await,
            Some(tls) => self.encrypt(tls, stream, visitor).await,
        }
    }

    /// Whose connection this is; nothing when a balancer should have said so and did not.
    async fn client(&self, stream: &mut TcpStream, peer: IpAddr) -> Option<IpAddr> {
        if !self.options.proxy_protocol {
            return Some(peer);
        }
        // Anybody else could pretend to be anybody.
        if !self.addresses.is_exempt(peer) {
            count_refusal("proxy_peer");
            return None;
        }
        let told = timeout(PREFACE_MAX, proxy_header::read(stream)).await;
        match told {
            Ok(Ok(address)) => Some(address.unwrap_or(peer)),
            Ok(Err(_)) | Err(_) => {
                count_refusal("proxy_header");
                None
            }
        }
    }

    async fn encrypt(&self, tls: &Certificates, stream: Metered<TcpStream, Places>, visitor: Visitor) {
        match timeout(PREFACE_MAX, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, visitor).await,
            Ok(Err(_)) | Err(_) => count_refusal("tls"),
        }
    }

    /// HTTP until the connection ends or becomes a WebSocket.
    async fn speak<S>(&self, stream: S, visitor: Visitor)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let requests = std::sync::Mutex::new(Bucket::new(REQUESTS, Instant::now()));
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(visitor);
            self.answer(&requests, request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_MAX)
            .max_buf_size(HTTP_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let outcome = tokio::select! {
            outcome = timeout(PLAIN_CONNECTION_MAX, connection.as_mut()) => outcome,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                timeout(FAREWELL_MAX, connection).await
            }
        };
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.is_timeout() => count_refusal("http_slow"),
            Ok(Err(error)) if error.is_parse() => count_refusal("http_malformed"),
            // The client is gone.
            Ok(Err(_)) => {}
            Err(_) => count_refusal("http_slow"),
        }
    }

    async fn answer(
        &self,
        requests: &std::sync::Mutex<Bucket>,
        request: Request<Incoming>,
    ) -> Result<Response, Infallible> {
        let in_time = requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take(Instant::now());
        if !in_time {
            return Ok(refuse(StatusCode::TOO_MANY_REQUESTS, "requests"));
        }
        self.app.clone().call(request.map(Body::new)).await
    }

    /// Says why, if few others are being told just now; a flood of refused connections is simply closed.
    async fn turn_away(&self, mut stream: TcpStream, status: StatusCode, reason: &'static str) {
        count_refusal(reason);
        let Ok(_place) = self.farewells.try_acquire() else {
            return;
        };
        if self.options.tls.is_some() {
            return;
        }
        let length = reason.len() + 1;
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{reason}\n"
        );
        let farewell = async {
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await?;
            // Closing with the request unread would lose the answer.
            stream.read(&mut [0; 1024]).await
        };
        let _ = timeout(FAREWELL_MAX, farewell).await;
    }
}
