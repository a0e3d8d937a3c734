//! What a case says is right, and how an explanation compares with it.

use regex::RegexBuilder;
use serde::Deserialize;
use xtask::doctor::log::{Explanation, Match, explain};
use xtask::doctor::rule::{Certainty, Kind};

/// A report with its label.
#[derive(Debug, Deserialize)]
pub struct Case {
    id: String,
    log: String,
    /// Causes that may come first.
    allowed: Vec<String>,
    /// Commands or words that no fix may hold without a check before it.
    #[serde(default)]
    forbidden_fixes: Vec<String>,
    #[serde(default)]
    healthy: bool,
}

/// Of that many causes one may be meant without being first.
const HEDGED_AMONG: usize = 3;
/// The normal distribution's for 95 %.
const Z: f64 = 1.96;

#[derive(Debug, Default)]
pub struct Score {
    pub sick: usize,
    pub right: usize,
    pub hedged: usize,
    pub firmly_wrong: usize,
    pub healthy: usize,
    pub healthy_wrong: usize,
    pub misses: Vec<String>,
}

pub fn score(cases: &[Case]) -> Score {
    let mut score = Score::default();
    for case in cases {
        let explanation = explain(case.log.as_bytes()).unwrap();
        if case.healthy {
            score.healthy += 1;
            if explanation.root().is_some() {
                score.healthy_wrong += 1;
                score.misses.push(miss("healthy", case, &explanation));
            }
            continue;
        }
        score.sick += 1;
        match verdict(case, &explanation) {
            Verdict::Right => score.right += 1,
            Verdict::Hedged => {
                score.hedged += 1;
                score.misses.push(miss("hedged ", case, &explanation));
            }
            Verdict::FirmlyWrong => {
                score.firmly_wrong += 1;
                score.misses.push(miss("WRONG  ", case, &explanation));
            }
            Verdict::Nothing => score.misses.push(miss("nothing", case, &explanation)),
        }
    }
    score
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    Hedged,
    FirmlyWrong,
    Nothing,
}

fn verdict(case: &Case, explanation: &Explanation) -> Verdict {
    let allowed =
        |one: &Match| case.allowed.iter().any(|id| id == one.id || one.answers.contains(&id.as_str()));
    if explanation.causes().any(|one| destroys(case, one)) {
        return Verdict::FirmlyWrong;
    }
    match explanation.root() {
        Some(root) if allowed(root) => return Verdict::Right,
        Some(_) => return Verdict::FirmlyWrong,
        None => {}
    }
    // Where the right answer is that the cause stands in another log, the screen says which.
    let consequence = explanation.matches.iter().find(|one| one.kind == Kind::Consequence);
    if explanation.causes().next().is_none() && consequence.is_some_and(allowed) {
        return Verdict::Right;
    }
    let shown = explanation.matches.iter().filter(|one| one.kind != Kind::Decoy).take(HEDGED_AMONG);
    if shown.into_iter().any(allowed) { Verdict::Hedged } else { Verdict::Nothing }
}

/// A fix that the case forbids, shown before anything that tells whether it is needed.
fn destroys(case: &Case, one: &Match) -> bool {
    let forbidden = |text: &str| {
        case.forbidden_fixes.iter().any(|pattern| {
            let pattern = RegexBuilder::new(pattern).case_insensitive(true).build();
            pattern.is_ok_and(|pattern| pattern.is_match(text))
        })
    };
    one.check.is_empty() && (forbidden(&one.fix) || forbidden(&one.last_resort))
}

fn miss(verdict: &str, case: &Case, explanation: &Explanation) -> String {
    let sure = |one: &Match| match one.certainty {
        Certainty::Certain => "!",
        Certainty::Likely => "",
        Certainty::Possible => "?",
    };
    let kind = |one: &Match| match one.kind {
        Kind::Cause => "",
        Kind::Consequence => "~",
        Kind::Decoy => "-",
    };
    let shown: Vec<String> = explanation
        .matches
        .iter()
        .take(4)
        .map(|one| format!("{}{}{}", kind(one), one.id, sure(one)))
        .collect();
    format!("{verdict} {} wants {} got {}", case.id, case.allowed.join("|"), shown.join(" "))
}

impl Score {
    #[expect(clippy::cast_precision_loss, reason = "hundreds of cases")]
    pub fn share(&self, count: usize) -> f64 {
        if self.sick == 0 { 0.0 } else { count as f64 / self.sick as f64 }
    }

    pub fn table(&self, name: &str) -> String {
        let nothing = self.sick - self.right - self.hedged - self.firmly_wrong;
        let of = |count| percent(count, self.sick);
        format!(
            "{name}: n {} | right {} | hedged {} | firmly wrong {} | nothing {} | healthy n {}, with a cause {}",
            self.sick,
            of(self.right),
            of(self.hedged),
            of(self.firmly_wrong),
            of(nothing),
            self.healthy,
            percent(self.healthy_wrong, self.healthy),
        )
    }

    /// A row of scorings.md.
    pub fn row(&self, commit: &str) -> String {
        let nothing = self.sick - self.right - self.hedged - self.firmly_wrong;
        let of = |count| percent(count, self.sick);
        format!(
            "| {commit} | {} | {} | {} | {} | {} | {} | {} |",
            self.sick,
            of(self.right),
            of(self.hedged),
            of(self.firmly_wrong),
            of(nothing),
            self.healthy,
            percent(self.healthy_wrong, self.healthy),
        )
    }
}

/// A count with its share and the interval of Wilson.
#[expect(clippy::cast_precision_loss, reason = "hundreds of cases")]
fn percent(count: usize, of: usize) -> String {
    if of == 0 {
        return "0".to_owned();
    }
    let (n, p) = (of as f64, count as f64 / of as f64);
    let centre = p + Z * Z / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let bound = |side: f64| (centre + side * spread) / (1.0 + Z * Z / n) * 100.0;
    format!("{count} ({:.0} %, {:.0} to {:.0})", p * 100.0, bound(-1.0).max(0.0), bound(1.0))
}

#[test]
fn the_interval_is_wilsons() {
    assert_eq!(percent(7, 10), "7 (70 %, 40 to 89)");
    assert_eq!(percent(0, 40), "0 (0 %, 0 to 9)");
}
