//! Inputs made from known ones: a few bits, bytes, lengths or whole runs are changed.

use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};

/// Longer than any message that a stranger may send; logs are cut.
const INPUT_BYTES_MAX: usize = 2048;
const CHANGES_MAX: usize = 4;
/// Values at which fields and lengths turn over.
const EDGES: [u8; 9] = [0, 1, 2, 16, 17, 127, 128, 254, 255];

/// An endless row of inputs, the same for the same seed and corpus.
pub struct Inputs {
    random: SmallRng,
    corpus: Vec<Vec<u8>>,
    input: Vec<u8>,
}

impl Inputs {
    pub fn new(seed: u64, corpus: Vec<Vec<u8>>) -> Inputs {
        Inputs { random: SmallRng::seed_from_u64(seed), corpus, input: Vec::new() }
    }

    /// The next input; it stays as it is until this is called again.
    pub fn next(&mut self) -> &[u8] {
        let known = &self.corpus[self.random.random_range(0..self.corpus.len())];
        self.input.clear();
        self.input.extend_from_slice(&known[..known.len().min(INPUT_BYTES_MAX)]);
        for _ in 0..self.random.random_range(1..=CHANGES_MAX) {
            self.change();
        }
        self.input.truncate(INPUT_BYTES_MAX);
        &self.input
    }

    fn change(&mut self) {
        let at = self.random.random_range(0..=self.input.len());
        match self.random.random_range(0..8) {
            0 => self.input.truncate(at),
            1 => self.input.insert(at, self.random.random()),
            2 => self.splice(at),
            3 => self.repeat(at),
            4 => self.random_tail(at),
            kind => self.change_byte(at, kind),
        }
    }

    fn change_byte(&mut self, at: usize, kind: u32) {
        let Some(byte) = self.input.get_mut(at) else { return };
        *byte = match kind {
            5 => *byte ^ (1 << self.random.random_range(0..8)),
            6 => EDGES[self.random.random_range(0..EDGES.len())],
            _ => self.random.random(),
        };
    }

    /// The end of another known input in place of this one's.
    fn splice(&mut self, at: usize) {
        let other = &self.corpus[self.random.random_range(0..self.corpus.len())];
        let from = self.random.random_range(0..=other.len());
        self.input.truncate(at);
        self.input.extend_from_slice(&other[from..]);
    }

    fn repeat(&mut self, at: usize) {
        let run = self.input[at..(at + 8).min(self.input.len())].to_vec();
        self.input.extend_from_slice(&run);
    }

    fn random_tail(&mut self, at: usize) {
        self.input.truncate(at);
        let length = self.random.random_range(0..64);
        let start = self.input.len();
        self.input.resize(start + length, 0);
        self.random.fill_bytes(&mut self.input[start..]);
    }
}
