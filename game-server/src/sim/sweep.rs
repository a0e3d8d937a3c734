//! Swept tests: how far along a straight move something solid is met, so that nothing fast passes through.

use crate::domain::Wall;
use crate::sim::vector::Vector;

/// A straight move within one tick.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    pub from: Vector,
    pub to: Vector,
}

impl Segment {
    /// The part of the way, 0 to 1, after which a point meets the wall grown by `margin` on every side.
    pub fn meets_wall(&self, wall: &Wall, margin: f32) -> Option<f32> {
        let (left, top) = (f32::from(wall.x) - margin, f32::from(wall.y) - margin);
        let right = f32::from(wall.x) + f32::from(wall.width) + margin;
        let bottom = f32::from(wall.y) + f32::from(wall.height) + margin;
        let across = slab(self.from.x, self.to.x - self.from.x, left, right)?;
        let down = slab(self.from.y, self.to.y - self.from.y, top, bottom)?;
        let enters = across.0.max(down.0).max(0.0);
        let leaves = across.1.min(down.1).min(1.0);
        (enters <= leaves).then_some(enters)
    }

    /// The part of the way after which a point meets a circle; 0 when it starts inside.
    pub fn meets_circle(&self, centre: Vector, radius: f32) -> Option<f32> {
        let along = self.to.minus(self.from);
        let offset = self.from.minus(centre);
        let outside = offset.length_squared() - radius * radius;
        if outside <= 0.0 {
            return Some(0.0);
        }
        let a = along.length_squared();
        let half_b = offset.dot(along);
        let discriminant = half_b * half_b - a * outside;
        // Not moving, moving away, or passing by.
        if a == 0.0 || half_b >= 0.0 || discriminant < 0.0 {
            return None;
        }
        let part = (-half_b - discriminant.sqrt()) / a;
        (part <= 1.0).then_some(part)
    }

    /// Whether a point of the given size can go the whole way.
    pub fn is_free(&self, walls: &[Wall], margin: f32) -> bool {
        walls.iter().all(|wall| self.meets_wall(wall, margin).is_none())
    }
}

/// The parts of the way between which one coordinate lies within `low` and `high`.
fn slab(from: f32, delta: f32, low: f32, high: f32) -> Option<(f32, f32)> {
    if delta == 0.0 {
        return (from >= low && from <= high).then_some((f32::NEG_INFINITY, f32::INFINITY));
    }
    let (first, second) = ((low - from) / delta, (high - from) / delta);
    Some((first.min(second), first.max(second)))
}
