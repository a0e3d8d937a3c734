//! What a log tells, on a terminal: the cause and how sure it is, the log's own words, and where to look next.

use console::{StyledObject, style};

use super::{dim, heading, line, width, wrap};
use crate::doctor::log::{Explanation, Match, OwnWords};
use crate::doctor::rule::{Certainty, Kind};

/// More causes than that are no help.
const CAUSES_SHOWN: usize = 4;
/// Lines that follow from a cause or mean nothing, as one line each.
const REST_SHOWN: usize = 6;
/// What is shown of a line before and after the part that was recognised.
const AROUND_CHARS: usize = 60;
/// A pattern may take in most of a line.
const MATCHED_CHARS_MAX: usize = 260;

/// Everything that can be said about a log.
pub fn log(explanation: &Explanation) -> String {
    let mut text = "\n".to_owned();
    let causes: Vec<&Match> = explanation.causes().collect();
    for (index, one) in causes.iter().take(CAUSES_SHOWN).enumerate() {
        text.push_str(&block(&mark(one, index), one));
    }
    let rest: Vec<&Match> = explanation.matches.iter().filter(|one| one.kind != Kind::Cause).collect();
    let clear = explanation.root().is_some();
    if !clear {
        text.push_str(&nothing_sure(explanation, &rest));
    }
    text.push_str(&own_words(explanation, clear));
    if !clear {
        text.push_str(&line(2, "next", explanation.next));
    }
    let follows = if clear { "follows from it" } else { "follows from something else" };
    for (kind, words) in [(Kind::Consequence, follows), (Kind::Decoy, "means nothing here")] {
        for one in rest.iter().filter(|one| one.kind == kind).take(REST_SHOWN) {
            text.push_str(&aside(one, words));
        }
    }
    text
}

/// Only what is certain may stand alone as the root.
fn mark(one: &Match, index: usize) -> StyledObject<&'static str> {
    match (one.certainty, index) {
        (Certainty::Certain, 0) => style("root").red().bold(),
        (Certainty::Likely, 0) => style("likely").red().bold(),
        (Certainty::Possible, _) => style("perhaps").cyan(),
        _ => style("also").yellow().bold(),
    }
}

fn nothing_sure(explanation: &Explanation, rest: &[&Match]) -> String {
    let lines = explanation.lines;
    let follows = rest.iter().any(|one| one.kind == Kind::Consequence);
    let words = if explanation.causes().next().is_some() {
        "  Nothing here is sure enough to be called the cause.\n".to_owned()
    } else if follows {
        "  What is known here follows from a cause that another log tells.\n".to_owned()
    } else if explanation.own_words.is_empty() {
        format!("  No trouble that is known, in {lines} lines.\n")
    } else {
        format!("  No cause that is known, in {lines} lines. The log's own last words:\n")
    };
    let mut text = words;
    for one in rest.iter().filter(|one| one.kind == Kind::Consequence) {
        text.push_str(&line(2, "next", &one.fix));
    }
    text
}

fn own_words(explanation: &Explanation, clear: bool) -> String {
    let shown = explanation.own_words.iter().filter(|one| !clear || one.fatal);
    let mut text = String::new();
    for one in shown {
        text.push_str(&line(2, "says", &told(one)));
    }
    text
}

fn told(one: &OwnWords) -> String {
    let who = if one.speaker.is_empty() { String::new() } else { format!(" ({})", one.speaker) };
    let word = if one.fatal { ", fatal" } else { "" };
    format!("line {}{}{who}{word}: {}", one.line, times(one.count), one.text.trim())
}

fn times(count: u64) -> String {
    if count > 1 { format!(" and {} more lines", count - 1) } else { String::new() }
}

fn aside(one: &Match, words: &str) -> String {
    let what = format!("line {} {words}: {} [{}]", one.line, one.title, one.id);
    let mut text = String::new();
    for (index, part) in wrap(&what, width().saturating_sub(6)).iter().enumerate() {
        let indent = if index == 0 { 2 } else { 6 };
        text.push_str(&format!("{:indent$}{}\n", "", dim(part.clone())));
    }
    text
}

fn block(mark: &StyledObject<&str>, one: &Match) -> String {
    let mut text = heading(mark, &one.title, one.id);
    let who = if one.speaker.is_empty() { String::new() } else { format!(" ({})", one.speaker) };
    let read = format!("line {}{}{who}: {}", one.line, times(one.count), evidence(&one.text, one.span));
    text.push_str(&line(8, "read", &read));
    text.push_str(&line(8, "sure", sure(one.certainty)));
    text.push_str(&line(8, "why", &one.cause));
    for (word, part) in [("check", &one.check), ("fix", &one.fix), ("last", &one.last_resort)] {
        if !part.is_empty() {
            text.push_str(&line(8, word, part));
        }
    }
    text.push_str(&line(8, "more", &one.section));
    text.push('\n');
    text
}

const fn sure(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain: these words have no other cause",
        Certainty::Likely => "likely: the check tells",
        Certainty::Possible => "possible: others say the same; the check tells",
    }
}

/// The part that matched with what stands around it; `…` where something is left out.
pub fn evidence(text: &str, (start, end): (usize, usize)) -> String {
    let take = |part: &str, count: usize| part.chars().take(count).collect::<String>();
    let before: Vec<char> = text[..start].chars().collect();
    let left = before.len().saturating_sub(AROUND_CHARS);
    let matched = take(&text[start..end], MATCHED_CHARS_MAX);
    let after = take(&text[end..], AROUND_CHARS);
    let mut shown = String::new();
    if left > 0 {
        shown.push('…');
    }
    shown.extend(&before[left..]);
    shown.push_str(&matched);
    if matched.len() < end - start {
        shown.push('…');
        return shown;
    }
    shown.push_str(&after);
    if after.len() < text.len() - end {
        shown.push('…');
    }
    shown.trim().to_owned()
}
