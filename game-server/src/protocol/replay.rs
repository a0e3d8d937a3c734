//! The log of a match: everything that went into a room, and hashes of what came of it.
//!
//! A room is a pure function of its settings and of the calls between its ticks, so this is all that it takes to see a
//! match again. Field types as in `client`; a varint is LEB128, a zigzag an `i32` as `(n << 1) ^ (n >> 31)`.
//!
//! ```text
//! file    "GSREPLAY", version u16, chunks
//! chunk   length u32 (1 to [`CHUNK_BYTES_MAX`]), checksum u32 (FNV-1a over the bytes), bytes
//!         first chunk: the settings of the match as JSON; every other chunk: whole entries
//! entry   kind u8, then
//!   1 Step    check u8 × 3: the lowest byte of each hash after this tick
//!   2 Hashes  u64 × 3, by part ([`HASH_PARTS`]), after the step before it; once a second
//!   3 Join    player u64, name text
//!   4 Leave   slot u8, on purpose u8
//!   5 EndNow
//!   6 End     ending u8 ([`Ending`]); the last entry
//!   16 + slot Input: first_tick − newest tick zigzag, count u8 (1 to 8), changed u8 (bit n: input n follows, else it
//!             is the same as the one before it of this slot), inputs as in `client`
//! ```
//!
//! Ten people take about 2.5 kB a second, a room of bots 250 bytes. A reader of another version refuses the file: what
//! the bytes mean depends on the rules of the game that wrote them.

#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::domain::{HASH_PARTS, MatchSettings, PLAYERS_PER_ROOM_MAX, PlayerId, PlayerInput, Slot, Tick};
use crate::protocol::client::INPUTS_PER_MESSAGE_MAX;
use crate::protocol::wire::{DecodeError, Reader, Writer};

/// Version of this file and of the rules of the shipped game.
pub const REPLAY_VERSION: u16 = 2;
/// Largest chunk; writers cut at a fraction of it.
pub const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// How names of logs end.
pub const LOG_FILE_ENDING: &str = "replay";
const MAGIC: &[u8; 8] = b"GSREPLAY";

const KIND_STEP: u8 = 1;
const KIND_HASHES: u8 = 2;
const KIND_JOIN: u8 = 3;
const KIND_LEAVE: u8 = 4;
const KIND_END_NOW: u8 = 5;
const KIND_END: u8 = 6;
const KIND_INPUT: u8 = 16;

/// One hash for each of [`HASH_PARTS`].
pub type Hashes = [u64; HASH_PARTS.len()];

/// The lowest byte of each hash.
pub type Checks = [u8; HASH_PARTS.len()];

/// Why a log has no more entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// The room closed.
    Closed = 1,
    /// The log reached its limit; the match went on.
    Full = 2,
    /// The game panicked in what came next.
    Panicked = 3,
    /// The disk did not keep up, and what came next was dropped; the match went on.
    Dropped = 4,
}

/// One thing that happened to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Step(Checks),
    Hashes(Hashes),
    Join { player: PlayerId, name: String },
    Leave { slot: Slot, on_purpose: bool },
    EndNow,
    Input { slot: Slot, first_tick: Tick, inputs: Vec<PlayerInput> },
    End(Ending),
}

/// The lowest byte of each hash.
pub fn checks(hashes: &Hashes) -> Checks {
    hashes.map(|hash| hash as u8)
}

/// What the inputs of one log are told against.
#[derive(Debug, Default)]
struct Memory {
    tick: Tick,
    last: [PlayerInput; PLAYERS_PER_ROOM_MAX],
}

/// Appends entries; the memory of its buffer is used again.
#[derive(Debug, Default)]
pub struct LogEncoder {
    out: Writer,
    memory: Memory,
}

