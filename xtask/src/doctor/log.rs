//! Recognises known failures in the text of a log, and tells cause from consequence.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Serialize;

use crate::doctor::judge::section;
use crate::doctor::rule::{Family, Kind, LogText, Rule, fill};
use crate::doctor::rules;

/// The end of a longer log is what matters, and is read in a moment.
const TEXT_BYTES_MAX: usize = 8 << 20;
/// States of all patterns at once are many; what does not fit is worked out again and again.
const DFA_BYTES_MAX: usize = 64 << 20;
/// Enough of a line to recognise it by.
const LINE_CHARS_MAX: usize = 240;

/// A known failure that a log tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    pub id: &'static str,
    pub kind: Kind,
    pub title: &'static str,
    /// From 1: the first line that says it.
    pub line: usize,
    pub text: String,
    /// How many lines say it.
    pub count: usize,
    pub cause: String,
    pub fix: String,
    pub section: String,
}

/// The patterns of all rules as one, so that a log is read once and not once a rule.
static ANY: LazyLock<RegexSet> = LazyLock::new(|| {
    let patterns = known().map(|(.., log)| log.pattern);
    let set =
        RegexSetBuilder::new(patterns).unicode(false).multi_line(true).dfa_size_limit(DFA_BYTES_MAX).build();
    set.expect("every pattern is compiled by a test")
});

/// Rules that logs can tell of.
fn known() -> impl Iterator<Item = (&'static Family, &'static Rule, &'static LogText)> {
    rules::all().filter_map(|(family, rule)| Some((family, rule, rule.log.as_ref()?)))
}

/// Everything that is known about a log, causes first, each by its first line.
pub fn explain(log: &str) -> Vec<Match> {
    let text = normalise(tail(log));
    let there = ANY.matches(text.as_bytes());
    let candidates = known().enumerate().filter(|(index, _)| there.matched(*index));
    let mut found: Vec<Match> =
        candidates.filter_map(|(_, (family, rule, log))| recognise(family, rule, log, &text)).collect();
    found.sort_by_key(|one| (one.kind, one.line));
    found
}

fn recognise(family: &Family, rule: &'static Rule, log: &LogText, text: &str) -> Option<Match> {
    let hit = search(log, text)?;
    let value = |name: &str| hit.values.get(name).cloned();
    Some(Match {
        id: rule.id,
        kind: log.kind,
        title: rule.title,
        line: hit.line,
        count: hit.count,
        cause: fill(rule.cause, value),
        fix: fill(rule.fix, value),
        section: section(family),
        text: hit.text,
    })
}

/// Where a pattern matches.
struct Hit {
    line: usize,
    text: String,
    count: usize,
    values: BTreeMap<String, String>,
}

fn search(log: &LogText, text: &str) -> Option<Hit> {
    let pattern = compile(log.pattern);
    let except = (!log.except.is_empty()).then(|| compile(log.except));
    let bytes = text.as_bytes();
    let line_of = |captures: &Captures<'_>| {
        let at = captures.get(0).map_or(0, |whole| whole.start());
        let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
        let end =
            bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length);
        start..end
    };
    let fits = |captures: &Captures<'_>| {
        except.as_ref().is_none_or(|except| !except.is_match(&bytes[line_of(captures)]))
    };
    let mut hits = pattern.captures_iter(bytes).filter(fits);
    let first = hits.next()?;
    let line = line_of(&first);
    let named = pattern.capture_names().flatten();
    let value = |name: &str| Some(String::from_utf8_lossy(first.name(name)?.as_bytes()).into_owned());
    Some(Hit {
        line: bytes[..line.start].iter().filter(|byte| **byte == b'\n').count() + 1,
        text: String::from_utf8_lossy(&bytes[line]).trim().chars().take(LINE_CHARS_MAX).collect(),
        values: named.filter_map(|name| Some((name.to_owned(), value(name)?))).collect(),
        count: 1 + hits.count(),
    })
}

/// Logs are bytes, mostly ASCII: without the tables of Unicode a pattern is ready sooner.
fn compile(pattern: &str) -> Regex {
    let regex = RegexBuilder::new(pattern).unicode(false).multi_line(true).build();
    regex.expect("every pattern is compiled by a test")
}

fn tail(log: &str) -> &str {
    let mut start = log.len().saturating_sub(TEXT_BYTES_MAX);
    while !log.is_char_boundary(start) {
        start += 1;
    }
    &log[start..]
}

/// Takes colours and carriage returns away, and the backslashes that loggers put before quotes, one or several deep.
fn normalise(log: &str) -> String {
    let mut plain = String::with_capacity(log.len());
    let mut chars = log.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                while chars.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                chars.next();
            }
            '\r' => {}
            '"' => {
                let quoted = plain.trim_end_matches('\\').len();
                plain.truncate(quoted);
                plain.push('"');
            }
            other => plain.push(other),
        }
    }
    plain
}
