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
/// What is said at every start means something when it goes on, ends the program, or is all that was pasted.
pub fn judged(text: &LogText, hit: &Hit, place: Place, lines: u64) -> (Kind, Certainty) {
    let passing = text.at_start && hit.count < REPEATED && hit.level != Level::Fatal && lines > PASTED_LINES;
    match (text.kind, place) {
        (Kind::Cause, _) if passing => (Kind::Cause, Certainty::Possible),
        (Kind::Cause, Place::Past) => (Kind::Decoy, Certainty::Possible),
        (Kind::Cause, _) if hit.level == Level::Info && (text.general || !looks_bad(hit.text.as_bytes())) => {
            (Kind::Cause, Certainty::Possible)
        }
        (kind, _) => (kind, text.certainty),
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

/// An end that no cause explains makes what was said once before it less sure.
pub fn doubt(matches: &mut [Match], scan: &Scan) {
    let Some(end) = scan.fatal.back() else { return };
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
/// One can be the likeliest: what is merely likely behind it is an alternative.
pub fn sort(matches: &mut [Match]) {
    matches.sort_by_key(|one| {
        let score = if one.kind == Kind::Cause { one.score } else { 0 };
        (one.kind, u32::MAX - score, one.line)
    });
    for one in matches.iter_mut().skip(1).filter(|one| one.kind == Kind::Cause) {
        if one.certainty == Certainty::Likely {
            one.certainty = Certainty::Possible;
        }
    }
}
