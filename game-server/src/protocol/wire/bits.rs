//! Fields that are not whole bytes: least significant bit first, bytes filled from their least significant bit.

use crate::protocol::wire::DecodeError;

/// Appends fields of 1 to 32 bits.
#[derive(Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not make a byte yet.
    pending: u64,
    pending_bits: u32,
}

impl BitWriter {
    pub fn with_capacity(bytes: usize) -> BitWriter {
        BitWriter { bytes: Vec::with_capacity(bytes), ..BitWriter::default() }
    }

    /// The low `bits` bits of `value`.
    pub fn put(&mut self, value: u32, bits: u32) {
        let kept = u64::from(value) & ((1 << bits) - 1);
        self.pending |= kept << self.pending_bits;
        self.pending_bits += bits;
        while self.pending_bits >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.pending_bits -= 8;
        }
    }

    pub fn flag(&mut self, value: bool) {
        self.put(u32::from(value), 1);
    }

    /// Bits so far.
    pub fn bits(&self) -> u32 {
        self.bytes.len() as u32 * 8 + self.pending_bits
    }

    /// The bytes, the last one filled up with zero bits.
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.pending_bits > 0 {
            self.bytes.push(self.pending as u8);
        }
        self.bytes
    }
}

/// Takes fields of 1 to 32 bits; what is left at the end belongs to a newer version.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    next: usize,
    pending: u64,
    pending_bits: u32,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, next: 0, pending: 0, pending_bits: 0 }
    }

    pub fn take(&mut self, bits: u32) -> Result<u32, DecodeError> {
        while self.pending_bits < bits {
            let byte = *self.bytes.get(self.next).ok_or(DecodeError::Truncated)?;
            self.pending |= u64::from(byte) << self.pending_bits;
            self.pending_bits += 8;
            self.next += 1;
        }
        let value = self.pending & ((1 << bits) - 1);
        self.pending >>= bits;
        self.pending_bits -= bits;
        Ok(value as u32)
    }

    pub fn flag(&mut self) -> Result<bool, DecodeError> {
        Ok(self.take(1)? == 1)
    }

    /// A two's complement number.
    pub fn signed(&mut self, bits: u32) -> Result<i32, DecodeError> {
        let value = self.take(bits)? << (32 - bits);
        Ok(value as i32 >> (32 - bits))
    }
}
