//! Inputs of one player, addressed to ticks: buffered when early, dropped when late, repeated when missing.

use crate::domain::{PlayerInput, Tick};
use crate::sim::hash::StateHash;

/// How far ahead an input may be addressed: about a second, more than any playable round trip.
pub const INPUT_TICKS_AHEAD_MAX: Tick = 64;

/// The inputs that wait for their tick and what was known last.
#[derive(Debug, Clone)]
pub struct InputBuffer {
    waiting: [PlayerInput; INPUT_TICKS_AHEAD_MAX as usize],
    /// Bit `tick % 64` is set while `waiting` holds an input for that tick.
    filled: u64,
    current: PlayerInput,
    applied_tick: Tick,
    margin_ticks: i8,
}

impl Default for InputBuffer {
    fn default() -> InputBuffer {
        InputBuffer {
            waiting: [PlayerInput::default(); INPUT_TICKS_AHEAD_MAX as usize],
            filled: 0,
            current: PlayerInput::default(),
            applied_tick: 0,
            margin_ticks: 0,
        }
    }
}

/// Inputs that a push could not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    pub late: u64,
    pub early: u64,
}

impl InputBuffer {
    /// Takes inputs for `first_tick` and the ticks after it; `now` is the newest tick already simulated.
    ///
    /// The first input for a tick stays, so a repeated packet changes nothing.
    pub fn push(&mut self, now: Tick, first_tick: Tick, inputs: &[PlayerInput]) -> Dropped {
        let mut dropped = Dropped::default();
        for (offset, input) in (0..).zip(inputs) {
            let tick = first_tick.saturating_add(offset);
            self.margin_ticks = margin(now, tick);
            if tick <= now {
                dropped.late += 1;
            } else if tick - now > INPUT_TICKS_AHEAD_MAX {
                dropped.early += 1;
            } else {
                self.store(tick, *input);
            }
        }
        dropped
    }

    fn store(&mut self, tick: Tick, input: PlayerInput) {
        let place = tick % INPUT_TICKS_AHEAD_MAX;
        if self.filled & (1 << place) == 0 {
            self.filled |= 1 << place;
            self.waiting[place as usize] = input;
        }
    }

    /// The input of `tick`: the one addressed to it, else the one before again.
    pub fn take(&mut self, tick: Tick) -> PlayerInput {
        let place = tick % INPUT_TICKS_AHEAD_MAX;
        if self.filled & (1 << place) != 0 {
            self.filled &= !(1 << place);
            self.current = self.waiting[place as usize];
            self.applied_tick = tick;
        }
        self.current
    }

    /// Forgets everything that waits; the player stands still and holds fire from here on.
    pub fn make_neutral(&mut self) {
        self.filled = 0;
        self.current = PlayerInput { aim: self.current.aim, ..PlayerInput::default() };
    }

    /// Newest tick whose own input was applied.
    pub fn applied_tick(&self) -> Tick {
        self.applied_tick
    }

    /// How early the newest input came; 0 is just in time, negative is too late.
    pub fn margin_ticks(&self) -> i8 {
        self.margin_ticks
    }

    pub fn hash_into(&self, hash: &mut StateHash) {
        hash.word(self.filled);
        let mut left = self.filled;
        while left != 0 {
            hash.word(packed(self.waiting[left.trailing_zeros() as usize]));
            left &= left - 1;
        }
        hash.word(packed(self.current));
        hash.word(u64::from(self.applied_tick));
    }
}

fn margin(now: Tick, tick: Tick) -> i8 {
    let ticks = i64::from(tick) - i64::from(now) - 1;
    ticks.clamp(i64::from(i8::MIN), i64::from(i8::MAX)) as i8
}

fn packed(input: PlayerInput) -> u64 {
    u64::from(u32::from_le_bytes([input.move_x as u8, input.move_y as u8, input.aim, input.buttons]))
}

#[cfg(test)]
mod tests;
