//! The 256 directions a player can look in, made without sine and cosine, which differ between machines.

use crate::sim::vector::Vector;

/// Directions of a full turn; an aim of 64 looks down, since y grows downwards.
pub const DIRECTIONS: usize = 256;
const QUARTER: usize = DIRECTIONS / 4;
const HALF_TURN: u8 = 128;

/// Cosine and sine of one 256th of a turn.
const STEP_COS: f64 = 0.999_698_818_696_204_3;
const STEP_SIN: f64 = 0.024_541_228_522_912_288;

/// Unit vectors by aim; the constants above multiplied up in f64, then rounded once to f32.
static TABLE: [Vector; DIRECTIONS] = table();

const fn table() -> [Vector; DIRECTIONS] {
    let mut table = [Vector { x: 0.0, y: 0.0 }; DIRECTIONS];
    let (mut x, mut y) = (1.0_f64, 0.0_f64);
    let mut index = 0;
    while index < QUARTER {
        // The other quarters are this one turned, so that all four are equally exact.
        let (x32, y32) = (x as f32, y as f32);
        table[index] = Vector { x: x32, y: y32 };
        table[index + QUARTER] = Vector { x: -y32, y: x32 };
        table[index + 2 * QUARTER] = Vector { x: -x32, y: -y32 };
        table[index + 3 * QUARTER] = Vector { x: y32, y: -x32 };
        let turned_x = x * STEP_COS - y * STEP_SIN;
        y = x * STEP_SIN + y * STEP_COS;
        x = turned_x;
        index += 1;
    }
    table
}

/// The unit vector of an aim.
pub fn direction(aim: u8) -> Vector {
    TABLE[usize::from(aim)]
}

/// The aim whose direction is nearest to `towards`; 0 for the zero vector.
pub fn nearest_aim(towards: Vector) -> u8 {
    // Within the half turn that `towards` lies in, the cross product tells on which side a direction is.
    let base = if towards.y < 0.0 || (towards.y == 0.0 && towards.x < 0.0) { HALF_TURN } else { 0 };
    let (mut low, mut high) = (0_u8, HALF_TURN);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if direction(base.wrapping_add(middle)).cross(towards) >= 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let before = base.wrapping_add(low);
    let after = base.wrapping_add(high);
    if direction(after).dot(towards) > direction(before).dot(towards) { after } else { before }
}
