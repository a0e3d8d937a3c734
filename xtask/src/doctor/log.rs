//! Recognises known failures in the text of a log, and tells cause from consequence.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use regex::bytes::{Captures, Regex, RegexBuilder};
use serde::Serialize;

use crate::doctor::judge::section;
use crate::doctor::rule::{Kind, LogText, fill};
use crate::doctor::rules;

/// The end of a longer log is what matters, and is read in a moment.
const TEXT_BYTES_MAX: usize = 8 << 20;
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

/// Everything that is known about a log, causes first, each by its first line.
pub fn explain(log: &str) -> Result<Vec<Match>> {
    let text = normalise(tail(log));
    let mut found = Vec::new();
    for (family, rule) in rules::all() {
        let Some(pattern) = &rule.log else { continue };
        let Some(hit) = search(pattern, &text).with_context(|| format!("the pattern of {}", rule.id))? else {
            continue;
        };
        let value = |name: &str| hit.values.get(name).cloned();
        found.push(Match {
            id: rule.id,
            kind: pattern.kind,
            title: rule.title,
            line: hit.line,
            text: hit.text.clone(),
            count: hit.count,
            cause: fill(rule.cause, value),
            fix: fill(rule.fix, value),
            section: section(family),
        });
    }
    found.sort_by_key(|one| (one.kind, one.line));
    Ok(found)
}

/// Where a pattern matches.
struct Hit {
    line: usize,
    text: String,
    count: usize,
    values: BTreeMap<String, String>,
}

fn search(pattern: &LogText, text: &str) -> Result<Option<Hit>> {
    let regex = compile(pattern.pattern)?;
    let except = Some(pattern.except).filter(|except| !except.is_empty()).map(compile).transpose()?;
    let bytes = text.as_bytes();
    let line_of = |captures: &Captures<'_>| {
        let at = captures.get(0).map_or(0, |whole| whole.start());
        let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
        let end =
            bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length);
        (start, end)
    };
    let fits = |captures: &Captures<'_>| {
        let (start, end) = line_of(captures);
        except.as_ref().is_none_or(|except| !except.is_match(&bytes[start..end]))
    };
    let mut hits = regex.captures_iter(bytes).filter(fits);
    let Some(first) = hits.next() else {
        return Ok(None);
    };
    let (start, end) = line_of(&first);
    let named = regex.capture_names().flatten();
    let value = |name: &str| Some(String::from_utf8_lossy(first.name(name)?.as_bytes()).into_owned());
    Ok(Some(Hit {
        line: bytes[..start].iter().filter(|byte| **byte == b'\n').count() + 1,
        text: String::from_utf8_lossy(&bytes[start..end]).trim().chars().take(LINE_CHARS_MAX).collect(),
        values: named.filter_map(|name| Some((name.to_owned(), value(name)?))).collect(),
        count: 1 + hits.count(),
    }))
}

/// Logs are bytes, mostly ASCII: without the tables of Unicode a pattern is ready sooner.
fn compile(pattern: &str) -> Result<Regex> {
    Ok(RegexBuilder::new(pattern).unicode(false).multi_line(true).build()?)
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
