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
//!        for each present slot, ascending, against the same slot of the base (all zero when full or not in the base):
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
//!          owner 4, aim 8, x 10, y 10 (whole units, rounded), age `age_bits(base_age)` (tick − born_tick)
//!
//! delta_bits(base_age) = smallest n with 2^(n − 1) > 16 × base_age + 1
//! age_bits(base_age)   = 7 when full, else smallest n with 2^n > base_age
//! ```
//!
//! Positions of players are in display quanta, 1/[`DISPLAY_STEPS_PER_UNIT`] unit, rounded down: nobody sees a quarter
//! of a unit on a map of 1000. A player covers at most 16 quanta in a tick, which is where `delta_bits` comes from.
//! A projectile is known by its owner and its born tick: a weapon that needs several ticks between shots makes these
//! unique, so its id stays at home.

/// Position quanta per world unit for everything but the own player.
pub const DISPLAY_STEPS_PER_UNIT: u16 = 4;
/// Frames a gateway keeps as possible bases: 1.6 s at 20 Hz; an older ack gets a full frame.
pub const BASES_MAX: usize = 32;