impl LogEncoder {
    /// Bytes that wait to be taken.
    pub fn len(&self) -> usize {
        self.out.as_bytes().len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes what waits in exchange for an empty buffer.
    pub fn take(&mut self, empty: Vec<u8>) -> Vec<u8> {
        std::mem::replace(&mut self.out, Writer::on(empty)).into_bytes()
    }

    pub fn step(&mut self, hashes: &Hashes) {
        self.memory.tick += 1;
        self.out.u8(KIND_STEP);
        self.out.bytes(&checks(hashes));
    }

    pub fn hashes(&mut self, hashes: &Hashes) {
        self.out.u8(KIND_HASHES);
        hashes.iter().for_each(|hash| self.out.u64(*hash));
    }

    pub fn join(&mut self, player: PlayerId, name: &str) {
        self.out.u8(KIND_JOIN);
        self.out.u64(player.0);
        self.out.text(name);
    }

    pub fn leave(&mut self, slot: Slot, on_purpose: bool) {
        self.out.u8(KIND_LEAVE);
        self.out.u8(slot.0);
        self.out.bool(on_purpose);
    }

    pub fn end_now(&mut self) {
        self.out.u8(KIND_END_NOW);
    }

    pub fn end(&mut self, ending: Ending) {
        self.out.u8(KIND_END);
        self.out.u8(ending as u8);
    }

    /// Inputs of one message, 1 to 8.
    pub fn input(&mut self, slot: Slot, first_tick: Tick, inputs: &[PlayerInput]) {
        let Some(last) = self.memory.last.get_mut(usize::from(slot.0)) else {
            return;
        };
        self.out.u8(KIND_INPUT + slot.0);
        let ahead = first_tick.wrapping_sub(self.memory.tick) as i32;
        self.out.varint(((ahead << 1) ^ (ahead >> 31)) as u32);
        let inputs = &inputs[..inputs.len().min(INPUTS_PER_MESSAGE_MAX)];
        self.out.u8(inputs.len() as u8);
        let before = std::iter::once(&*last).chain(inputs);
        let changed = before.zip(inputs).enumerate().filter(|(_, (before, input))| before != input);
        let mask = changed.clone().fold(0_u8, |mask, (place, _)| mask | 1 << place);
        self.out.u8(mask);
        for (_, (_, input)) in changed {
            self.out.i8(input.move_x);
            self.out.i8(input.move_y);
            self.out.u8(input.aim);
            self.out.u8(input.buttons);
        }
        *last = inputs.last().copied().unwrap_or(*last);
    }
}

/// The beginning of a file: magic, version and the chunk with the settings.
pub fn encode_opening(settings: &MatchSettings) -> Vec<u8> {
    let mut out = Writer::default();
    out.bytes(MAGIC);
    out.u16(REPLAY_VERSION);
    let json = serde_json::to_vec(settings).unwrap_or_default();
    out.bytes(&encode_chunk_head(&json));
    out.bytes(&json);
    out.into_bytes()
}

/// What goes before the bytes of a chunk.
pub fn encode_chunk_head(bytes: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    head[..4].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    head[4..].copy_from_slice(&checksum(bytes).to_le_bytes());
    head
}

fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Why a file cannot be read, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    #[error("it does not begin as a replay log does")]
    NotALog,
    #[error("it has version {0} and this build reads version {REPLAY_VERSION}")]
    Version(u16),
    #[error("the settings of the match cannot be read: {0}")]
    Settings(String),
    #[error("it stops in the middle at byte {at}; the host was killed or is still writing")]
    CutOff { at: usize },
    #[error("the chunk at byte {at} is damaged: {why}")]
    Damaged { at: usize, why: String },
}

/// A log as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    pub settings: MatchSettings,
    pub entries: Vec<Entry>,
    /// Why the rest is missing, if it is.
    pub broken: Option<LogError>,
}

/// Reads a file; an error when not even its beginning makes sense.
pub fn decode_log(bytes: &[u8]) -> Result<Log, LogError> {
    let mut from = Reader::new(bytes);
    if from.bytes(MAGIC.len()) != Ok(MAGIC) {
        return Err(LogError::NotALog);
    }
    let version = from.u16().map_err(|_| LogError::CutOff { at: bytes.len() })?;
    if version != REPLAY_VERSION {
        return Err(LogError::Version(version));
    }
    let settings = next_chunk(&mut from, bytes.len())?.ok_or(LogError::CutOff { at: bytes.len() })?;
    let settings = serde_json::from_slice(settings).map_err(|error| LogError::Settings(error.to_string()))?;
    let mut log = Log { settings, entries: Vec::new(), broken: None };
    log.broken = read_entries(&mut from, bytes.len(), &mut log.entries).err();
    Ok(log)
}

