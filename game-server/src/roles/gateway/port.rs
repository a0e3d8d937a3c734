//! The public port: accepts, admits by address, speaks TLS and HTTP, and lets go of whoever takes too long.
//!
//! Whatever a connection does before it is a WebSocket has a deadline, what it sends is read at a bounded rate, and what
//! waits for it is bounded, so a hostile one costs a socket and a few kilobytes for a while. Refusals are counted by
//! reason. Connections of balancers carry the requests of many visitors: what would be one visitor's share is off there.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::net::shutdown::Shutdown;
use crate::net::tls::Certificates;
use crate::net::{buffers, proxy_header};
use crate::roles::gateway::addresses::{AddressPlace, Addresses, Block};
use crate::roles::gateway::admission::{Visitor, count_refusal, refuse};
use crate::roles::gateway::limits::{
    Bucket, HTTP_BUFFER_BYTES, REFUSALS_TOLD_MAX, REQUESTS, SOCKETS_PER_ADDRESS,
};
use crate::roles::gateway::metered::Metered;
use crate::roles::gateway::plain::{Doing, Line, Plain};
use crate::roles::gateway::{answer, below};

/// Pause after a failed accept, typically for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A refused client gets this long to read why.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// Deadlines are seconds; this is how late one is noticed.
const SWEEP_EVERY: Duration = Duration::from_millis(250);
/// Answers that are under way when the port closes get this long.
const LAST_ANSWERS_MAX: Duration = Duration::from_secs(5);

/// How the public port meets clients.
#[derive(Clone)]
pub struct PortOptions {
    pub tls: Option<Certificates>,
    /// Whether balancers begin each connection with a PROXY header.
    pub proxy_protocol: bool,
    /// Public addresses of balancers, which stand for many players.
    pub trusted_proxies: Vec<Block>,
    /// Connections that one public address may have open.
    pub sockets_per_address: u32,
}

impl Default for PortOptions {
    fn default() -> Self {
        Self {
            tls: None,
            proxy_protocol: false,
            trusted_proxies: Vec::new(),
            sockets_per_address: SOCKETS_PER_ADDRESS,
        }
    }
}

struct Port {
    options: PortOptions,
    addresses: Arc<Addresses>,
    plain: Arc<Plain>,
    farewells: Semaphore,
    app: Router,
    stop: CancellationToken,
    shutdown: Shutdown,
}

/// Serves until told to stop accepting; open WebSockets go on.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    options: PortOptions,
    stop: CancellationToken,
    shutdown: Shutdown,
) {
    if let Err(error) = buffers::bound(&listener) {
        tracing::warn!(%error, "the buffers of clients' sockets could not be bounded");
    }
    let port = Arc::new(Port {
        addresses: Arc::new(Addresses::new(options.trusted_proxies.clone(), options.sockets_per_address)),
        options,
        plain: Arc::new(Plain::new(Instant::now())),
        farewells: Semaphore::new(REFUSALS_TOLD_MAX),
        app,
        stop: stop.clone(),
        shutdown,
    });
    tokio::select! {
        () = stop.cancelled() => {}
        () = port.accept(&listener) => {}
        () = port.sweep() => {}
    }
    drop(listener);
    let answered = async {
        while port.plain.answering() > 0 {
            sleep(SWEEP_EVERY).await;
        }
    };
    let _ = timeout(LAST_ANSWERS_MAX, answered).await;
}

impl Port {
    async fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => drop(tokio::spawn(self.clone().meet(stream, peer))),
                Err(error) => {
                    tracing::warn!(%error, "a client could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn sweep(&self) {
        let mut sweeps = interval(SWEEP_EVERY);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            sweeps.tick().await;
            self.plain.sweep(Instant::now());
        }
    }

    async fn meet(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // Without it small messages would wait for each other; a socket that refuses is broken anyway.
        let _ = stream.set_nodelay(true);
        let Some(place) = self.plain.enter(Instant::now()) else {
            return self.turn_away(stream, StatusCode::SERVICE_UNAVAILABLE, "connections").await;
        };
        let line = place.line();
        tokio::select! {
            () = line.ended() => {}
            () = self.converse(stream, peer, &line) => {}
        }
    }

    /// From the first byte until the connection ends or becomes a WebSocket.
    async fn converse(&self, mut stream: TcpStream, peer: SocketAddr, line: &Arc<Line>) {
        let Some(address) = self.client(&mut stream, peer.ip()).await else {
            return;
        };
        let Some(place) = self.addresses.take(address, Instant::now()) else {
            return self.turn_away(stream, StatusCode::TOO_MANY_REQUESTS, "address").await;
        };
        let exempt = self.addresses.is_exempt(address);
        if exempt {
            line.is_of_a_balancer();
        }
        let visitor = Visitor { address: (!exempt).then(|| Addresses::one_client(address)) };
        let stream = Metered::new(stream, line.clone(), place);
        match &self.options.tls {
            None => self.speak(stream, line, visitor).await,
            Some(tls) => self.encrypt(tls, stream, line, visitor).await,
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
        match proxy_header::read(stream).await {
            Ok(address) => Some(address.unwrap_or(peer)),
            Err(_) => {
                count_refusal("proxy_header");
                None
            }
        }
    }

    async fn encrypt(
        &self,
        tls: &Certificates,
        stream: Metered<TcpStream, AddressPlace>,
        line: &Arc<Line>,
        visitor: Visitor,
    ) {
        match tls.acceptor().accept(stream).await {
            Ok(stream) => self.speak(stream, line, visitor).await,
            Err(_) => count_refusal("tls"),
        }
    }

    /// HTTP until the connection ends or becomes a WebSocket.
    async fn speak<S>(&self, stream: S, line: &Arc<Line>, visitor: Visitor)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        line.begin(Doing::Idle, Instant::now());
        let requests = std::sync::Mutex::new(Bucket::new(REQUESTS, Instant::now()));
        let service = service_fn(|mut request: Request<Incoming>| {
            line.begin(Doing::Answer, Instant::now());
            request.extensions_mut().insert(visitor);
            self.answer(&requests, line, request)
        });
        let connection = http1::Builder::new()
            // The sweep sees to it: it can tell an idle connection from a slow request.
            .header_read_timeout(None)
            .max_buf_size(HTTP_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        match outcome {
            Err(error) if error.is_parse() => count_refusal("http_malformed"),
            // It is over, or the client is gone.
            Ok(()) | Err(_) => {}
        }
    }

    async fn answer(
        &self,
        requests: &std::sync::Mutex<Bucket>,
        line: &Arc<Line>,
        request: Request<Incoming>,
    ) -> Result<Response, Infallible> {
        let in_time = line.is_exempt()
            || requests.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take(Instant::now());
        let answer = if in_time {
            below::call(self.app.clone(), request.map(Body::new)).await
        } else {
            refuse(StatusCode::TOO_MANY_REQUESTS, "requests")
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            line.begin(Doing::Gone, Instant::now());
            return Ok(answer);
        }
        let mut answer = answer.map(|body| answer::told(body, line.clone()));
        // Who is told so opens another connection next time; one that just ends may cut a request off on its way here.
        if self.shutdown.is_draining() || self.plain.is_crowded() {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
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
