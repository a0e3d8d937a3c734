//! What one simulation thread sends during a tick, gathered per link so that each link wakes once.

use std::collections::HashMap;

use crate::net::link::{Batch, FrameSender};
use crate::protocol::link::{RoomToGateway, encode_room_into};
use crate::protocol::wire::Writer;
use crate::roles::room::mailbox::LinkId;

/// The links that this thread's rooms know.
#[derive(Default)]
pub struct Outgoing {
    links: HashMap<LinkId, (FrameSender, Batch)>,
    encoded: Writer,
}

impl Outgoing {
    /// Makes a link known; again is fine.
    pub fn learn(&mut self, link: LinkId, sender: FrameSender) {
        self.links.entry(link).or_insert_with(|| (sender, Batch::default()));
    }

    /// Encodes once and queues for each link; unknown links are gone and get nothing.
    pub fn send(&mut self, to: &[LinkId], message: &RoomToGateway) {
        self.send_with(to, |out| encode_room_into(out, message));
    }

    /// The same for what is encoded from borrowed parts.
    pub fn send_with(&mut self, to: &[LinkId], encode: impl FnOnce(&mut Writer)) {
        if to.is_empty() {
            return;
        }
        self.encoded.clear();
        encode(&mut self.encoded);
        for link in to {
            if let Some((_, batch)) = self.links.get_mut(link) {
                batch.push(self.encoded.as_bytes());
            }
        }
    }

    /// Hands everything to the links' writers; forgets and returns those that have closed.
    pub fn flush(&mut self) -> Vec<LinkId> {
        let mut lost = Vec::new();
        self.links.retain(|link, (sender, batch)| {
            let alive = if batch.is_empty() { !sender.is_closed() } else { sender.send_batch(batch).is_ok() };
            if !alive {
                lost.push(*link);
            }
            alive
        });
        lost
    }
}