fn read_entries(from: &mut Reader<'_>, total: usize, entries: &mut Vec<Entry>) -> Result<(), LogError> {
    let mut memory = Memory::default();
    loop {
        let at = total - from.remaining();
        let Some(chunk) = next_chunk(from, total)? else { break };
        let mut chunk = Reader::new(chunk);
        while chunk.remaining() > 0 {
            let entry = read_entry(&mut chunk, &mut memory)
                .map_err(|error| LogError::Damaged { at, why: error.to_string() })?;
            entries.push(entry);
        }
    }
    if matches!(entries.last(), Some(Entry::End(_))) { Ok(()) } else { Err(LogError::CutOff { at: total }) }
}

/// The bytes of the next chunk, or nothing at the end of the file.
fn next_chunk<'a>(from: &mut Reader<'a>, total: usize) -> Result<Option<&'a [u8]>, LogError> {
    if from.remaining() == 0 {
        return Ok(None);
    }
    let (at, cut_off) = (total - from.remaining(), LogError::CutOff { at: total });
    let (Ok(length), Ok(expected)) = (from.u32(), from.u32()) else {
        return Err(cut_off);
    };
    if length == 0 || length as usize > CHUNK_BYTES_MAX {
        return Err(LogError::Damaged { at, why: format!("a length of {length} bytes") });
    }
    let chunk = from.bytes(length as usize).map_err(|_| cut_off)?;
    if checksum(chunk) != expected {
        return Err(LogError::Damaged { at, why: "its checksum does not fit".to_owned() });
    }
    Ok(Some(chunk))
}

fn read_entry(from: &mut Reader<'_>, memory: &mut Memory) -> Result<Entry, DecodeError> {
    Ok(match from.u8()? {
        KIND_STEP => {
            memory.tick = memory.tick.checked_add(1).ok_or(DecodeError::Range)?;
            Entry::Step([from.u8()?, from.u8()?, from.u8()?])
        }
        KIND_HASHES => Entry::Hashes([from.u64()?, from.u64()?, from.u64()?]),
        KIND_JOIN => Entry::Join { player: PlayerId(from.u64()?), name: from.text()? },
        KIND_LEAVE => Entry::Leave { slot: Slot(from.u8()?), on_purpose: from.bool()? },
        KIND_END_NOW => Entry::EndNow,
        KIND_END => Entry::End(match from.u8()? {
            1 => Ending::Closed,
            2 => Ending::Full,
            3 => Ending::Panicked,
            4 => Ending::Dropped,
            _ => return Err(DecodeError::Range),
        }),
        kind => read_input(kind, from, memory)?,
    })
}

fn read_input(kind: u8, from: &mut Reader<'_>, memory: &mut Memory) -> Result<Entry, DecodeError> {
    let slot = kind.checked_sub(KIND_INPUT).ok_or(DecodeError::UnknownKind)?;
    let last = memory.last.get_mut(usize::from(slot)).ok_or(DecodeError::UnknownKind)?;
    let zigzag = from.varint()?;
    let ahead = (zigzag >> 1) as i32 ^ -((zigzag & 1) as i32);
    let (count, changed) = (usize::from(from.u8()?), from.u8()?);
    if count == 0 || count > INPUTS_PER_MESSAGE_MAX {
        return Err(DecodeError::Range);
    }
    let mut inputs = Vec::with_capacity(count);
    for place in 0..count {
        if changed & (1 << place) != 0 {
            *last =
                PlayerInput { move_x: from.i8()?, move_y: from.i8()?, aim: from.u8()?, buttons: from.u8()? };
        }
        inputs.push(*last);
    }
    Ok(Entry::Input { slot: Slot(slot), first_tick: memory.tick.wrapping_add(ahead as u32), inputs })
}
