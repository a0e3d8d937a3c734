//! Logs of any kind and size, read in a stream: lines, who says them, how bad they are, and which known phrases they hold.

/// Bytes into lines, whatever their encoding.
mod lines;
/// Phrases, found many at a time.
mod phrases;
/// What stands before a message: times, names, levels.
mod prefix;
/// The whole way: from bytes to what was found where.
mod scan;
/// Who writes a line.
mod speaker;
/// What can be seen of a line once it is free of its prefix.
mod template;

pub use phrases::{Phrase, Phrases};
pub use prefix::{Head, Level, head};
pub use scan::{Hit, Scan, Words, looks_bad, scan};
pub use speaker::Speaker;
