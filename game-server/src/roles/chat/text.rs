//! What may be said where: pure checks and cleaning.

use crate::domain::NAME_CHARS_MAX;

/// Longest line in characters: two rows of a chat box.
pub const LINE_CHARS_MAX: usize = 200;

/// Why a line is not taken; the words are part of the bus contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Flood,
    Empty,
    TooLong,
    Channel,
    /// The line could not be passed on.
    Unavailable,
}

impl Refusal {
    /// The word on the bus and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::Flood => "flood",
            Refusal::Empty => "empty",
            Refusal::TooLong => "too_long",
            Refusal::Channel => "channel",
            Refusal::Unavailable => "unavailable",
        }
    }
}

/// The line as others will see it: one row, nothing invisible that could redraw or reverse what is around it.
pub fn clean_line(text: &str) -> Result<String, Refusal> {
    let line = visible(text);
    if line.is_empty() {
        Err(Refusal::Empty)
    } else if line.chars().count() > LINE_CHARS_MAX {
        Err(Refusal::TooLong)
    } else {
        Ok(line)
    }
}

/// The name as others will see it.
pub fn clean_name(name: &str) -> String {
    let name: String = visible(name).chars().take(NAME_CHARS_MAX).collect();
    if name.is_empty() { "Player".to_owned() } else { name }
}

/// `global`, `room:<id>` or `whisper:<player id>`, ids in decimal as they are written, so that a channel has one name.
pub fn check_channel(channel: &str) -> Result<(), Refusal> {
    let known = match channel.split_once(':') {
        None => channel == "global",
        Some(("room" | "whisper", id)) => id.parse::<u64>().is_ok_and(|parsed| parsed.to_string() == id),
        Some(_) => false,
    };
    if known { Ok(()) } else { Err(Refusal::Channel) }
}

/// Control characters end words, direction overrides vanish, runs of blanks become one.
fn visible(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|character| !is_direction_override(*character))
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_direction_override(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
