//! A room frame as the difference to one that the client already has: message kind 3, State.
//!
//! Built in two parts, because the body depends only on (base, frame) and is shared by all players with the same base,
//! while the head is personal and refines the own player to full precision, so that prediction is exact.
//!
//! ```text
//! head   13 bytes, little-endian
//!        3 u8, tick u32, base_age u8 (tick − base tick; 0 = full frame, no base),
//!        acked_input_age u8 (tick − newest applied input tick, at most 255), margin_ticks i8 (see InputAck),
//!        own fine u8 (x + 16 × y, each 0 to 15), own velocity_x i16, own velocity_y i16
//!        own exact position = own display position of the body × 16 + fine, in 1/64 units
//!
//! body   a stream of bits, each field least significant bit first, each byte filled from its least significant bit,
//!        zero bits up to the end of the last byte
//!        phase 1 (0 playing, 1 over)
//!        phase_ends_tick: changed 1, then 32 if changed
//!        present 10, bit n = slot n
//!        partial 1, if 1: told 10, bit n = slot n (not partial: all that are present; a full frame is never partial)
//!        for each told slot, ascending, against the same slot of the base (all zero when full or not in the base):
//!          moved 1, if 1: far 1, then x and y
//!              far = 0: each signed (two's complement) delta of `delta_bits(base_age)` bits
//!              far = 1: each absolute, 12 bits
//!          turned 1, if 1: aim 8
//!          other 1, if 1:
//!              health changed 1, if 1: health 8
//!              flags changed 1, if 1: flags 8
//!              score changed 1, if 1: kills 16, deaths 16
//!              respawn changed 1, if 1: respawn_tick 32 (0 while alive)
//!        for each projectile of the base, in its order: kept 1 (nothing when full)
//!        until a 0 bit: 1, then an added projectile, appended to the kept ones:
//!          owner 4, aim 8, x 10, y 10 (whole units, rounded), age (tick − born_tick):
//!              full: 7, else late 1 and then `age_bits(base_age)` when 0 or 7 when 1
//!
//! delta_bits(base_age) = smallest n with 2^(n − 1) > 16 × base_age + 1
//! age_bits(base_age)   = smallest n with 2^n > base_age
//! ```
//!
//! A present slot that is not told is, as far as later deltas are concerned, what it was in the base; who shows it goes
//! on from what was told last. Nobody is left out of a frame before being in the base. Shots may be told late.
//!
//! Positions of players are in display quanta, 1/[`DISPLAY_STEPS_PER_UNIT`] unit, rounded down: nobody sees a quarter
//! of a unit on a map of 1000. A player covers at most 16 quanta in a tick, which is where `delta_bits` comes from.
//! A projectile is known by its owner and its born tick: a weapon that needs several ticks between shots makes these
//! unique, so its id stays at home.

/// The client's side.
pub mod decode;

#[cfg(test)]
pub mod tests;

use crate::domain::{
    InputAck, PLAYERS_PER_ROOM_MAX, POSITION_STEPS_PER_UNIT, Phase, PlayerState, ProjectileState, RoomFrame,
    Slot, Tick,
};
use crate::protocol::client::KIND_STATE;
use crate::protocol::wire::Writer;
use crate::protocol::wire::bits::BitWriter;

/// Position quanta per world unit for everything but the own player.
pub const DISPLAY_STEPS_PER_UNIT: u16 = 4;
/// Frames a gateway keeps as possible bases: 1.6 s at 20 Hz; an older ack gets a full frame.
pub const BASES_MAX: usize = 32;
/// Bytes of the personal part of a State message.
pub const HEAD_BYTES: usize = 13;

/// Exact position quanta in one display quantum.
const FINE_STEPS: u16 = POSITION_STEPS_PER_UNIT / DISPLAY_STEPS_PER_UNIT;
/// Display quanta that the fastest player covers in a tick.
const QUANTA_PER_TICK: u32 = 16;
const SLOTS: u32 = PLAYERS_PER_ROOM_MAX as u32;
const ABSOLUTE_BITS: u32 = 12;
const SHOT_POSITION_BITS: u32 = 10;
const SHOT_POSITION_MAX: u16 = (1 << SHOT_POSITION_BITS) - 1;
/// Enough for the life of any shot.
const SHOT_AGE_BITS_FULL: u32 = 7;
const OWNER_BITS: u32 = 4;
/// Every slot is told.
pub const TOLD_ALL: u16 = (1 << SLOTS) - 1;
/// Bits of a body that do not depend on what is in it: phase, its end unchanged, presence, partial and who is told, the
/// end of the shots, and the filling of the last byte.
pub const BODY_BITS_FIXED: u32 = 1 + 1 + SLOTS + 1 + SLOTS + 1 + 7;
/// What a new shot takes at most.
pub const SHOT_BITS_MAX: u32 = 1 + OWNER_BITS + 8 + 2 * SHOT_POSITION_BITS + 1 + SHOT_AGE_BITS_FULL;
/// A usual body of ten players fits without growing.
const BODY_BYTES_USUAL: usize = 96;

