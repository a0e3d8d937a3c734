//! The newest frames of one room, and the bodies that its players share.
//!
//! The body of a State message depends only on (base, newest), so it is encoded once for all players with the same
//! base: the full one once per room and state tick, however many join in it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::{InputAck, RoomFrame, Slot, Tick};
use crate::protocol::delta::{BASES_MAX, base_age, encode_body};

/// What one room has said lately.
#[derive(Debug, Default)]
pub struct History {
    /// Oldest first, at most [`BASES_MAX`].
    frames: VecDeque<Arc<RoomFrame>>,
    acks: Vec<InputAck>,
    /// Bodies of the newest frame by the age of their base, 0 for the full one; as many as there are bases.
    bodies: Vec<(u8, Arc<[u8]>)>,
}

impl History {
    /// Takes the room's newest frame.
    pub fn push(&mut self, frame: RoomFrame, acks: Vec<InputAck>) {
        if self.frames.len() == BASES_MAX {
            self.frames.pop_front();
        }
        self.frames.push_back(Arc::new(frame));
        self.acks = acks;
        self.bodies.clear();
    }

    /// The newest frame; nothing before the first.
    pub fn newest(&self) -> Option<&Arc<RoomFrame>> {
        self.frames.back()
    }

    /// The frame of this tick, while it is kept.
    pub fn at(&self, tick: Tick) -> Option<&Arc<RoomFrame>> {
        self.frames.iter().find(|frame| frame.tick == tick)
    }

    /// Frames after `from` and before `to` that are kept.
    pub fn between(&self, from: Tick, to: Tick) -> usize {
        self.frames.iter().filter(|frame| frame.tick > from && frame.tick < to).count()
    }

    /// How far the inputs of the player on `slot` have come.
    pub fn ack(&self, slot: Slot) -> Option<&InputAck> {
        self.acks.iter().find(|ack| ack.slot == slot)
    }

    /// The body of the newest frame against `base`, which has to be one of the kept frames, or the full one.
    pub fn body(&mut self, base: Option<&RoomFrame>) -> Option<Arc<[u8]>> {
        let newest = self.frames.back()?;
        let age = base_age(base, newest);
        if let Some((_, body)) = self.bodies.iter().find(|(of, _)| *of == age) {
            return Some(body.clone());
        }
        let body: Arc<[u8]> = encode_body(base, newest).into();
        self.bodies.push((age, body.clone()));
        Some(body)
    }

    /// How often a body was encoded for the newest frame.
    #[cfg(test)]
    pub fn bodies_encoded(&self) -> usize {
        self.bodies.len()
    }
}
