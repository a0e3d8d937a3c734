//! One player on `/room`: ticket, seat, inputs in, states out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::extract::ws::Message;
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::domain::{PlayerInput, Tick};
use crate::net::awake::timeout;
use crate::protocol::bus::TicketClaims;
use crate::protocol::client::{
    CLIENT_MESSAGE_BYTES_MAX, ClientMessage, ErrorCode, ServerMessage, Welcome, decode_client, encode_server,
};
use crate::protocol::link::JoinRefusal;
use crate::protocol::roster::RosterView;
use crate::protocol::ticket::TicketError;
use crate::protocol::view::View;
use crate::protocol::wire::DecodeError;
use crate::roles::gateway::Gateway;
use crate::roles::gateway::admission::{Admitted, count_refusal};
use crate::roles::gateway::host_link::{Attachment, Notice};
use crate::roles::gateway::hosts::Unreached;
use crate::roles::gateway::latency::Latency;
use crate::roles::gateway::limits::{Bucket, HELLO_MAX, ROOM_MESSAGES, ROOM_PING_EVERY, ROOM_PINGS};
use crate::roles::gateway::socket::{CLOSE_NORMAL, ClientSocket, Gone, Received};
use crate::roles::gateway::tickets::unix_time_s;
use crate::roles::gateway::whereabouts;
use crate::telemetry;

/// A room host seats a player within a tick or two.
const JOIN_MAX: Duration = Duration::from_secs(3);
/// A link that is lost is dialled again for as long as seats are held unless told otherwise; then the page tries.
const RETURN_MAX: Duration = Duration::from_secs(30);
/// Between two tries.
const RETURN_PAUSE: Duration = Duration::from_millis(100);
/// When everything ends at once, the room host's last score board is this close behind.
const SCORE_BOARD_GRACE: Duration = Duration::from_millis(300);
/// WebSocket close code of an [`ErrorCode`]: this plus its number.
const CLOSE_ERROR_BASE: u16 = 4000;

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nobody is there to be told.
    Gone,
    /// The player left, or the room closed after its match.
    Normal,
    Error(ErrorCode, &'static str),
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        End::Gone
    }
}

/// `GET /room`
pub async fn upgrade(State(gateway): State<Arc<Gateway>>, admitted: Admitted) -> Response {
    let Admitted { upgrade, place, .. } = admitted;
    upgrade.max_message_size(CLIENT_MESSAGE_BYTES_MAX).max_frame_size(CLIENT_MESSAGE_BYTES_MAX).on_upgrade(
        async move |socket| {
            let sockets = metrics::gauge!(telemetry::SOCKETS, "path" => "room");
            let _counted = gateway.room_sessions.token();
            sockets.increment(1.0);
            let mut socket = ClientSocket::new(socket, ROOM_MESSAGES, ROOM_PING_EVERY);
            let end = match serve(&mut socket, &gateway).await {
                Ok(never) => match never {},
                Err(end) => end,
            };
            finish(socket, end).await;
            sockets.decrement(1.0);
            drop(place);
        },
    )
}

async fn finish(mut socket: ClientSocket, end: End) {
    match end {
        End::Gone => {}
        End::Normal => socket.close(CLOSE_NORMAL, "").await,
        End::Error(code, message) => {
            count_refusal(message);
            let error = ServerMessage::Error { code, message: message.to_string() };
            if socket.send_bytes(Bytes::from(encode_server(&error))).await.is_ok() {
                socket.close(CLOSE_ERROR_BASE + code as u16, message).await;
            }
        }
    }
}

async fn serve(socket: &mut ClientSocket, gateway: &Gateway) -> Result<std::convert::Infallible, End> {
    let (page, claims) = hello(socket, gateway).await?;
    let (attachment, welcome) = enter(gateway, claims.clone()).await?;
    let mut session = Session {
        socket,
        frames: attachment.feed.subscribe(),
        attachment,
        claims,
        returning: None,
        gateway,
        view: View::new(welcome.slot),
        roster: RosterView::new(page.common),
        pings: Bucket::new(ROOM_PINGS, Instant::now()),
        latency: Latency::default(),
        page,
        over: false,
    };
    let welcome = ServerMessage::Welcome { version: page.common, welcome };
    session.send(Bytes::from(encode_server(&welcome))).await?;
    session.play().await
}

