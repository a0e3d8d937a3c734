//! The whole way: every line is cleaned, taken apart and searched once; what is said again is only counted.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};

use memchr::memmem;

use crate::lines::{clean, for_each_line};
use crate::phrases::Phrases;
use crate::prefix::{Head, Level, head};
use crate::speaker::Speaker;
use crate::template::key;

#[cfg(test)]
mod tests;

/// Different lines that are remembered; at about 100 bytes each this bounds the memory of a log that never repeats itself.
const TEMPLATES_MAX: usize = 64 << 10;
/// Enough of a line to hold its message; the rest is data.
const MATCHED_BYTES_MAX: usize = 16 << 10;
/// Enough of a line to show.
const SHOWN_BYTES_MAX: usize = 4 << 10;
/// Distinct last words that are kept of each kind.
const WORDS_KEPT: usize = 3;
/// Shorter lines were not wrapped by a terminal.
const WRAPPED_BYTES_MIN: usize = 40;
/// Longer ones neither: no terminal is that wide.
const WRAPPED_BYTES_MAX: usize = 400;

/// A phrase that the log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub phrase: usize,
    /// Of the file, from 1.
    pub first: u64,
    pub last: u64,
    /// How many lines say it.
    pub count: u64,
    /// The worst level at which it is said.
    pub level: Level,
    pub speaker: Speaker,
    /// The message of the first line, and which part of it matched.
    pub text: String,
    pub span: (usize, usize),
    /// What the groups of the pattern hold.
    pub values: Vec<(String, String)>,
}

/// A line that says of itself that something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub line: u64,
    pub text: String,
    pub speaker: Speaker,
    pub level: Level,
    pub count: u64,
    key: u64,
}

/// Everything that a log holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    pub lines: u64,
    /// By phrase.
    pub hits: Vec<Hit>,
    /// The last different ones of each: by their level fatal, by their level errors, by their words bad.
    pub fatal: VecDeque<Words>,
    pub errors: VecDeque<Words>,
    pub suspects: VecDeque<Words>,
    /// Who speaks most.
    pub speaker: Speaker,
}

/// Reads a log to its end, in memory that does not grow with it.
pub fn scan(input: impl Read, phrases: &Phrases) -> io::Result<Scan> {
    let mut scanner = Scanner::new(phrases);
    let mut buffer = Vec::new();
    for_each_line(input, |line| scanner.line(clean(line, &mut buffer)))?;
    Ok(scanner.finish())
}

/// What a line turned out to be, for when it comes again.
#[derive(Clone)]
struct Outcome {
    head: Head,
    bad: bool,
    matched: Box<[usize]>,
}

struct Scanner<'p> {
    phrases: &'p Phrases,
    scan: Scan,
    hits: HashMap<usize, Hit>,
    seen: HashMap<u64, Outcome>,
    /// The last line that began a record: what continues it has its speaker and level.
    record: Head,
    /// Whose `level=… msg=…` lines these are, by what they once said.
    fields: Speaker,
    before: Before,
    speakers: HashMap<Speaker, u64>,
    candidates: Vec<usize>,
}

/// By whom, how and where something is said.
#[derive(Clone, Copy)]
struct Said {
    speaker: Speaker,
    level: Level,
    line: u64,
}

/// The line before, for lines that a terminal broke.
#[derive(Default)]
struct Before {
    text: Vec<u8>,
    line: u64,
    matched: Vec<usize>,
    longest: usize,
    bytes: usize,
}

impl<'p> Scanner<'p> {
    fn new(phrases: &'p Phrases) -> Self {
        Self {
            phrases,
            scan: Scan::default(),
            hits: HashMap::new(),
            seen: HashMap::new(),
            record: Head::default(),
            fields: Speaker::Unknown,
            before: Before::default(),
            speakers: HashMap::new(),
            candidates: Vec::new(),
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.scan.lines += 1;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            self.before.text.clear();
            return;
        }
        let key = key(line);
        if let Some(outcome) = self.seen.get(&key).cloned() {
            self.again(&outcome, key, line);
            self.before.text.clear();
            return;
        }
        let outcome = self.anew(line);
        self.remember_words(&outcome, key, line);
        if self.seen.len() < TEMPLATES_MAX {
            self.seen.insert(key, outcome);
        }
    }

