//! A 64-bit hash over the whole state of a room, to prove that two runs are the same run.

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