/// What the page and this gateway speak with each other.
#[derive(Debug, Clone, Copy)]
struct PageVersion {
    common: u8,
    is_newer: bool,
}

/// The first message brings the ticket.
async fn hello(socket: &mut ClientSocket, gateway: &Gateway) -> Result<(PageVersion, TicketClaims), End> {
    let first = timeout(HELLO_MAX, socket.receive())
        .await
        .map_err(|_| End::Error(ErrorCode::Malformed, "no_hello"))??;
    let Received::Binary(bytes) = first else {
        return Err(End::Error(ErrorCode::Malformed, "no_hello"));
    };
    let Ok(ClientMessage::Hello { version, ticket }) = decode_client(&bytes) else {
        return Err(End::Error(ErrorCode::Malformed, "no_hello"));
    };
    let spoken = gateway.options.protocols.client;
    let common = spoken.common(version).ok_or(End::Error(ErrorCode::Version, "version"))?;
    let page = PageVersion { common, is_newer: version > spoken.newest };
    let claims = gateway.options.ticket_key.verify(&ticket, unix_time_s()).map_err(|error| {
        tracing::debug!(%error, "ticket refused");
        End::Error(ErrorCode::Ticket, why_refused(error))
    })?;
    Ok((page, claims))
}

/// The ticket of a page that comes back after its match has run out; that of one that comes from the lobby can only have
/// done so when clocks differ, and the page says that.
fn why_refused(error: TicketError) -> &'static str {
    match error {
        TicketError::Expired { .. } => "ticket_expired",
        TicketError::Malformed | TicketError::Signature => "ticket",
    }
}

/// Takes the seat that a ticket promises.
async fn enter(gateway: &Gateway, claims: TicketClaims) -> Result<(Attachment, Welcome), End> {
    let mut attachment = attach(gateway, claims).await?;
    let welcome = timeout(JOIN_MAX, seated(&mut attachment))
        .await
        .map_err(|_| End::Error(ErrorCode::Unreachable, "room_silent"))??;
    Ok((attachment, welcome))
}

/// The same for a player whose link was lost: as long as the host may be there, so may the seat.
async fn come_back(gateway: &Gateway, claims: TicketClaims) -> Result<(Attachment, Welcome), End> {
    let lost = Instant::now();
    loop {
        match enter(gateway, claims.clone()).await {
            Err(End::Error(ErrorCode::Unreachable, _)) if lost.elapsed() < RETURN_MAX => {
                sleep(RETURN_PAUSE).await
            }
            entered => return entered,
        }
    }
}

async fn attach(gateway: &Gateway, mut claims: TicketClaims) -> Result<Attachment, End> {
    let known = whereabouts::of_ticket(gateway, &mut claims).await;
    let (pool, address) = known.ok_or(End::Error(ErrorCode::RoomGone, "room_unknown"))?;
    let link = gateway.hosts.reach(&address).await.map_err(|error| {
        tracing::warn!("a player could not reach the room: {error}");
        match error {
            Unreached::Refused(_) => End::Error(ErrorCode::RoomGone, "host_gone"),
            Unreached::Silent(_) => End::Error(ErrorCode::Unreachable, "host_unreachable"),
        }
    })?;
    Ok(link.attach(claims, pool))
}

/// Waits for the host's word.
async fn seated(attachment: &mut Attachment) -> Result<Welcome, End> {
    loop {
        match attachment.notices.recv().await {
            Some(Notice::Joined(welcome)) => return Ok(welcome),
            Some(Notice::Refused(refusal)) => return Err(refused(refusal)),
            // Events of a room that the player is not in yet.
            Some(Notice::Message(_) | Notice::Over(_)) => {}
            Some(Notice::Gone) => return Err(End::Error(ErrorCode::RoomGone, "room_gone")),
            Some(Notice::Lost) | None => return Err(End::Error(ErrorCode::Unreachable, "link_lost")),
            Some(Notice::Replaced) => return Err(REPLACED),
        }
    }
}

