//! The gateway's end: sessions of players, and the links to the room host that carry them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::watch;

use super::pipe::{Conditions, Kind, Pipe};
use super::wire::{Transport, Wire};
use crate::domain::{Pool, SPECTATOR, Slot, Tick};
use crate::net::link::FrameSender;
use crate::net::link::tests::{Queued, detached};
use crate::protocol::client::{
    CLIENT_PROTOCOL_VERSION, ClientMessage, ErrorCode, ServerMessage, decode_client, encode_server,
};
use crate::protocol::delta::{assemble, base_age, encode_head};
use crate::protocol::history::History;
use crate::protocol::link::{JoinRefusal, decode_room};
use crate::protocol::roster::RosterView;
use crate::protocol::ticket::TicketKey;
use crate::protocol::view::View;
use crate::roles::gateway::host_link::{Attachment, HostLink, Notice};
use crate::roles::room::mailbox::LinkId;
use crate::sim::random::Random;

/// A gateway waits this long for the host's word about a join, as the real one does.
const JOIN_MAX_US: u64 = 3_000_000;
/// A socket that takes nothing for this long is given up, as by the real gateway.
const SEND_MAX_US: u64 = 10_000_000;
/// Links are short: one network, one rack.
const LINK: Conditions = Conditions {
    delay_us: 300,
    jitter_us: 700,
    stall_per_mille: 1,
    stall_us: 20_000,
    loss_per_mille: 0,
    double_per_mille: 0,
};

/// One link with both of its ends.
pub struct Link {
    pub number: LinkId,
    pub gateway: usize,
    pub end: Arc<HostLink>,
    from_gateway: Queued,
    from_host: Queued,
    to_host: Pipe,
    to_gateway: Pipe,
    /// When each end finds out that the link is cut.
    pub cut: Option<Cut>,
}

#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub gateway_learns_us: u64,
    pub host_learns_us: u64,
}

impl Link {
    /// A new link and the host's way to send on it.
    pub fn dial(number: LinkId, gateway: usize) -> (Link, FrameSender) {
        let (sender, from_gateway) = detached();
        let (host_sender, from_host) = detached();
        let link = Link {
            number,
            gateway,
            end: Arc::new(HostLink::over(sender)),
            from_gateway,
            from_host,
            to_host: Pipe::new(Kind::Stream, LINK),
            to_gateway: Pipe::new(Kind::Stream, LINK),
            cut: None,
        };
        (link, host_sender)
    }

    /// Moves frames; returns those that have reached the host.
    pub fn advance(&mut self, now_us: u64, random: &mut Random) -> Vec<Bytes> {
        let (up, down) = (self.from_gateway.take(), self.from_host.take());
        if let Some(cut) = self.cut {
            if now_us >= cut.gateway_learns_us && !self.end.is_closed() {
                self.end.lost();
            }
            return Vec::new();
        }
        up.into_iter().for_each(|frame| self.to_host.send(now_us, frame, random));
        down.into_iter().for_each(|frame| self.to_gateway.send(now_us, frame, random));
        for frame in self.to_gateway.take(now_us) {
            self.end.take(decode_room(&frame).expect("a host says what a gateway can read"));
        }
        self.to_host.take(now_us)
    }
}

/// Why a session ends.
enum End {
    Quiet,
    Told(ErrorCode),
}

/// One player's connection as a gateway serves it: the rules of `gateway::play` without its socket.
pub struct Session {
    wire: u32,
    gateway: usize,
    attachment: Option<Attachment>,
    /// Where the player sits and the wake-ups by new frames since then.
    seated: Option<(View, RosterView, watch::Receiver<Tick>)>,
    opened_us: u64,
    blocked_since_us: Option<u64>,
    slot: Slot,
    acked: Tick,
    sent: Tick,
    over: bool,
    /// The gateway finds a dead connection only then.
    pub finds_cut_us: Option<u64>,
}

/// What sessions need from around them.
pub struct Around<'a> {
    pub now_us: u64,
    pub random: &'a mut Random,
    pub tickets: &'a TicketKey,
    pub pool: Pool,
    /// The link of each gateway that takes new sessions.
    pub links: &'a BTreeMap<usize, Arc<HostLink>>,
    /// Sessions that lost their seat to a newer one.
    pub replaced: &'a mut u64,
}

impl Session {
    pub fn new(wire: u32, gateway: usize, now_us: u64) -> Session {
        Session {
            wire,
            gateway,
            attachment: None,
            seated: None,
            opened_us: now_us,
            blocked_since_us: None,
            slot: SPECTATOR,
            acked: 0,
            sent: 0,
            over: false,
            finds_cut_us: None,
        }
    }

    pub fn wire(&self) -> u32 {
        self.wire
    }

    /// Serves for a moment; false when the session is over.
    pub fn advance(&mut self, wire: &mut Wire, around: &mut Around<'_>) -> bool {
        let gone = self.finds_cut_us.is_some_and(|at_us| around.now_us >= at_us) || wire.closed_by_client;
        let end = if gone { Err(End::Quiet) } else { self.serve(wire, around) };
        let Err(end) = end else { return true };
        if let End::Told(code) = end {
            let message = ServerMessage::Error { code, message: String::new() };
            send(&message, wire, around);
        }
        wire.closed_by_gateway = true;
        false
    }

