//! What comes first: a last word outranks what repeats, that outranks what was said once; the specific the general.

use log_reader::{Hit, Level, Scan, looks_bad};

use super::Match;
use super::signs::Signs;
use crate::doctor::rule::{Certainty, Kind, LogText};

/// Said that often, it is no accident of the start.
const REPEATED: u64 = 3;
/// So near to the end, a line is one of the last words.
const LAST_LINES: u64 = 5;

/// Few lines were picked by somebody who thinks that they matter.
const PASTED_LINES: u64 = 8;

/// Who says so of a failure goes on.
const TRIES_AGAIN: [&str; 6] =
    ["etrying", "will retry", "try again in", "retry in", "ttempt 1", "econnecting in"];

/// Where in the course of things a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Success came after it, and it did not come again.
    Past,
    Once,
    Repeated,
    /// The last error, or close to the end.
    Last,
    /// Its own level says that the program ends here.
    Fatal,
}

pub fn place(hit: &Hit, scan: &Scan, signs: &Signs) -> Place {
    let last_words = scan.fatal.back().or_else(|| scan.errors.back()).map_or(0, |words| words.line);
    if hit.level == Level::Fatal {
        Place::Fatal
    } else if hit.last < signs.success(scan) {
        Place::Past
    } else if hit.last >= last_words && last_words > 0 || hit.last + LAST_LINES > scan.lines {
        Place::Last
    } else if hit.count >= REPEATED {
        Place::Repeated
    } else {
        Place::Once
    }
}

/// What a saying is worth where it stands: trouble that has passed explains nothing, and in a line that calls itself
/// information a general phrase, or one among no words of trouble, may be nothing.
///
/// What is said at every start, or will be tried again, means something when it goes on, ends the program, or is all
/// that was pasted. In a longer log, a warning behind which no error comes, and a general phrase said once on the way,
/// are no more than possible.
pub fn judged(text: &LogText, hit: &Hit, place: Place, scan: &Scan) -> (Kind, Certainty) {
    let long = scan.lines > PASTED_LINES;
    let passes = text.at_start || TRIES_AGAIN.iter().any(|words| hit.text.contains(words));
    let passing = passes && hit.count < REPEATED && hit.level != Level::Fatal && long;
    let goes_on = hit.level == Level::Warning && scan.fatal.is_empty() && scan.errors.is_empty();
    let aside = long && (goes_on || text.general && place == Place::Once);
    match (text.kind, place) {
        (Kind::Cause, _) if passing => (Kind::Cause, Certainty::Possible),
        (Kind::Cause, Place::Past) => (Kind::Decoy, Certainty::Possible),
        (Kind::Cause, _)
            if hit.level == Level::Info
                && (text.general || !looks_bad(hit.text.as_bytes()) || !tells_failure(text, hit)) =>
        {
            (Kind::Cause, Certainty::Possible)
        }
        (Kind::Cause, _) if aside && text.certainty == Certainty::Likely => {
            (Kind::Cause, Certainty::Possible)
        }
        (kind, _) => (kind, text.certainty),
    }
}

/// Of a line that calls itself information: fields are called `error` and `failed` too, so what is merely likely must
/// be the value of such a field or the object of the sentence.
fn tells_failure(text: &LogText, hit: &Hit) -> bool {
    const SAYS: [&str; 4] = ["error=\"", "err=\"", "ailed to ", "error: "];
    text.certainty == Certainty::Certain || SAYS.iter().any(|words| hit.text.contains(words))
}

/// Scores this near to each other differ by no more than one step of where the lines stand.
const NEAR: u32 = 3;

/// Where the second is about as likely as the first and not the same in other words, neither is likelier than all others.
fn contest(matches: &mut [Match]) {
    let [first, second, ..] = matches else { return };
    let rivals = second.kind == Kind::Cause && second.certainty == Certainty::Likely;
    let same = first.answers.contains(&second.id) || second.answers.contains(&first.id);
    if rivals
        && !same
        && first.certainty == Certainty::Likely
        && first.score <= second.score + NEAR
        && first.line != second.line
    {
        first.certainty = Certainty::Possible;
    }
}

/// What being likely adds.
const LIKELY: u32 = 20;

pub const fn score(text: &LogText, certainty: Certainty, place: Place) -> u32 {
    let sure = match certainty {
        Certainty::Certain => 30,
        Certainty::Likely => LIKELY,
        Certainty::Possible => 0,
    };
    let place = match place {
        Place::Fatal => 12,
        Place::Last => 8,
        Place::Repeated => 5,
        Place::Once => 2,
        Place::Past => 0,
    };
    let specific = if text.general { 0 } else { 10 };
    sure + place + specific
}

/// What stands in a line that is known to mean nothing is no more than possible, unless it admits no other cause.
pub fn silence(matches: &mut [Match]) {
    let noise: Vec<(u64, u64)> =
        matches.iter().filter(|one| one.kind == Kind::Decoy).map(|one| (one.line, one.count)).collect();
    for one in matches.iter_mut().filter(|one| one.kind == Kind::Cause) {
        let silent = noise.iter().any(|(line, count)| *line == one.line && *count >= one.count);
        if silent && one.certainty == Certainty::Likely {
            one.certainty = Certainty::Possible;
            one.score = one.score.saturating_sub(LIKELY);
        }
    }
}

/// An end that no cause explains makes what was said once before it less sure.
pub fn doubt(matches: &mut [Match], scan: &Scan) {
    let Some(end) = scan.fatal.back().or_else(|| scan.errors.back()) else { return };
    let explained = matches.iter().any(|one| one.kind != Kind::Decoy && one.last >= end.line);
    for one in matches.iter_mut().filter(|one| !explained && one.kind == Kind::Cause && one.last < end.line) {
        if one.certainty == Certainty::Likely && one.count < REPEATED {
            one.certainty = Certainty::Possible;
            one.score = one.score.saturating_sub(LIKELY);
        }
    }
}

/// Causes by their score, what is equal by its first line; then consequences, then decoys, by line.
///
/// One is the root: what stands behind it is an alternative, or another trouble to look at when the first is gone.
pub fn sort(matches: &mut [Match]) {
    matches.sort_by_key(|one| {
        let score = if one.kind == Kind::Cause { one.score } else { 0 };
        (one.kind, u32::MAX - score, one.line)
    });
    contest(matches);
    for one in matches.iter_mut().skip(1).filter(|one| one.kind == Kind::Cause) {
        one.certainty = Certainty::Possible;
    }
}
