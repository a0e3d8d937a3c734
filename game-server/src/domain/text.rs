//! Names and lines as people write them: what stays of a text and where it is cut, character by character as they see it.
//!
//! `web/text.js` does the same in the page; `tests/golden/text.json` holds both to it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

pub mod names;

/// How long a text may be, in grapheme clusters (what people count as characters) and in bytes of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub clusters: usize,
    pub bytes: usize,
}

/// A name fits above a player; the bytes are those of as many emoji.
pub const NAME: Limits = Limits { clusters: 16, bytes: 64 };
/// Two rows of a chat box; the bytes are those of as many emoji.
pub const LINE: Limits = Limits { clusters: 200, bytes: 800 };
/// Combining marks on one character: what Vietnamese, Thai and pointed Hebrew need; a pile of them covers other lines.
const MARKS_MAX: usize = 3;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const TEXT_STYLE: char = '\u{fe0e}';
const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
/// What follows [`BLACK_FLAG`] in the flags of England, Scotland and Wales; tags anywhere else are hidden text.
const FLAG_TAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// What others see of a text: one row, composed, single blanks, no marks in piles, and nothing invisible but what joins
/// the letters or emoji around it.
pub fn clean(text: &str) -> String {
    let composed: String = text.nfc().collect();
    visible(&composed).nfc().collect()
}

/// As much of a text as fits, in whole clusters.
pub fn cut(text: &str, limits: Limits) -> &str {
    let mut end = 0;
    for (start, cluster) in text.grapheme_indices(true).take(limits.clusters) {
        if start + cluster.len() > limits.bytes {
            break;
        }
        end = start + cluster.len();
    }
    text[..end].trim_end_matches([' ', ZERO_WIDTH_NON_JOINER, ZERO_WIDTH_JOINER])
}

/// Whether a cleaned line is meant for the program instead of for others.
pub fn is_command(line: &str) -> bool {
    // Keyboards for Chinese and Japanese write the wide one.
    line.starts_with(['/', '／'])
}

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // What was kept last in this word, and how many marks of it were the last.
    let (mut last, mut marks) = (None, 0);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if is_blank(character) {
            (last, marks) = (None, 0);
            continue;
        }
        let is_hidden = is_invisible(character);
        let is_mark = !is_hidden && is_combining_mark(character);
        let is_kept = match last {
            _ if is_hidden => joins(last, character, rest.clone().next()),
            None => !is_mark,
            Some(_) => !is_mark || marks < MARKS_MAX,
        };
        if !is_kept {
            continue;
        }
        if last.is_none() && !out.is_empty() {
            out.push(' ');
        }
        out.push(character);
        last = Some(character);
        if !is_hidden {
            marks = if is_mark { marks + 1 } else { 0 };
        }
        if character == BLACK_FLAG
            && let Some(tags) = FLAG_TAGS.iter().find(|tags| rest.as_str().starts_with(**tags))
        {
            out.push_str(tags);
            rest = rest.as_str()[tags.len()..].chars();
        }
    }
    out
}

/// White space, control characters, and letters that draw nothing.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

/// What Unicode calls ignorable by default (direction controls, zero widths, selectors, tags), annotations, and what
/// has no agreed look: private use and noncharacters.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{fff0}'..='\u{fffc}' | '\u{fffe}'..='\u{ffff}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    ) || character >= '\u{f0000}'
        || u32::from(character) & 0xfffe == 0xfffe
}

/// Whether something invisible changes how its neighbours are drawn.
fn joins(last: Option<char>, character: char, next: Option<char>) -> bool {
    let Some(last) = last else { return false };
    let next = next.unwrap_or(' ');
    let is_within_a_word = is_shaped(last) && is_shaped(next) && !is_combining_mark(next);
    match character {
        ZERO_WIDTH_JOINER => is_within_a_word || is_emoji_part(last) && is_emoji(next),
        ZERO_WIDTH_NON_JOINER => is_within_a_word,
        EMOJI_STYLE => is_emoji(last) || next == KEYCAP && matches!(last, '0'..='9' | '#' | '*'),
        TEXT_STYLE => is_emoji(last),
        _ => false,
    }
}

/// Scripts from Arabic to Sinhala, in which joiners choose the shape of letters.
fn is_shaped(character: char) -> bool {
    matches!(character, '\u{620}'..='\u{dff}')
}

fn is_emoji(character: char) -> bool {
    !character.is_ascii() && character.is_emoji_char()
}

fn is_emoji_part(character: char) -> bool {
    character == EMOJI_STYLE || is_emoji(character)
}

#[cfg(test)]
mod tests;
