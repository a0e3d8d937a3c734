//! Events since the last state: they leave with the next one, so that they cost no packet of their own.
//!
//! The page shows others as they were a tenth of a second ago, so it does not need them earlier than the state.

use crate::domain::{GameEvent, RoomId, Tick};
use crate::protocol::link::encode_events_into;
use crate::roles::room::mailbox::LinkId;
use crate::roles::room::outgoing::Outgoing;

/// Keeps its memory, so that a steady tick takes none.
#[derive(Default)]
pub struct Untold {
    events: Vec<GameEvent>,
    /// Each tick with events, and where they end.
    ticks: Vec<(Tick, usize)>,
}

impl Untold {
    /// What happened in a tick.
    pub fn note(&mut self, tick: Tick, events: &[GameEvent]) {
        if !events.is_empty() {
            self.events.extend_from_slice(events);
            self.ticks.push((tick, self.events.len()));
        }
    }

    /// Sends it, one message a tick.
    pub fn tell(&mut self, room: RoomId, links: &[LinkId], out: &mut Outgoing) {
        let mut begin = 0;
        for (tick, end) in self.ticks.drain(..) {
            let events = &self.events[begin..end];
            out.send_with(links, |out| encode_events_into(out, room, tick, events));
            begin = end;
        }
        self.events.clear();
    }
}
