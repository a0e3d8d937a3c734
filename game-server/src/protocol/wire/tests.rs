//! Fields come back as they went, and bad bytes are errors.

use proptest::prelude::{any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::protocol::wire::bits::{BitReader, BitWriter};
use crate::protocol::wire::{DecodeError, Reader, TEXT_BYTES_MAX, Writer};

proptest! {
    #[test]
    fn varints_come_back(value in any::<u32>()) {
        let mut out = Writer::default();
        out.varint(value);
        let bytes = out.into_bytes();
        let mut from = Reader::new(&bytes);
        prop_assert_eq!(from.varint(), Ok(value));
    }

    #[test]
    fn texts_come_back_or_are_cut(text in any::<String>()) {
        let mut out = Writer::default();
        out.text(&text);
        let bytes = out.into_bytes();
        let read = Reader::new(&bytes).text();
        prop_assert!(read.is_ok_and(|read| text.starts_with(&read) && read.len() + 4 > text.len().min(TEXT_BYTES_MAX)));
    }

    #[test]
    fn bits_come_back(fields in prop::collection::vec((any::<u32>(), 1_u32..33), 0..200)) {
        let mut out = BitWriter::default();
        for (value, bits) in &fields {
            out.put(*value, *bits);
        }
        let bytes = out.into_bytes();
        let mut from = BitReader::new(&bytes);
        for (value, bits) in &fields {
            let kept = (u64::from(*value) & ((1 << bits) - 1)) as u32;
            prop_assert_eq!(from.clone().take(*bits), Ok(kept));
            let shift = 32 - bits;
            prop_assert_eq!(from.signed(*bits), Ok((kept << shift) as i32 >> shift));
        }
    }
}

#[test]
fn varints_that_do_not_fit_are_refused() {
    assert_eq!(Reader::new(&[0x80, 0x80]).varint(), Err(DecodeError::Truncated));
    assert_eq!(Reader::new(&[0xFF, 0xFF, 0xFF, 0xFF, 0x1F]).varint(), Err(DecodeError::Range));
    assert_eq!(Reader::new(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]).varint(), Err(DecodeError::Range));
}

#[test]
fn bad_fields_are_named() {
    assert_eq!(Reader::new(&[2]).bool(), Err(DecodeError::Range));
    assert_eq!(Reader::new(&[2, 0xC3, 0x28]).text(), Err(DecodeError::Text));
    assert_eq!(Reader::new(&[9, 1]).text(), Err(DecodeError::Truncated));
}

#[test]
fn a_huge_count_takes_no_memory() {
    let items = Reader::new(&[1, 2, 3]).list(usize::MAX, |from| from.u8());
    assert_eq!(items, Err(DecodeError::Truncated));
}
