//! Bounded reading and writing of little-endian fields.

/// Fields that are not whole bytes.
pub mod bits;

#[cfg(test)]
mod tests;

use thiserror::Error;

/// Bytes of a `text` field; its length is one byte.
pub const TEXT_BYTES_MAX: usize = 255;
/// A varint of a `u32` never needs more.
const VARINT_BYTES_MAX: u32 = 5;

/// What is wrong with bytes that came from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("the message ends before its last field")]
    Truncated,
    #[error("the message is longer than allowed")]
    TooLong,
    #[error("no message has this kind")]
    UnknownKind,
    #[error("a text is not UTF-8")]
    Text,
    #[error("a field has a value outside its range")]
    Range,
    #[error("the frame refers to one that is not here")]
    UnknownBase,
}

impl DecodeError {
    /// A word for metrics; never changes.
    pub fn label(self) -> &'static str {
        match self {
            DecodeError::Truncated => "truncated",
            DecodeError::TooLong => "too_long",
            DecodeError::UnknownKind => "unknown_kind",
            DecodeError::Text => "text",
            DecodeError::Range => "range",
            DecodeError::UnknownBase => "unknown_base",
        }
    }
}

/// Takes fields off the front of a message; what is left at the end belongs to a newer version.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// As many bytes as the array has.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub fn i8(&mut self) -> Result<i8, DecodeError> {
        self.array().map(i8::from_le_bytes)
    }

    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        self.array().map(i16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// 0 or 1.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Range),
        }
    }

    pub fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0_u64;
        for index in 0..VARINT_BYTES_MAX {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7F) << (7 * index);
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| DecodeError::Range);
            }
        }
        Err(DecodeError::Range)
    }

    pub fn text(&mut self) -> Result<String, DecodeError> {
        let length = usize::from(self.u8()?);
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| DecodeError::Text)
    }

    /// As many items as `count` says; memory is taken only for what is really there.
    pub fn list<T>(
        &mut self,
        count: usize,
        mut item: impl FnMut(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::with_capacity(count.min(self.remaining()));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }
}

/// Appends fields to a message.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A message of the given kind.
    pub fn of_kind(kind: u8) -> Writer {
        Writer { bytes: vec![kind] }
    }

    /// Appends to what is there.
    pub fn on(bytes: Vec<u8>) -> Writer {
        Writer { bytes }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What was appended so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins anew and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    pub fn bytes(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
    }

    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub fn i8(&mut self, value: i8) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn i16(&mut self, value: i16) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8);
    }

    /// A text, cut at a character boundary when it is longer than [`TEXT_BYTES_MAX`].
    pub fn text(&mut self, value: &str) {
        let cut = &value[..value.floor_char_boundary(TEXT_BYTES_MAX)];
        self.u8(cut.len() as u8);
        self.bytes(cut.as_bytes());
    }

    /// A `u8` count and as many items; what does not fit the count is left out.
    pub fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Writer, &T)) {
        let fitting = &items[..items.len().min(usize::from(u8::MAX))];
        self.u8(fitting.len() as u8);
        for value in fitting {
            item(self, value);
        }
    }
}
