//! A player's connection to a gateway, both directions.

use bytes::Bytes;

use super::pipe::{Conditions, Kind, Pipe};
use crate::sim::random::Random;

/// What states and inputs travel on; everything else always takes a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    Socket,
    /// As WebTransport or WebRTC would: states and inputs as datagrams.
    Datagrams,
}

/// Bytes that lie in a socket's buffers before a sender has to wait.
const BUFFER_BYTES: usize = 32 * 1024;

/// One direction.
#[derive(Debug)]
pub struct Lane {
    stream: Pipe,
    datagrams: Option<Pipe>,
}

/// A connection; an end that dropped it leaves the other to find out.
#[derive(Debug)]
pub struct Wire {
    pub id: u32,
    pub to_gateway: Lane,
    pub to_client: Lane,
    /// Nothing moves any more.
    pub cut: bool,
    /// The gateway has said all it will say.
    pub closed_by_gateway: bool,
    /// The client has closed.
    pub closed_by_client: bool,
}

impl Lane {
    fn new(transport: Transport, conditions: Conditions) -> Lane {
        let datagrams = (transport == Transport::Datagrams).then(|| Pipe::new(Kind::Datagrams, conditions));
        Lane { stream: Pipe::new(Kind::Stream, conditions), datagrams }
    }

    fn transport(&self) -> Transport {
        if self.datagrams.is_some() { Transport::Datagrams } else { Transport::Socket }
    }

    /// States and inputs replace each other, so they may be lost where the transport can lose.
    pub fn send_replaceable(&mut self, now_us: u64, bytes: Bytes, random: &mut Random) {
        self.datagrams.as_mut().unwrap_or(&mut self.stream).send(now_us, bytes, random);
    }

    pub fn send(&mut self, now_us: u64, bytes: Bytes, random: &mut Random) {
        self.stream.send(now_us, bytes, random);
    }

    fn take(&mut self, now_us: u64) -> Vec<Bytes> {
        let mut arrived = self.stream.take(now_us);
        arrived.extend(self.datagrams.iter_mut().flat_map(|pipe| pipe.take(now_us)));
        arrived
    }

    /// A sender waits until the receiver has taken some.
    pub fn is_full(&self) -> bool {
        self.stream.bytes_under_way() > BUFFER_BYTES
    }

    fn improve(&mut self, conditions: Conditions) {
        self.stream.improve(conditions);
        self.datagrams.iter_mut().for_each(|pipe| pipe.improve(conditions));
    }
}

impl Wire {
    /// What states travel on.
    pub fn transport(&self) -> Transport {
        self.to_client.transport()
    }

    pub fn new(id: u32, transport: Transport, conditions: Conditions) -> Wire {
        Wire {
            id,
            to_gateway: Lane::new(transport, conditions),
            to_client: Lane::new(transport, conditions),
            cut: false,
            closed_by_gateway: false,
            closed_by_client: false,
        }
    }

    pub fn at_gateway(&mut self, now_us: u64) -> Vec<Bytes> {
        if self.cut { Vec::new() } else { self.to_gateway.take(now_us) }
    }

    pub fn at_client(&mut self, now_us: u64) -> Vec<Bytes> {
        if self.cut { Vec::new() } else { self.to_client.take(now_us) }
    }

    /// Whether the client has read everything of a connection that the gateway closed.
    pub fn is_read_out(&self) -> bool {
        self.closed_by_gateway && self.to_client.stream.bytes_under_way() == 0
    }

    pub fn improve(&mut self, conditions: Conditions) {
        self.to_gateway.improve(conditions);
        self.to_client.improve(conditions);
    }
}
