//! The room's own pseudo-random numbers: SplitMix64, part of the hashed state.

/// A generator that a seed determines completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// All there is to the generator, for the state hash.
    pub fn state(&self) -> u64 {
        self.state
    }

    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit` − 1; `limit` must not be 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        // Multiply-shift maps the high half evenly; its bias of limit / 2^32 does not matter to a game.
        (((self.next_u64() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// A number from −`magnitude` to `magnitude`.
    pub fn around_zero(&mut self, magnitude: u8) -> i32 {
        self.below(2 * u32::from(magnitude) + 1) as i32 - i32::from(magnitude)
    }
}