    fn again(&mut self, outcome: &Outcome, key: u64, line: &[u8]) {
        self.enter(&outcome.head);
        *self.speakers.entry(self.speaker_of(&outcome.head)).or_default() += 1;
        for phrase in &outcome.matched {
            if let Some(hit) = self.hits.get_mut(phrase) {
                hit.count += 1;
                hit.last = self.scan.lines;
            }
        }
        self.remember_words(outcome, key, line);
    }

    fn anew(&mut self, line: &[u8]) -> Outcome {
        let line = &line[..line.len().min(MATCHED_BYTES_MAX)];
        let head = head(line);
        self.recognise_fields(line);
        self.enter(&head);
        let speaker = self.speaker_of(&head);
        *self.speakers.entry(speaker).or_default() += 1;
        let message = &line[head.at..];
        let level = self.level_of(&head);
        let matched = self.search(message, Said { speaker, level, line: self.scan.lines }, &[]);
        self.join(line, &head, &matched);
        Outcome { head, bad: looks_bad(message), matched: matched.into() }
    }

    /// Notes every phrase that `message` holds, those in `known` aside, and returns them.
    fn search(&mut self, message: &[u8], said: Said, known: &[usize]) -> Vec<usize> {
        let Said { speaker, level, line } = said;
        let mut candidates = std::mem::take(&mut self.candidates);
        self.phrases.candidates(message, &mut candidates);
        let mut matched = Vec::new();
        for &phrase in candidates.iter().filter(|phrase| !known.contains(phrase)) {
            let Some(captures) = self.phrases.captures(phrase, message, speaker) else { continue };
            matched.push(phrase);
            if let Some(hit) = self.hits.get_mut(&phrase) {
                hit.count += 1;
                hit.last = hit.last.max(line);
                hit.level = hit.level.max(level);
                continue;
            }
            let value = |name: String| {
                let value = String::from_utf8_lossy(captures.name(&name)?.as_bytes()).into_owned();
                Some((name, value))
            };
            let values = self.phrases.group_names(phrase).into_iter().filter_map(value).collect();
            let (text, span) = shown(message, captures.get(0).map_or(0..0, |whole| whole.range()));
            let hit = Hit { phrase, first: line, last: line, count: 1, level, speaker, text, span, values };
            self.hits.insert(phrase, hit);
        }
        self.candidates = candidates;
        matched
    }

    /// A line without a head of its own behind one that is as long as the terminal was wide, or whose quote is open,
    /// may be its rest: what only both together say counts as well.
    fn join(&mut self, line: &[u8], head: &Head, matched: &[usize]) {
        let length = line.len();
        let before = std::mem::take(&mut self.before);
        let open = before.text.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        let wide = before.bytes >= before.longest && before.bytes >= WRAPPED_BYTES_MIN;
        let indented = line[0].is_ascii_whitespace();
        let wrapped = !before.text.is_empty()
            && !head.own
            && !indented
            && before.bytes <= WRAPPED_BYTES_MAX
            && (wide || open && before.bytes >= WRAPPED_BYTES_MIN);
        let mut longest = before.longest;
        if length <= WRAPPED_BYTES_MAX {
            longest = longest.max(length);
        }
        if !wrapped || before.text.len() + length > SHOWN_BYTES_MAX {
            let text = line[head.at..].to_vec();
            self.before =
                Before { text, line: self.scan.lines, matched: matched.to_vec(), longest, bytes: length };
            return;
        }
        let mut known = [before.matched.as_slice(), matched].concat();
        let said = Said { speaker: self.record.speaker, level: self.record.level, line: before.line };
        let mut joined = before.text.clone();
        joined.extend_from_slice(line);
        known.extend(self.search(&joined, said, &known));
        let mut spaced = before.text;
        spaced.push(b' ');
        spaced.extend_from_slice(line);
        known.extend(self.search(&spaced, said, &known));
        // A terminal cuts words, a mail program does not: the next line goes on from whichever holds together.
        let text = if wide { joined } else { spaced };
        self.before = Before { text, line: before.line, matched: known, longest, bytes: length };
    }