/// A player as the others see them; positions in display quanta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DisplayPlayer {
    pub x: u16,
    pub y: u16,
    pub aim: u8,
    pub health: u8,
    pub flags: u8,
    pub kills: u16,
    pub deaths: u16,
    pub respawn_tick: Tick,
}

impl DisplayPlayer {
    /// What is left of a player after the journey.
    pub fn of(player: &PlayerState) -> DisplayPlayer {
        DisplayPlayer {
            x: player.x / FINE_STEPS,
            y: player.y / FINE_STEPS,
            aim: player.aim,
            health: player.health,
            flags: player.flags,
            kills: player.kills,
            deaths: player.deaths,
            respawn_tick: player.respawn_tick,
        }
    }
}

/// A shot as everybody sees it; where it was at `born_tick`, in whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisplayProjectile {
    pub owner: Slot,
    pub x: u16,
    pub y: u16,
    pub aim: u8,
    pub born_tick: Tick,
}

impl DisplayProjectile {
    fn of(shot: &ProjectileState) -> DisplayProjectile {
        let whole = |quanta: u16| {
            let rounded = (u32::from(quanta) + u32::from(POSITION_STEPS_PER_UNIT / 2))
                / u32::from(POSITION_STEPS_PER_UNIT);
            (rounded as u16).min(SHOT_POSITION_MAX)
        };
        DisplayProjectile {
            owner: shot.owner,
            x: whole(shot.x),
            y: whole(shot.y),
            aim: shot.aim,
            born_tick: shot.born_tick,
        }
    }
}

/// A frame as clients know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayFrame {
    pub tick: Tick,
    pub phase: Phase,
    pub phase_ends_tick: Tick,
    /// By slot.
    pub players: [Option<DisplayPlayer>; PLAYERS_PER_ROOM_MAX],
    pub projectiles: Vec<DisplayProjectile>,
}

impl DisplayFrame {
    /// What is left of a frame after its journey.
    pub fn of(frame: &RoomFrame) -> DisplayFrame {
        let mut players = [None; PLAYERS_PER_ROOM_MAX];
        for player in &frame.players {
            if let Some(place) = players.get_mut(usize::from(player.slot.0)) {
                *place = Some(DisplayPlayer::of(player));
            }
        }
        DisplayFrame {
            tick: frame.tick,
            phase: frame.phase,
            phase_ends_tick: frame.phase_ends_tick,
            players,
            projectiles: frame.projectiles.iter().map(DisplayProjectile::of).collect(),
        }
    }
}

/// Ticks from `base` to `frame`, or 0 where `base` cannot serve and a full frame is due.
pub fn base_age(base: Option<&RoomFrame>, frame: &RoomFrame) -> u8 {
    let age = base.and_then(|base| frame.tick.checked_sub(base.tick));
    age.and_then(|age| u8::try_from(age).ok()).unwrap_or(0)
}

/// The part of a State message that all players with the same base share.
pub fn encode_body(base: Option<&RoomFrame>, frame: &RoomFrame) -> Vec<u8> {
    encode_told(base, frame, TOLD_ALL)
}

/// The same for one player who hears of the slots in `told` only, each of which is a bit; `frame` has the others as
/// they are in the base.
pub fn encode_told(base: Option<&RoomFrame>, frame: &RoomFrame, told: u16) -> Vec<u8> {
    let age = base_age(base, frame);
    let base = base.filter(|_| age > 0);
    let mut out = BitWriter::with_capacity(BODY_BYTES_USUAL);
    out.flag(frame.phase == Phase::Over);
    put_changed(&mut out, base.map_or(0, |base| base.phase_ends_tick), frame.phase_ends_tick, 32);
    let present = frame.players.iter().fold(0, |mask, player| mask | 1 << player.slot.0);
    out.put(present, SLOTS);
    let partial = present & !u32::from(told) != 0;
    out.flag(partial);
    if partial {
        out.put(told.into(), SLOTS);
    }
    for player in frame.players.iter().filter(|player| told & 1 << player.slot.0 != 0) {
        put_player(&mut out, &shown_before(base, player.slot), &DisplayPlayer::of(player), delta_bits(age));
    }
    put_projectiles(&mut out, base.map_or(&[], |base| &base.projectiles), frame, age);
    out.into_bytes()
}

/// Bits that telling this player takes, against a base that is `base_age` ticks old.
pub fn player_bits(base: Option<&RoomFrame>, player: &PlayerState, base_age: u8) -> u32 {
    let mut out = BitWriter::default();
    let before = shown_before(base, player.slot);
    put_player(&mut out, &before, &DisplayPlayer::of(player), delta_bits(base_age));
    out.bits()
}

