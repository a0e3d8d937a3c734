//! The map: walls and spawn points, symmetrical in both axes so that no side is better.

use crate::domain::{MAP_SIZE, Wall};
use crate::sim::vector::Vector;

/// Side of the map as the arithmetic needs it.
pub const SIZE: f32 = MAP_SIZE as f32;

const fn wall(x: u16, y: u16, width: u16, height: u16) -> Wall {
    Wall { x, y, width, height }
}

/// Four corner shelters open towards the corners of the map, four bars around the centre, and the centre itself.
///
/// Two walls either overlap or leave room for a player to pass, and so do walls and the edge of the map: a circle
/// that is pushed out of one wall is never pushed into another.
pub static WALLS: [Wall; 13] = [
    wall(460, 460, 80, 80),
    wall(430, 288, 140, 24),
    wall(430, 688, 140, 24),
    wall(288, 430, 24, 140),
    wall(688, 430, 24, 140),
    wall(180, 276, 120, 24),
    wall(276, 180, 24, 120),
    wall(700, 276, 120, 24),
    wall(700, 180, 24, 120),
    wall(180, 700, 120, 24),
    wall(276, 700, 24, 120),
    wall(700, 700, 120, 24),
    wall(700, 700, 24, 120),
];

const fn spawn(x: u16, y: u16) -> Vector {
    Vector { x: x as f32, y: y as f32 }
}

/// Where players appear: inside the shelters, in the corners, and in the middle of the edges.
pub static SPAWN_POINTS: [Vector; 12] = [
    spawn(230, 230),
    spawn(770, 770),
    spawn(770, 230),
    spawn(230, 770),
    spawn(500, 100),
    spawn(500, 900),
    spawn(100, 500),
    spawn(900, 500),
    spawn(80, 80),
    spawn(920, 920),
    spawn(920, 80),
    spawn(80, 920),
];
