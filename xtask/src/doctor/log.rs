//! What a log tells: which known failures it holds, in which order, how sure that is, and what it says itself.

use std::io::{self, Read};
use std::sync::LazyLock;

use log_reader::{Hit, Level, Phrase, Phrases, Scan, Speaker, scan};
use serde::Serialize;

use crate::doctor::judge::section;
use crate::doctor::rule::{Certainty, Family, Kind, LogText, Rule, fill};
use crate::doctor::rules;

/// What to read next, by who speaks.
mod next;
/// What comes first.
mod order;
/// What logs say about their own success and end.
mod signs;

/// A known failure that a log tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    pub id: &'static str,
    pub kind: Kind,
    pub certainty: Certainty,
    pub title: String,
    /// Who says it; empty where nobody knows.
    pub speaker: &'static str,
    /// From 1: the first line that says it.
    pub line: u64,
    /// The message of that line.
    pub text: String,
    /// The part of it that was recognised, in bytes.
    #[serde(skip)]
    pub span: (usize, usize),
    /// How many lines say it.
    pub count: u64,
    pub cause: String,
    /// What tells whether this is it; empty where nothing needs to.
    pub check: String,
    pub fix: String,
    /// What deletes or makes anew, and what is lost; empty where nothing does.
    pub last_resort: String,
    pub section: String,
    #[serde(skip)]
    pub answers: &'static [&'static str],
    #[serde(skip)]
    score: u32,
    /// The last line that says it.
    #[serde(skip)]
    last: u64,
}

/// A line that says of itself that something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnWords {
    pub line: u64,
    pub count: u64,
    pub fatal: bool,
    pub speaker: &'static str,
    pub text: String,
}

/// Everything that can be said about a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub lines: u64,
    /// Who speaks most; empty where nobody knows.
    pub speaker: &'static str,
    /// Causes first, the first of them the likeliest; then what follows from one, then what means nothing.
    pub matches: Vec<Match>,
    /// The log's own last fatal and error lines that no cause explains.
    pub own_words: Vec<OwnWords>,
    /// Which log or command tells more.
    pub next: &'static str,
}

impl Explanation {
    pub fn causes(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter().filter(|one| one.kind == Kind::Cause)
    }

    /// The cause, where the log is clear enough to name one.
    pub fn root(&self) -> Option<&Match> {
        self.causes().next().filter(|one| one.certainty >= Certainty::Likely)
    }
}

/// A way of saying a failure, with what must be said beside it.
struct Known {
    family: &'static Family,
    rule: &'static Rule,
    text: &'static LogText,
    phrase: usize,
    with: Option<usize>,
    without: Option<usize>,
}

/// Every saying of every rule, and the signs, as one search.
struct Knowledge {
    known: Vec<Known>,
    signs: signs::Signs,
    phrases: Phrases,
}

static KNOWLEDGE: LazyLock<Knowledge> =
    LazyLock::new(|| knowledge().expect("every pattern is compiled by a test"));

fn knowledge() -> Result<Knowledge, String> {
    let mut all: Vec<Phrase> = Vec::new();
    let mut add = |pattern, except, by| {
        all.push(Phrase { pattern, except, by });
        all.len() - 1
    };
    let beside = |pattern: &'static str, add: &mut dyn FnMut(_, _, _) -> usize| {
        (!pattern.is_empty()).then(|| add(pattern, "", &[][..]))
    };
    let mut known = Vec::new();
    for (family, rule) in rules::all() {
        for text in rule.says() {
            let phrase = add(text.pattern, text.except, text.by);
            let with = beside(text.with, &mut add);
            let without = beside(text.without, &mut add);
            known.push(Known { family, rule, text, phrase, with, without });
        }
    }
    let signs = signs::Signs::new(&mut add);
    Ok(Knowledge { known, signs, phrases: Phrases::new(all)? })
}

/// Whether every pattern of every rule is one; the error names those that are not.
pub fn patterns() -> Result<(), String> {
    knowledge()?.phrases.check()
}