fn shown_before(base: Option<&RoomFrame>, slot: Slot) -> DisplayPlayer {
    let before = base.and_then(|base| base.players.iter().find(|known| known.slot == slot));
    before.map(DisplayPlayer::of).unwrap_or_default()
}

/// The personal part of a State message; `base_age` as [`base_age`] gave it for the body.
pub fn encode_head(frame: &RoomFrame, slot: Slot, base_age: u8, ack: Option<&InputAck>) -> Vec<u8> {
    let acked_age = frame.tick.saturating_sub(ack.map_or(0, |ack| ack.tick));
    let own = frame.players.iter().find(|player| player.slot == slot);
    let fine = own.map_or(0, |own| (own.x % FINE_STEPS + own.y % FINE_STEPS * FINE_STEPS) as u8);
    let mut out = Writer::of_kind(KIND_STATE);
    out.u32(frame.tick);
    out.u8(base_age);
    out.u8(u8::try_from(acked_age).unwrap_or(u8::MAX));
    out.i8(ack.map_or(0, |ack| ack.margin_ticks));
    out.u8(fine);
    out.i16(own.map_or(0, |own| own.velocity_x));
    out.i16(own.map_or(0, |own| own.velocity_y));
    out.into_bytes()
}

/// The whole message.
pub fn assemble(head: &[u8], body: &[u8]) -> Vec<u8> {
    [head, body].concat()
}

fn put_changed(out: &mut BitWriter, before: u32, now: u32, bits: u32) {
    out.flag(before != now);
    if before != now {
        out.put(now, bits);
    }
}

fn put_player(out: &mut BitWriter, before: &DisplayPlayer, now: &DisplayPlayer, delta_bits: u32) {
    let moved = (before.x, before.y) != (now.x, now.y);
    out.flag(moved);
    if moved {
        let (x, y) = (i32::from(now.x) - i32::from(before.x), i32::from(now.y) - i32::from(before.y));
        let limit = 1 << (delta_bits - 1);
        let far = !(-limit..limit).contains(&x) || !(-limit..limit).contains(&y);
        out.flag(far);
        let bits = if far { ABSOLUTE_BITS } else { delta_bits };
        out.put(if far { u32::from(now.x) } else { x as u32 }, bits);
        out.put(if far { u32::from(now.y) } else { y as u32 }, bits);
    }
    put_changed(out, before.aim.into(), now.aim.into(), 8);
    let rest = |player: &DisplayPlayer| {
        (player.health, player.flags, player.kills, player.deaths, player.respawn_tick)
    };
    out.flag(rest(before) != rest(now));
    if rest(before) != rest(now) {
        put_changed(out, before.health.into(), now.health.into(), 8);
        put_changed(out, before.flags.into(), now.flags.into(), 8);
        put_changed(out, score(before), score(now), 32);
        put_changed(out, before.respawn_tick, now.respawn_tick, 32);
    }
}

/// Kills in the low half, so that they travel first.
fn score(player: &DisplayPlayer) -> u32 {
    u32::from(player.kills) | u32::from(player.deaths) << 16
}

/// Both lists are in the order of firing, so what is left of the base is a subsequence and new ones follow it.
fn put_projectiles(out: &mut BitWriter, base: &[ProjectileState], frame: &RoomFrame, base_age: u8) {
    let mut next = 0;
    for shot in base {
        let kept = frame.projectiles.get(next).is_some_and(|now| now == shot);
        out.flag(kept);
        next += usize::from(kept);
    }
    for shot in &frame.projectiles[next..] {
        let shown = DisplayProjectile::of(shot);
        out.flag(true);
        out.put(shown.owner.0.into(), OWNER_BITS);
        out.put(shown.aim.into(), 8);
        out.put(shown.x.into(), SHOT_POSITION_BITS);
        out.put(shown.y.into(), SHOT_POSITION_BITS);
        put_age(out, frame.tick.saturating_sub(shown.born_tick), base_age);
    }
    out.flag(false);
}

fn put_age(out: &mut BitWriter, age: Tick, base_age: u8) {
    let late = age > base_age.into();
    if base_age > 0 {
        out.flag(late);
    }
    let bits = if base_age > 0 && !late { age_bits(base_age) } else { SHOT_AGE_BITS_FULL };
    out.put(age.min((1 << bits) - 1), bits);
}

fn delta_bits(base_age: u8) -> u32 {
    (QUANTA_PER_TICK * u32::from(base_age) + 1).ilog2() + 2
}

fn age_bits(base_age: u8) -> u32 {
    u32::from(base_age.max(1)).ilog2() + 1
}
