//! Names of players: cleaned, never reserved, and never the look of somebody else's.

use std::sync::LazyLock;

use unicode_security::confusable_detection::skeleton;

use super::{Limits, NAME, clean, cut};

/// Who has no name that could be shown.
pub const NAMELESS: &str = "Player";
/// Whoever is called this, or has it as a word of the name, would speak with a voice that is not theirs.
const RESERVED: [&str; 11] = [
    "admin",
    "administrator",
    "developer",
    "gamemaster",
    "mod",
    "moderator",
    "official",
    "operator",
    "server",
    "staff",
    "system",
];
/// No two numbers of as many digits make names that look alike, so this is enough for three thousand people.
const NUMBER_MAX: u32 = 9_999;
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

static RESERVED_LOOKS: LazyLock<Vec<Looks>> =
    LazyLock::new(|| RESERVED.iter().map(|word| Looks::of(word)).collect());

/// How a name looks as it is written, in small and in capital letters; two names are confusable when they share one of
/// these. Blanks, punctuation and accents do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks([u64; 3]);

impl Looks {
    /// The looks of a cleaned name.
    pub fn of(name: &str) -> Looks {
        Looks([look(name), look(&name.to_lowercase()), look(&name.to_uppercase())])
    }

    /// Whether people could take one for the other.
    pub fn alike(&self, other: &Looks) -> bool {
        self.0.iter().zip(other.0).any(|(own, other)| *own == other)
    }
}

/// A hash of the skeleton of UTS 39 without what people overlook.
fn look(name: &str) -> u64 {
    let core = hash(skeleton(name).filter(|character| !is_overlooked(*character)));
    // Of a name that is nothing else, all counts.
    if core == FNV_OFFSET { hash(skeleton(name)) } else { core }
}

fn hash(characters: impl Iterator<Item = char>) -> u64 {
    characters.fold(FNV_OFFSET, |hash, character| (hash ^ u64::from(character)).wrapping_mul(FNV_PRIME))
}

fn is_overlooked(character: char) -> bool {
    let is_accent = matches!(
        character,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
    );
    is_accent || character.is_whitespace() || character.is_ascii_punctuation()
}

/// The name as others will see it.
pub fn clean_name(text: &str) -> String {
    let name = clean(text);
    let name = cut(&name, NAME);
    if name.is_empty() || is_reserved(name) { NAMELESS.to_owned() } else { name.to_owned() }
}

/// `admin`, `Admin 2`, `4DM1N_`, `the admin` and what looks like them.
fn is_reserved(name: &str) -> bool {
    let words = name.split(|character: char| character.is_whitespace() || character.is_ascii_punctuation());
    std::iter::once(name).chain(words).any(|part| {
        let part = part.trim_matches(char::is_numeric);
        let looks = Looks::of(part);
        !part.is_empty() && RESERVED_LOOKS.iter().any(|reserved| reserved.alike(&looks))
    })
}

/// The name itself, or with the first number that nobody else's name looks like: the second Ann is `Ann 2`.
pub fn distinct(name: &str, taken: &[Looks]) -> String {
    let is_free = |name: &String| {
        let looks = Looks::of(name);
        !taken.iter().any(|taken| taken.alike(&looks))
    };
    let as_it_is = std::iter::once(name.to_owned());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let base = name.rsplit_once(' ').filter(|(_, end)| is_number(end)).map_or(name, |(base, _)| base);
    let numbered = (2..=NUMBER_MAX).map(|number| {
        let suffix = format!(" {number}");
        let limits = Limits { clusters: NAME.clusters - suffix.len(), bytes: NAME.bytes - suffix.len() };
        format!("{}{suffix}", cut(base, limits))
    });
    as_it_is.chain(numbered).find(is_free).unwrap_or_else(|| NAMELESS.to_owned())
}

#[cfg(test)]
mod tests;