/// Reads a log to its end and says what is known about it.
pub fn explain(log: impl Read) -> io::Result<Explanation> {
    let knowledge = &*KNOWLEDGE;
    let scan = scan(log, &knowledge.phrases)?;
    let found = |phrase: usize| scan.hits.iter().find(|hit| hit.phrase == phrase);
    let stands = |known: &&Known| {
        known.with.is_none_or(|with| found(with).is_some())
            && known.without.is_none_or(|without| found(without).is_none())
    };
    let mut matches: Vec<Match> = Vec::new();
    for known in knowledge.known.iter().filter(stands) {
        let Some(hit) = found(known.phrase) else { continue };
        let place = order::place(hit, &scan, &knowledge.signs);
        let one = recognised(known, hit, place, &scan);
        match matches.iter_mut().find(|other| other.id == one.id) {
            Some(other) => merge(other, one),
            None => matches.push(one),
        }
    }
    order::silence(&mut matches);
    order::doubt(&mut matches, &scan);
    order::sort(&mut matches);
    let own_words = own_words(&scan, &matches);
    let speaker = own_words.last().map_or(scan.speaker.name(), |words| words.speaker);
    Ok(Explanation {
        lines: scan.lines,
        speaker: if speaker.is_empty() { scan.speaker.name() } else { speaker },
        next: next::after(speaking(&scan)),
        matches,
        own_words,
    })
}

fn recognised(known: &Known, hit: &Hit, place: order::Place, scan: &Scan) -> Match {
    let (rule, text) = (known.rule, known.text);
    let value =
        |name: &str| hit.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let (kind, certainty) = order::judged(text, hit, place, scan);
    Match {
        id: rule.id,
        kind,
        certainty,
        title: fill(rule.title, value),
        speaker: hit.speaker.name(),
        line: hit.first,
        text: hit.text.clone(),
        span: hit.span,
        count: hit.count,
        cause: fill(rule.cause, value),
        check: fill(rule.tell, value),
        fix: fill(rule.fix, value),
        last_resort: fill(rule.last_resort, value),
        section: section(known.family),
        answers: rule.answers,
        score: order::score(text, certainty, place),
        last: hit.last,
    }
}

/// Two ways of saying the same failure are one: shown as the surer of both.
fn merge(one: &mut Match, other: Match) {
    let (count, last) = (one.count.max(other.count), one.last.max(other.last));
    let better = (other.kind == Kind::Cause, other.score) > (one.kind == Kind::Cause, one.score);
    if better {
        *one = other;
    }
    (one.count, one.last) = (count, last);
}

/// At most three: fatal ones before errors, errors before lines that only sound bad; what a cause explains aside.
fn own_words(scan: &Scan, matches: &[Match]) -> Vec<OwnWords> {
    const SHOWN: usize = 3;
    let explained = |text: &str| {
        matches
            .iter()
            .any(|one| one.kind == Kind::Cause && one.certainty >= Certainty::Likely && one.text == text)
    };
    let harmless = |text: &str| matches.iter().any(|one| one.kind == Kind::Decoy && one.text == text);
    let mut words: Vec<OwnWords> = Vec::new();
    let loud = scan.fatal.iter().rev().chain(scan.errors.iter().rev());
    let quiet = scan.suspects.iter().rev().filter(|_| scan.fatal.is_empty() && scan.errors.is_empty());
    for one in loud.chain(quiet).filter(|one| !explained(&one.text) && !harmless(&one.text)).take(SHOWN) {
        words.push(OwnWords {
            line: one.line,
            count: one.count,
            fatal: one.level == Level::Fatal,
            speaker: one.speaker.name(),
            text: one.text.clone(),
        });
    }
    words.sort_by_key(|one| one.line);
    words
}

/// Who has the last word, else who speaks most.
fn speaking(scan: &Scan) -> Speaker {
    let last = scan.fatal.back().or_else(|| scan.errors.back()).map(|words| words.speaker);
    last.filter(|speaker| *speaker != Speaker::Unknown).unwrap_or(scan.speaker)
}