    fn enter(&mut self, head: &Head) {
        if head.own {
            self.record = Head { speaker: self.own_speaker(head), ..*head };
        } else if head.speaker != Speaker::Unknown {
            self.record = *head;
        }
    }

    const fn own_speaker(&self, head: &Head) -> Speaker {
        match head.speaker {
            Speaker::Unknown => self.fields,
            known => known,
        }
    }

    fn speaker_of(&self, head: &Head) -> Speaker {
        if head.own || head.speaker != Speaker::Unknown {
            self.own_speaker(head)
        } else {
            self.record.speaker
        }
    }

    fn level_of(&self, head: &Head) -> Level {
        if head.own || head.level != Level::Unknown { head.level } else { self.record.level }
    }

    /// k3s, Docker and containerd all write `level=… msg=…` and name themselves once.
    fn recognise_fields(&mut self, line: &[u8]) {
        const NAMES: [(&[u8], Speaker); 6] = [
            (b"Starting k3s", Speaker::K3s),
            (b"Starting rke2", Speaker::K3s),
            (b"\"starting containerd\"", Speaker::Containerd),
            (b"module=libcontainerd", Speaker::Docker),
            (b"Docker daemon", Speaker::Docker),
            (b"Traefik version", Speaker::Traefik),
        ];
        let named = NAMES.iter().find(|(words, _)| memmem::find(line, words).is_some());
        if let Some((_, speaker)) = named.filter(|_| memmem::find(line, b"level=").is_some()) {
            self.fields = *speaker;
        }
    }

    fn remember_words(&mut self, outcome: &Outcome, key: u64, line: &[u8]) {
        let kept = match outcome.head.level {
            Level::Fatal => &mut self.scan.fatal,
            Level::Error => &mut self.scan.errors,
            _ if outcome.bad => &mut self.scan.suspects,
            _ => return,
        };
        let count = match kept.iter().position(|words| words.key == key) {
            Some(at) => kept.remove(at).map_or(1, |words| words.count + 1),
            None => 1,
        };
        if kept.len() == WORDS_KEPT {
            kept.pop_front();
        }
        let message = line.get(outcome.head.at..).unwrap_or(line);
        let (text, _) = shown(message, 0..0);
        let head = &outcome.head;
        let speaker = if head.own || head.speaker != Speaker::Unknown {
            if head.speaker == Speaker::Unknown { self.fields } else { head.speaker }
        } else {
            self.record.speaker
        };
        kept.push_back(Words { line: self.scan.lines, text, speaker, level: head.level, count, key });
    }

    fn finish(mut self) -> Scan {
        self.scan.hits = self.hits.into_values().collect();
        self.scan.hits.sort_by_key(|hit| hit.phrase);
        self.speakers.remove(&Speaker::Unknown);
        let most = self.speakers.into_iter().max_by_key(|(speaker, count)| (*count, *speaker));
        self.scan.speaker = most.map_or(Speaker::Unknown, |(speaker, _)| speaker);
        self.scan
    }
}

/// The message as text, not longer than can be shown, and the part of it that `range` is.
fn shown(message: &[u8], range: std::ops::Range<usize>) -> (String, (usize, usize)) {
    let from = range.start.saturating_sub(SHOWN_BYTES_MAX / 2);
    let until = message.len().min(from + SHOWN_BYTES_MAX);
    let part =
        |from: usize, until: usize| String::from_utf8_lossy(&message[from.min(until)..until]).into_owned();
    let start = range.start.min(until);
    let (before, inside) = (part(from, start), part(start, range.end.clamp(start, until)));
    let span = (before.len(), before.len() + inside.len());
    (before + &inside + &part(span_end(range.end, start, until), until), span)
}

fn span_end(end: usize, start: usize, until: usize) -> usize {
    end.clamp(start, until)
}

/// Whether a line holds words of trouble.
pub fn looks_bad(message: &[u8]) -> bool {
    const WORDS: [&[u8]; 13] = [
        b"rror",
        b"ERROR",
        b"ailed",
        b"atal",
        b"annot ",
        b"an't ",
        b"nable to",
        b"xception",
        b"panic",
        b"denied",
        b"efused",
        b"No such",
        b"not found",
    ];
    WORDS.iter().any(|word| memmem::find(message, word).is_some())
}
