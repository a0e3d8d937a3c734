//! What one simulation thread sends during a tick, gathered per link so that each link wakes once.

use std::collections::HashMap;

use crate::net::link::{Batch, FrameSender};
use crate::protocol::link::{RoomToGateway, encode_room};
use crate::roles::room::mailbox::LinkId;

/// The links that this thread's rooms know.
#[derive(Default)]
pub struct Outgoing {
    links: HashMap<LinkId, (FrameSender, Batch)>,
}

impl Outgoing {
    /// Makes a link known; again is fine.
    pub fn learn(&mut self, link: LinkId, sender: FrameSender) {
        self.links.entry(link).or_insert_with(|| (sender, Batch::default()));
    }

    /// Encodes once and queues for each link; unknown links are gone and get nothing.
    pub fn send(&mut self, to: &[LinkId], message: &RoomToGateway) {
        if to.is_empty() {
            return;
        }
        let encoded = encode_room(message);
        for link in to {
            if let Some((_, batch)) = self.links.get_mut(link) {
                batch.push(&encoded);
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