/// Waits for what is there, or for ever.
async fn finished<T>(waited_for: &mut Option<BoxFuture<'_, T>>) -> T {
    match waited_for {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

const TOO_FAST: End = End::Error(ErrorCode::TooFast, "too_fast");
const REPLACED: End = End::Error(ErrorCode::Replaced, "replaced");

fn refused(refusal: JoinRefusal) -> End {
    match refusal {
        JoinRefusal::RoomFull => End::Error(ErrorCode::RoomFull, "room_full"),
        JoinRefusal::RoomGone => End::Error(ErrorCode::RoomGone, "room_gone"),
        JoinRefusal::MatchOver => End::Error(ErrorCode::RoomGone, "match_over"),
        JoinRefusal::WrongPool => End::Error(ErrorCode::Ticket, "wrong_pool"),
        JoinRefusal::TooSoon => End::Error(ErrorCode::TooSoon, "too_soon"),
    }
}

/// A seated player.
struct Session<'a> {
    socket: &'a mut ClientSocket,
    frames: watch::Receiver<Tick>,
    attachment: Attachment,
    claims: TicketClaims,
    /// On the way back to the seat over another link; the player is told nothing and misses a few states.
    returning: Option<BoxFuture<'a, Result<(Attachment, Welcome), End>>>,
    gateway: &'a Gateway,
    view: View,
    roster: RosterView,
    pings: Bucket,
    latency: Latency,
    page: PageVersion,
    over: bool,
}

impl Session<'_> {
    async fn play(&mut self) -> Result<std::convert::Infallible, End> {
        let gateway = self.gateway;
        let mut told_to_end = std::pin::pin!(async {
            gateway.shutdown.ending().await;
            sleep(SCORE_BOARD_GRACE).await;
        });
        loop {
            tokio::select! {
                // Most wakes are inputs: in this order they find one without asking the others first, and who sends
                // without a pause still gets states, since what follows looks for them.
                biased;
                received = self.socket.receive() => self.take(received?).await?,
                changed = self.frames.changed() => match changed {
                    Ok(()) => self.send_state().await?,
                    Err(_) => return Err(self.room_gone()),
                },
                notice = self.attachment.notices.recv(), if self.returning.is_none() => self.pass_on(notice).await?,
                returned = finished(&mut self.returning) => self.take_seat_again(returned?).await?,
                () = &mut told_to_end => return Err(End::Error(ErrorCode::Draining, "draining")),
            }
            self.pass_on_the_rest().await?;
            self.socket.flush().await?;
        }
    }

    async fn take(&mut self, received: Received) -> Result<(), End> {
        let bytes = match received {
            Received::Binary(bytes) => bytes,
            Received::Text(_) => return Err(End::Error(ErrorCode::Malformed, "malformed")),
            Received::TooFast => return Err(TOO_FAST),
            Received::TooLarge => return Err(End::Error(ErrorCode::Malformed, "too_large")),
            Received::Garbage => return Err(End::Error(ErrorCode::Malformed, "garbage")),
        };
        let decoded = decode_client(&bytes);
        if self.page.is_newer && decoded == Err(DecodeError::UnknownKind) {
            return Ok(());
        }
        let message = decoded.map_err(|error| {
            metrics::counter!(telemetry::MALFORMED, "from" => "client", "error" => error.label())
                .increment(1);
            End::Error(ErrorCode::Malformed, "malformed")
        })?;
        match message {
            ClientMessage::Hello { .. } => Err(End::Error(ErrorCode::Malformed, "second_hello")),
            ClientMessage::Input { acked_tick, first_tick, inputs } => {
                self.view.ack(acked_tick);
                self.latency.acked(acked_tick, Instant::now());
                if let Some((payload, at)) = self.socket.take_pong() {
                    self.latency.ponged(&payload, at);
                }
                self.attachment.input(first_tick, self.believed(inputs));
                Ok(())
            }
            ClientMessage::Ping { .. } if !self.pings.take(Instant::now()) => Err(TOO_FAST),
            ClientMessage::Ping { client_time_ms } => {
                let (tick, tick_gap_excess_p99_us) = self.attachment.feed.clock(Instant::now());
                let pong = ServerMessage::Pong { client_time_ms, tick, tick_gap_excess_p99_us };
                self.send(Bytes::from(encode_server(&pong))).await
            }
            ClientMessage::Leave => {
                self.attachment.leave_on_purpose();
                Err(End::Normal)
            }
        }
    }

    /// The inputs, with no older picture claimed than the player's line explains.
    fn believed(&self, mut inputs: Vec<PlayerInput>) -> Vec<PlayerInput> {
        let view_age_max = self.latency.view_age_max();
        for input in &mut inputs {
            *input = input.with_view_age_at_most(view_age_max);
        }
        inputs
    }

    async fn send_state(&mut self) -> Result<(), End> {
        self.frames.mark_unchanged();
        // First, so that nobody is on the screen without a name.
        if let Some(roster) = self.attachment.feed.roster(&mut self.roster) {
            self.send(Bytes::from(roster)).await?;
        }
        let Some(state) = self.attachment.feed.state(&mut self.view) else {
            return Ok(());
        };
        self.gateway.counters.count_state(&state);
        let now = Instant::now();
        self.latency.sent(state.tick, now);
        self.send(Bytes::from(state.bytes)).await?;
        match self.latency.ping(now) {
            Some(number) => Ok(self.socket.queue(Message::Ping(Bytes::copy_from_slice(&[number]))).await?),
            None => Ok(()),
        }
    }

    async fn pass_on(&mut self, notice: Option<Notice>) -> Result<(), End> {
        match notice {
            Some(Notice::Message(message)) => self.send(message).await,
            Some(Notice::Over(message)) => {
                self.over = true;
                self.send(message).await
            }
            Some(Notice::Gone) => Err(self.room_gone()),
            Some(Notice::Lost) if self.over => Err(End::Normal),
            Some(Notice::Lost) => {
                self.returning = Some(come_back(self.gateway, self.claims.clone()).boxed());
                Ok(())
            }
            Some(Notice::Replaced) => Err(REPLACED),
            Some(Notice::Joined(_) | Notice::Refused(_)) => Ok(()),
            None => Err(End::Error(ErrorCode::TooSlow, "too_slow")),
        }
    }

    /// The room goes on for this player where it is by now. Only another slot is news to the page.
    async fn take_seat_again(&mut self, (attachment, welcome): (Attachment, Welcome)) -> Result<(), End> {
        self.returning = None;
        self.frames = attachment.feed.subscribe();
        self.attachment = attachment;
        if welcome.slot == self.view.slot() {
            return Ok(());
        }
        self.view = View::new(welcome.slot);
        self.roster = RosterView::new(self.page.common);
        let welcome = ServerMessage::Welcome { version: self.page.common, welcome };
        self.send(Bytes::from(encode_server(&welcome))).await
    }

    /// What the room said in the same tick leaves in the same packet.
    async fn pass_on_the_rest(&mut self) -> Result<(), End> {
        while let Ok(notice) = self.attachment.notices.try_recv() {
            self.pass_on(Some(notice)).await?;
        }
        if self.frames.has_changed().unwrap_or(false) {
            self.send_state().await?;
        }
        Ok(())
    }

    /// After the score board the end of a room is no error.
    fn room_gone(&self) -> End {
        if self.over { End::Normal } else { End::Error(ErrorCode::RoomGone, "room_gone") }
    }

    /// Leaves with the next flush.
    async fn send(&mut self, bytes: Bytes) -> Result<(), End> {
        self.gateway.counters.count_message(bytes.len());
        Ok(self.socket.queue(Message::Binary(bytes)).await?)
    }
}
