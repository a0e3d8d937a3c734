//! Phrases, found many at a time: a line is compared with a pattern only when it holds a word that the pattern needs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use regex::bytes::{Captures, Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

use crate::speaker::Speaker;

/// More words than that for one pattern, or shorter ones, would be found in every line.
const WORDS_MAX: usize = 64;
const WORD_BYTES_MIN: usize = 3;

/// Something that logs say. Patterns know no case, and no character classes of Unicode.
#[derive(Debug, Clone, Copy)]
pub struct Phrase {
    pub pattern: &'static str,
    /// Lines that match this as well mean something else; empty for none.
    pub except: &'static str,
    /// Who must say it; empty for anybody. A line whose speaker is unknown is believed.
    pub by: &'static [Speaker],
}

/// A phrase with its patterns, compiled when a line first may hold it.
struct Known {
    phrase: Phrase,
    pattern: OnceLock<Regex>,
    except: OnceLock<Regex>,
}

/// All of them.
pub struct Phrases {
    known: Vec<Known>,
    words: AhoCorasick,
    /// For every word the phrases that need it.
    needed_by: Vec<Vec<usize>>,
}

impl Phrases {
    /// The error names every pattern that is none, or that needs no word.
    pub fn new(phrases: impl IntoIterator<Item = Phrase>) -> Result<Self, String> {
        let mut needed: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        let (mut known, mut wrong) = (Vec::new(), Vec::new());
        for phrase in phrases {
            match needs(phrase.pattern) {
                Ok(words) => {
                    for word in words {
                        needed.entry(word.to_ascii_lowercase()).or_default().push(known.len());
                    }
                }
                Err(error) => wrong.push(error),
            }
            known.push(Known { phrase, pattern: OnceLock::new(), except: OnceLock::new() });
        }
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let words = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(needed.keys())
            .map_err(|error| error.to_string())?;
        Ok(Self { known, words, needed_by: needed.into_values().collect() })
    }

    /// Compiles every pattern and exception; the error names those that are none.
    pub fn check(&self) -> Result<(), String> {
        let phrases = self.known.iter().map(|known| known.phrase);
        let patterns = phrases.flat_map(|phrase| [phrase.pattern, phrase.except]);
        let wrong: Vec<&str> = patterns.filter(|pattern| built(pattern).is_err()).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// Indexes of the phrases that `text` may hold, each once.
    pub fn candidates(&self, text: &[u8], found: &mut Vec<usize>) {
        found.clear();
        for word in self.words.find_overlapping_iter(text) {
            for phrase in &self.needed_by[word.pattern().as_usize()] {
                if !found.contains(phrase) {
                    found.push(*phrase);
                }
            }
        }
    }

    /// Whether `text`, said by `speaker`, holds the phrase, and where.
    pub fn captures<'t>(&self, phrase: usize, text: &'t [u8], speaker: Speaker) -> Option<Captures<'t>> {
        let known = &self.known[phrase];
        let believed =
            known.phrase.by.is_empty() || speaker == Speaker::Unknown || known.phrase.by.contains(&speaker);
        if !believed {
            return None;
        }
        let pattern = known.pattern.get_or_init(|| compile(known.phrase.pattern));
        let captures = pattern.captures(text)?;
        if !known.phrase.except.is_empty() {
            let except = known.except.get_or_init(|| compile(known.phrase.except));
            if except.is_match(text) {
                return None;
            }
        }
        Some(captures)
    }

    /// Names of the groups of a phrase.
    pub fn group_names(&self, phrase: usize) -> Vec<String> {
        let pattern = self.known[phrase].pattern.get_or_init(|| compile(self.known[phrase].phrase.pattern));
        pattern.capture_names().flatten().map(str::to_owned).collect()
    }
}

/// Patterns were parsed when the phrases were made, exceptions are compiled by a test: what fails here matches nothing.
fn compile(pattern: &str) -> Regex {
    built(pattern).unwrap_or_else(|_| {
        Regex::new("[^\\x00-\\x{10ffff}]").expect("a class of no characters is a pattern")
    })
}

fn built(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).case_insensitive(true).build()
}

fn needs(pattern: &str) -> Result<Vec<Vec<u8>>, String> {
    let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    let hir = hir.map_err(|error| format!("{pattern}: {error}"))?;
    words(&hir).ok_or_else(|| format!("{pattern}: no word that a line must hold"))
}

/// Words of which every text that matches holds at least one.
fn words(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => (literal.0.len() >= WORD_BYTES_MIN).then(|| vec![literal.0.to_vec()]),
        HirKind::Capture(capture) => words(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => words(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(words).max_by_key(|words| strength(words)),
        HirKind::Alternation(choices) => {
            let all: Option<Vec<Vec<Vec<u8>>>> = choices.iter().map(words).collect();
            all.map(|all| all.concat()).filter(|words| words.len() <= WORDS_MAX)
        }
        _ => None,
    }
}

/// Few long words are rarer than many short ones.
fn strength(words: &[Vec<u8>]) -> usize {
    let shortest = words.iter().map(Vec::len).min().unwrap_or(0);
    (shortest * 16).saturating_sub(words.len())
}
