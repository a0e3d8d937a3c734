//! State messages as a client reads them; the web client does the same in JavaScript.

use std::collections::VecDeque;

use crate::domain::{PLAYERS_PER_ROOM_MAX, Phase, Slot, Tick};
use crate::protocol::client::KIND_STATE;
use crate::protocol::delta::{
    ABSOLUTE_BITS, BASES_MAX, DisplayFrame, DisplayPlayer, DisplayProjectile, FINE_STEPS, OWNER_BITS,
    SHOT_AGE_BITS_FULL, SHOT_POSITION_BITS, SLOTS, age_bits, delta_bits, score,
};
use crate::protocol::wire::bits::BitReader;
use crate::protocol::wire::{DecodeError, Reader};

/// The own player as exactly as the simulation knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnState {
    pub x: u16,
    pub y: u16,
    pub velocity_x: i16,
    pub velocity_y: i16,
}

/// A State message, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub frame: DisplayFrame,
    /// Nothing while the own seat is not in the frame.
    pub own: Option<OwnState>,
    /// Newest own input that was applied; exact up to 255 ticks back.
    pub acked_input_tick: Tick,
    pub margin_ticks: i8,
    /// The frame that this one was told against; nothing for a full one.
    pub base_tick: Option<Tick>,
    /// Bit n: slot n is in the frame as it is now; the others are as they were in the base.
    pub told: u16,
}

/// The frames that a client has decoded: the bases of those to come.
///
/// Messages may come late, twice or in another order; what is newest stays newest.
#[derive(Debug, Clone, Default)]
pub struct StateDecoder {
    /// Ascending by tick, at most [`BASES_MAX`].
    frames: VecDeque<DisplayFrame>,
}

impl StateDecoder {
    /// Reads a State message for the player on `slot` and keeps its frame.
    pub fn decode(&mut self, bytes: &[u8], slot: Slot) -> Result<State, DecodeError> {
        // A base is a round trip old, so it is near the newest.
        let base = |tick| self.frames.iter().rev().find(|frame| frame.tick == tick);
        let state = decode_state(bytes, slot, base)?;
        let place = self.frames.partition_point(|frame| frame.tick < state.frame.tick);
        if self.frames.get(place).is_none_or(|known| known.tick != state.frame.tick) {
            self.frames.insert(place, state.frame.clone());
        }
        if self.frames.len() > BASES_MAX {
            self.frames.pop_front();
        }
        Ok(state)
    }

    /// The newest tick that was decoded; 0 before the first.
    pub fn acked_tick(&self) -> Tick {
        self.frames.back().map_or(0, |frame| frame.tick)
    }

    /// The newest frame and the one before it.
    pub fn newest(&self) -> (Option<&DisplayFrame>, Option<&DisplayFrame>) {
        let mut newest_first = self.frames.iter().rev();
        (newest_first.next(), newest_first.next())
    }
}

/// Reads a State message for the player on `slot`; `find_base` looks up the frames that were decoded before.
pub fn decode_state<'a>(
    bytes: &[u8],
    slot: Slot,
    find_base: impl FnOnce(Tick) -> Option<&'a DisplayFrame>,
) -> Result<State, DecodeError> {
    let mut head = Reader::new(bytes);
    if head.u8()? != KIND_STATE {
        return Err(DecodeError::UnknownKind);
    }
    let tick = head.u32()?;
    let base_age = head.u8()?;
    let acked_input_tick = tick.saturating_sub(head.u8()?.into());
    let margin_ticks = head.i8()?;
    let fine = u16::from(head.u8()?);
    let (velocity_x, velocity_y) = (head.i16()?, head.i16()?);
    let base_tick = match base_age {
        0 => None,
        age => Some(tick.checked_sub(age.into()).ok_or(DecodeError::Range)?),
    };
    let base = base_tick.map(|tick| find_base(tick).ok_or(DecodeError::UnknownBase)).transpose()?;
    let (frame, told) = decode_body(head.bytes(head.remaining())?, tick, base_age, base)?;
    let own = frame.players.get(usize::from(slot.0)).copied().flatten().map(|own| OwnState {
        x: own.x * FINE_STEPS + fine % FINE_STEPS,
        y: own.y * FINE_STEPS + fine / FINE_STEPS,
        velocity_x,
        velocity_y,
    });
    Ok(State { frame, own, acked_input_tick, margin_ticks, base_tick, told })
}

