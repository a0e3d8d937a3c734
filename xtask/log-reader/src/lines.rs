//! Bytes into lines: UTF-8 or UTF-16, with or without a mark, free of colours, carriage returns and nested backslashes.

use std::io::{self, Read};

use memchr::memchr;

/// What is read at a time.
const CHUNK_BYTES: usize = 256 << 10;
/// Longer lines are dumps; their first part is enough to know them by, and memory stays bounded.
pub const LINE_BYTES_MAX: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
}

/// Hands every line to `each`, without its end.
pub fn for_each_line(mut input: impl Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    let mut filled = fill(&mut input, &mut chunk)?;
    let (encoding, mark) = encoding_of(&chunk[..filled]);
    let mut line = Vec::new();
    let mut decoder = Decoder { encoding, rest: Vec::new(), text: Vec::new() };
    let mut from = mark;
    while filled > 0 {
        split(decoder.decode(&chunk[from..filled]), &mut line, &mut each);
        from = 0;
        filled = fill(&mut input, &mut chunk)?;
    }
    if !line.is_empty() {
        each(&line);
    }
    Ok(())
}

/// Reads until the chunk is full or the input ends: pipes give little at a time.
fn fill(input: &mut impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < chunk.len() {
        match input.read(&mut chunk[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// By its mark; without one, text of two bytes a character shows in its zeros.
fn encoding_of(start: &[u8]) -> (Encoding, usize) {
    match start {
        [0xef, 0xbb, 0xbf, ..] => return (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => return (Encoding::Utf16Little, 2),
        [0xfe, 0xff, ..] => return (Encoding::Utf16Big, 2),
        _ => {}
    }
    let sample = &start[..start.len().min(512) & !1];
    let zeros = |at: usize| sample.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let most = sample.len() / 2 * 2 / 3;
    if sample.len() >= 8 && zeros(1) > most {
        (Encoding::Utf16Little, 0)
    } else if sample.len() >= 8 && zeros(0) > most {
        (Encoding::Utf16Big, 0)
    } else {
        (Encoding::Utf8, 0)
    }
}

struct Decoder {
    encoding: Encoding,
    /// Of the last chunk: half a unit, or the first of a pair.
    rest: Vec<u8>,
    text: Vec<u8>,
}

impl Decoder {
    fn decode<'a>(&'a mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.encoding == Encoding::Utf8 {
            return bytes;
        }
        self.rest.extend_from_slice(bytes);
        let unit = |pair: &[u8]| match self.encoding {
            Encoding::Utf16Big => u16::from_be_bytes([pair[0], pair[1]]),
            _ => u16::from_le_bytes([pair[0], pair[1]]),
        };
        let mut units: Vec<u16> = self.rest.chunks_exact(2).map(unit).collect();
        let split_pair = units.last().is_some_and(|last| (0xd800..0xdc00).contains(last));
        if split_pair {
            units.pop();
        }
        self.rest.drain(..units.len() * 2);
        self.text.clear();
        let mut buffer = [0_u8; 4];
        for decoded in char::decode_utf16(units) {
            let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.text.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
        &self.text
    }
}

fn split(mut bytes: &[u8], line: &mut Vec<u8>, each: &mut impl FnMut(&[u8])) {
    while let Some(end) = memchr(b'\n', bytes) {
        if line.is_empty() {
            each(&bytes[..end.min(LINE_BYTES_MAX)]);
        } else {
            push(line, &bytes[..end]);
            each(line);
            line.clear();
        }
        bytes = &bytes[end + 1..];
    }
    push(line, bytes);
}

fn push(line: &mut Vec<u8>, bytes: &[u8]) {
    let room = LINE_BYTES_MAX.saturating_sub(line.len());
    line.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// Takes colours, carriage returns and marks of quoted mail away, and backslashes that loggers put before quotes.
pub fn clean<'a>(line: &'a [u8], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    let line = unquoted(line);
    if memchr::memchr3(0x1b, b'\\', b'\r', line).is_none() && memchr(0, line).is_none() {
        return line;
    }
    buffer.clear();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        at += 1;
        match byte {
            0x1b => at += escape_length(&line[at..]),
            b'\r' | 0 => {}
            b'"' => {
                while buffer.last() == Some(&b'\\') {
                    buffer.pop();
                }
                buffer.push(b'"');
            }
            other => buffer.push(other),
        }
    }
    buffer
}

/// `> ` of mails and issues, any number of times.
fn unquoted(mut line: &[u8]) -> &[u8] {
    while let [b'>', rest @ ..] = line {
        line = rest.strip_prefix(b" ").unwrap_or(rest);
    }
    line
}

/// What follows the escape character: `[…m` and its kin, `]…BEL`, or one letter.
fn escape_length(rest: &[u8]) -> usize {
    let upto =
        |ends: fn(u8) -> bool| rest.iter().position(|byte| ends(*byte)).map_or(rest.len(), |at| at + 1);
    match rest.first() {
        Some(b'[') => {
            1 + rest[1..].iter().position(u8::is_ascii_alphabetic).map_or(rest.len() - 1, |at| at + 1)
        }
        Some(b']') => upto(|byte| byte == 0x07 || byte == b'\\'),
        Some(_) => 1,
        None => 0,
    }
}
