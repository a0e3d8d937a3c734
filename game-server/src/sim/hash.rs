//! A 64-bit hash over the whole state of a room, to prove that two runs are the same run.

use crate::domain::{HASH_PARTS, Phase};
use crate::sim::{Room, projectile};

const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// FNV-1a over 64-bit words, finished with a mix because whole words move few high bits down.
#[derive(Debug, Clone)]
pub struct StateHash {
    value: u64,
}

impl Default for StateHash {
    fn default() -> StateHash {
        StateHash::new()
    }
}

impl StateHash {
    pub const fn new() -> StateHash {
        StateHash { value: OFFSET }
    }

    pub fn word(&mut self, word: u64) {
        self.value = (self.value ^ word).wrapping_mul(PRIME);
        self.value ^= self.value >> 29;
    }

    pub fn float(&mut self, value: f32) {
        self.word(u64::from(value.to_bits()));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for byte in bytes {
            self.word(u64::from(*byte));
        }
    }

    pub fn finish(&self) -> u64 {
        let mixed = (self.value ^ (self.value >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed ^ (mixed >> 32)
    }
}

impl Room {
    /// Over everything that can influence the future of the room.
    pub fn hash(&self) -> u64 {
        let mut hash = StateHash::default();
        self.hash_parts().into_iter().for_each(|part| hash.word(part));
        hash.finish()
    }

    /// The same by part, in the order of [`HASH_PARTS`].
    pub fn hash_parts(&self) -> [u64; HASH_PARTS.len()] {
        let mut parts = [const { StateHash::new() }; HASH_PARTS.len()];
        let [of_match, of_seats, of_shots] = &mut parts;
        of_match.word(u64::from(self.tick) << 32 | u64::from(self.phase_ends_tick));
        of_match.word(u64::from(self.phase == Phase::Over));
        of_match.word(self.random.state());
        of_match.word(u64::from(self.next_projectile_id));
        of_match.word(self.empty_since.map_or(u64::MAX, u64::from));
        self.departed.hash_into(of_match);
        #[cfg(feature = "ball")]
        self.ball.iter().for_each(|ball| ball.hash_into(of_match));
        self.seats.iter().flatten().for_each(|seat| seat.hash_into(of_seats));
        self.projectiles.iter().for_each(|shot| projectile::hash_into(shot, of_shots));
        parts.map(|part| part.finish())
    }
}
