//! The newest state of one room, and what each player still needs of it.
//!
//! Frames are kept as possible bases; the body of a State message depends only on (base, newest) and is encoded once
//! for all players with the same base. Nothing is queued for anybody: a player whose socket is slow takes whatever is
//! newest when it can, so it skips frames and never falls behind.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::domain::{InputAck, RoomFrame, SPECTATOR, Slot, TICK_RATE_HZ, Tick};
use crate::protocol::delta::{self, BASES_MAX};

/// Shared by the link that fills it and the sessions that read it.
pub struct Feed {
    ring: Mutex<Ring>,
    newest: watch::Sender<Tick>,
}

struct Ring {
    /// Oldest first, at most [`BASES_MAX`].
    frames: VecDeque<RoomFrame>,
    acks: Vec<InputAck>,
    /// Bodies of the newest frame by the age of their base, 0 for the full one; as many as there are bases.
    bodies: Vec<(u8, Vec<u8>)>,
    arrived: Instant,
    tick_gap_excess_p99_us: u32,
}

/// A State message for one player.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    pub tick: Tick,
    pub bytes: Vec<u8>,
}

impl Feed {
    /// A room that has sent nothing yet.
    pub fn new(now: Instant) -> Self {
        let ring = Ring {
            frames: VecDeque::with_capacity(BASES_MAX),
            acks: Vec::new(),
            bodies: Vec::new(),
            arrived: now,
            tick_gap_excess_p99_us: 0,
        };
        Self { ring: Mutex::new(ring), newest: watch::Sender::new(0) }
    }

    /// Tells the tick of each new frame; several at once count as one.
    pub fn subscribe(&self) -> watch::Receiver<Tick> {
        self.newest.subscribe()
    }

    /// Takes the room's newest frame and wakes the players.
    pub fn push(&self, frame: RoomFrame, acks: Vec<InputAck>, tick_gap_excess_p99_us: u32, now: Instant) {
        let tick = frame.tick;
        let mut ring = self.ring();
        if ring.frames.len() == BASES_MAX {
            ring.frames.pop_front();
        }
        ring.frames.push_back(frame);
        ring.acks = acks;
        ring.bodies.clear();
        ring.arrived = now;
        ring.tick_gap_excess_p99_us = tick_gap_excess_p99_us;
        drop(ring);
        self.newest.send_replace(tick);
    }

    /// The newest state for the player on `slot` who has decoded the frame of `acked`; nothing before the first frame
    /// and before the frame in which the player appears.
    pub fn state(&self, slot: Slot, acked: Tick) -> Option<State> {
        let mut ring = self.ring();
        let ring = &mut *ring;
        let newest = ring.frames.back()?;
        if slot != SPECTATOR && !newest.players.iter().any(|player| player.slot == slot) {
            return None;
        }
        let base = ring.frames.iter().find(|frame| frame.tick == acked && frame.tick < newest.tick);
        let age = delta::base_age(base, newest);
        let at = ring.bodies.iter().position(|(of, _)| *of == age).unwrap_or_else(|| {
            ring.bodies.push((age, delta::encode_body(base, newest)));
            ring.bodies.len() - 1
        });
        let ack = ring.acks.iter().find(|ack| ack.slot == slot);
        let mut bytes = delta::encode_head(newest, slot, age, ack);
        bytes.extend_from_slice(&ring.bodies[at].1);
        Some(State { tick: newest.tick, bytes })
    }

    /// The tick that the room is at by now, and how punctual its host is.
    pub fn clock(&self, now: Instant) -> (Tick, u32) {
        let ring = self.ring();
        let newest = ring.frames.back().map_or(0, |frame| frame.tick);
        let since = now.saturating_duration_since(ring.arrived).as_secs_f64() * f64::from(TICK_RATE_HZ);
        (newest.saturating_add(since as Tick), ring.tick_gap_excess_p99_us)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