    fn serve(&mut self, wire: &mut Wire, around: &mut Around<'_>) -> Result<(), End> {
        if wire.to_client.is_full() {
            let since_us = *self.blocked_since_us.get_or_insert(around.now_us);
            let too_slow = around.now_us - since_us > SEND_MAX_US;
            return if too_slow { Err(End::Quiet) } else { Ok(()) };
        }
        self.blocked_since_us = None;
        for bytes in wire.at_gateway(around.now_us) {
            let message = decode_client(&bytes).expect("a client says what a gateway can read");
            self.take(message, around)?;
        }
        self.pass_notices_on(wire, around)?;
        self.send_state(wire, around);
        Ok(())
    }

    fn take(&mut self, message: ClientMessage, around: &mut Around<'_>) -> Result<(), End> {
        match message {
            ClientMessage::Hello { ticket, .. } => {
                let claims = around.tickets.verify(&ticket, 0).map_err(|_| End::Told(ErrorCode::Ticket))?;
                let link = around.links.get(&self.gateway).ok_or(End::Told(ErrorCode::RoomGone))?;
                self.attachment = Some(link.attach(claims, around.pool));
            }
            // What comes after the Hello waits in the socket until the seat is there.
            ClientMessage::Input { acked_tick, first_tick, inputs } => {
                self.acked = self.acked.max(acked_tick.min(self.sent));
                self.seated.iter_mut().for_each(|(view, ..)| view.ack(acked_tick));
                let attachment = self.attachment.as_ref().filter(|_| self.seated.is_some());
                attachment.inspect(|attachment| attachment.input(first_tick, inputs));
            }
            ClientMessage::Leave => {
                self.attachment.iter_mut().for_each(Attachment::leave_on_purpose);
                return Err(End::Quiet);
            }
            ClientMessage::Ping { .. } => {}
        }
        Ok(())
    }

    fn pass_notices_on(&mut self, wire: &mut Wire, around: &mut Around<'_>) -> Result<(), End> {
        let waits_too_long = self.seated.is_none() && around.now_us > self.opened_us + JOIN_MAX_US;
        if waits_too_long {
            return Err(End::Told(ErrorCode::RoomGone));
        }
        let Some(attachment) = &mut self.attachment else { return Ok(()) };
        loop {
            match attachment.notices.try_recv() {
                Ok(Notice::Joined(welcome)) => {
                    self.slot = welcome.slot;
                    let roster = RosterView::new(CLIENT_PROTOCOL_VERSION);
                    self.seated = Some((View::new(welcome.slot), roster, attachment.feed.subscribe()));
                    send(&ServerMessage::Welcome { version: CLIENT_PROTOCOL_VERSION, welcome }, wire, around);
                }
                Ok(Notice::Refused(refusal)) => return Err(End::Told(refused(refusal))),
                Ok(Notice::Message(_)) if self.seated.is_none() => {}
                Ok(Notice::Message(bytes)) => wire.to_client.send(around.now_us, bytes, around.random),
                Ok(Notice::Over(bytes)) => {
                    self.over = true;
                    wire.to_client.send(around.now_us, bytes, around.random);
                }
                Ok(Notice::Gone | Notice::Lost) if self.over => return Err(End::Quiet),
                Ok(Notice::Gone | Notice::Lost) => return Err(End::Told(ErrorCode::RoomGone)),
                Ok(Notice::Replaced) => {
                    *around.replaced += 1;
                    return Err(End::Told(ErrorCode::Replaced));
                }
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(End::Told(ErrorCode::TooSlow)),
            }
        }
    }

    fn send_state(&mut self, wire: &mut Wire, around: &mut Around<'_>) {
        let (Some((view, roster, frames)), Some(attachment)) = (&mut self.seated, &self.attachment) else {
            return;
        };
        if !frames.has_changed().is_ok_and(|changed| changed) {
            return;
        }
        frames.mark_unchanged();
        if let Some(bytes) = attachment.feed.roster(roster) {
            wire.to_client.send(around.now_us, Bytes::from(bytes), around.random);
        }
        let state = match wire.transport() {
            Transport::Socket => attachment.feed.state(view).map(|state| (state.tick, state.bytes)),
            Transport::Datagrams => {
                attachment.feed.with_history(|history| stateless(history, self.slot, self.acked))
            }
        };
        let Some((tick, bytes)) = state else { return };
        if tick != self.sent {
            self.sent = tick;
            wire.to_client.send_replaceable(around.now_us, Bytes::from(bytes), around.random);
        }
    }
}

/// Without the memory of a view, which counts on the order of a socket: against what is surely there, or everything.
fn stateless(history: &mut History, slot: Slot, acked: Tick) -> Option<(Tick, Vec<u8>)> {
    let newest = history.newest()?.clone();
    if !newest.players.iter().any(|player| player.slot == slot) {
        return None;
    }
    let base = history.at(acked).filter(|base| base.tick < newest.tick).cloned();
    let head = encode_head(&newest, slot, base_age(base.as_deref(), &newest), history.ack(slot));
    Some((newest.tick, assemble(&head, &history.body(base.as_deref())?)))
}

fn send(message: &ServerMessage, wire: &mut Wire, around: &mut Around<'_>) {
    wire.to_client.send(around.now_us, Bytes::from(encode_server(message)), around.random);
}

fn refused(refusal: JoinRefusal) -> ErrorCode {
    match refusal {
        JoinRefusal::RoomFull => ErrorCode::RoomFull,
        JoinRefusal::RoomGone | JoinRefusal::MatchOver => ErrorCode::RoomGone,
        JoinRefusal::WrongPool => ErrorCode::Ticket,
        JoinRefusal::TooSoon => ErrorCode::TooSoon,
    }
}
