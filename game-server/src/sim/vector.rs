//! Two f32 and the few operations on them that every machine computes alike.

/// A point or a direction in world units; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Vector {
    pub x: f32,
    pub y: f32,
}

impl Vector {
    pub fn new(x: f32, y: f32) -> Vector {
        Vector { x, y }
    }

    pub fn plus(self, other: Vector) -> Vector {
        Vector::new(self.x + other.x, self.y + other.y)
    }

    pub fn minus(self, other: Vector) -> Vector {
        Vector::new(self.x - other.x, self.y - other.y)
    }

    pub fn times(self, factor: f32) -> Vector {
        Vector::new(self.x * factor, self.y * factor)
    }

    pub fn dot(self, other: Vector) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Positive when `other` lies clockwise of `self` on the screen.
    pub fn cross(self, other: Vector) -> f32 {
        self.x * other.y - self.y * other.x
    }

    pub fn length_squared(self) -> f32 {
        self.dot(self)
    }

    pub fn length(self) -> f32 {
        self.length_squared().sqrt()
    }
}