fn decode_body(
    bytes: &[u8],
    tick: Tick,
    base_age: u8,
    base: Option<&DisplayFrame>,
) -> Result<(DisplayFrame, u16), DecodeError> {
    let mut from = BitReader::new(bytes);
    let phase = if from.flag()? { Phase::Over } else { Phase::Playing };
    let phase_ends_tick = take_changed(&mut from, base.map_or(0, |base| base.phase_ends_tick), 32)?;
    let present = from.take(SLOTS)?;
    let told = if from.flag()? { from.take(SLOTS)? } else { present };
    let mut players = [None; PLAYERS_PER_ROOM_MAX];
    for (slot, place) in players.iter_mut().enumerate() {
        let before = base.and_then(|base| base.players[slot]);
        if present & told & (1 << slot) != 0 {
            *place = Some(take_player(&mut from, before.unwrap_or_default(), delta_bits(base_age))?);
        } else if present & (1 << slot) != 0 {
            *place = Some(before.ok_or(DecodeError::Range)?);
        }
    }
    let mut projectiles = Vec::new();
    for shot in base.map_or(&[][..], |base| &base.projectiles) {
        if from.flag()? {
            projectiles.push(*shot);
        }
    }
    while from.flag()? {
        projectiles.push(take_projectile(&mut from, tick, base_age)?);
    }
    let frame = DisplayFrame { tick, phase, phase_ends_tick, players, projectiles };
    Ok((frame, told as u16))
}

fn take_changed(from: &mut BitReader<'_>, before: u32, bits: u32) -> Result<u32, DecodeError> {
    if from.flag()? { from.take(bits) } else { Ok(before) }
}

fn take_player(
    from: &mut BitReader<'_>,
    mut player: DisplayPlayer,
    delta_bits: u32,
) -> Result<DisplayPlayer, DecodeError> {
    if from.flag()? {
        if from.flag()? {
            player.x = from.take(ABSOLUTE_BITS)? as u16;
            player.y = from.take(ABSOLUTE_BITS)? as u16;
        } else {
            player.x = moved(player.x, from.signed(delta_bits)?)?;
            player.y = moved(player.y, from.signed(delta_bits)?)?;
        }
    }
    player.aim = take_changed(from, player.aim.into(), 8)? as u8;
    if from.flag()? {
        player.health = take_changed(from, player.health.into(), 8)? as u8;
        player.flags = take_changed(from, player.flags.into(), 8)? as u8;
        let score = take_changed(from, score(&player), 32)?;
        (player.kills, player.deaths) = (score as u16, (score >> 16) as u16);
        player.respawn_tick = take_changed(from, player.respawn_tick, 32)?;
    }
    Ok(player)
}

fn moved(coordinate: u16, delta: i32) -> Result<u16, DecodeError> {
    let moved = u16::try_from(i32::from(coordinate) + delta).map_err(|_| DecodeError::Range)?;
    if moved < 1 << ABSOLUTE_BITS { Ok(moved) } else { Err(DecodeError::Range) }
}

fn take_projectile(
    from: &mut BitReader<'_>,
    tick: Tick,
    base_age: u8,
) -> Result<DisplayProjectile, DecodeError> {
    let owner = Slot(from.take(OWNER_BITS)? as u8);
    let aim = from.take(8)? as u8;
    let (x, y) = (from.take(SHOT_POSITION_BITS)? as u16, from.take(SHOT_POSITION_BITS)? as u16);
    let late = base_age == 0 || from.flag()?;
    let age = from.take(if late { SHOT_AGE_BITS_FULL } else { age_bits(base_age) })?;
    Ok(DisplayProjectile { owner, x, y, aim, born_tick: tick.checked_sub(age).ok_or(DecodeError::Range)? })
}
