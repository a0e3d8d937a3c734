//! A room frame as the difference to one that the client already has: message kind 3, State.
//!
//! Built in two parts, because the body depends only on (base, frame) and is shared by all players with the same base,
//! while the head is personal and carries the own player at full precision, so that prediction is exact.
//!
//! ```text
//! head   3 u8, tick u32, base_age varint (tick − base tick; 0 = full, no base),
//!        acked_input_age varint (tick − newest applied input tick, 255 when more), margin_ticks i8,
//!        own x u16, own y u16, own velocity_x i16, own velocity_y i16
//! body   phase u8, phase_ends_tick: u32 when full, else u8 0/1 and the u32 if 1,
//!        present players u16 bit mask by slot,
//!        for each present slot, ascending: field mask u8 and its fields
//!          1 position  zigzag dx, dy in display quanta against the base (absolute when full or new)
//!          2 aim u8 · 4 health u8 · 8 flags u8 · 16 score (kills varint, deaths varint) · 32 respawn_tick u32
//!        removed count varint, ids u16 · added count varint,
//!        each added: id u16, owner u8, x varint, y varint (display quanta), aim u8, age varint (tick − born_tick)
//! ```
//!
//! A display quantum is 1/[`DISPLAY_STEPS_PER_UNIT`] unit: nobody sees a quarter of a unit on a map of 1000.


/// Position quanta per world unit for everything but the own player.
pub const DISPLAY_STEPS_PER_UNIT: u16 = 4;
/// Frames a gateway keeps as possible bases: 1.6 s at 20 Hz; an older ack gets a full frame.
pub const BASES_MAX: usize = 32;
