//! How a finished match moves ratings: pure arithmetic on score-board lines.
//!
//! Weng-Lin (known as OpenSkill) with every player a team of one: a free-for-all of two to ten people with draws is
//! one update, exact in the order of the whole score board. Glicko-2 rates pairs in rating periods: it would need
//! up to 45 made-up duels per match, and a period to wait for.

use skillratings::MultiTeamOutcome;
use skillratings::weng_lin::{WengLinConfig, WengLinRating, weng_lin_multi_team};

/// Where everybody starts. Weng-Lin's 25 ± 25/3 scaled by 60, to a number that players know how to read.
pub const RATING_START: f64 = 1500.0;
/// How unsure the first rating is.
pub const DEVIATION_START: f64 = 500.0;
/// Rating points that make the better player win two of three; Weng-Lin's 25/6 on the same scale.
const BETA: f64 = 250.0;
/// A deviation shrinks at most to this share of itself in one update; Weng-Lin's own value.
const UNCERTAINTY_TOLERANCE: f64 = 0.000_001;
/// Deviations below the rating at which a player stands on the leaderboard: 97.7 % sure to be at least that good,
/// so that one lucky match does not pass a long record.
const STANDING_DEVIATIONS: f64 = 2.0;

/// What is believed about a player's strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    pub rating: f64,
    pub deviation: f64,
}

/// The outcome of one person's match against other people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    pub rating: Rating,
    pub won: bool,
}

impl Rating {
    /// A player who has never met another.
    pub const START: Rating = Rating { rating: RATING_START, deviation: DEVIATION_START };

    /// What the leaderboard is ordered by.
    pub fn standing(self) -> f64 {
        self.rating - STANDING_DEVIATIONS * self.deviation
    }
}

/// One person before the match and what they did in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Performance {
    pub before: Rating,
    pub score: Score,
}

/// What somebody did in a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    pub kills: u16,
    pub deaths: u16,
}

/// New ratings in the same order, by the score among people. Won has who alone leads the whole board, the `bots`
/// included; the page says who won by the same rule (`results.js`).
pub fn outcomes(people: &[Performance], bots: &[Score]) -> Vec<Outcome> {
    let scores: Vec<Score> = people.iter().map(|one| one.score).collect();
    let places: Vec<usize> = scores.iter().map(|one| 1 + ahead(*one, &scores)).collect();
    let won = |one: Score| {
        let board = || scores.iter().chain(bots);
        ahead(one, &scores) + ahead(one, bots) == 0 && board().filter(|other| **other == one).count() == 1
    };
    let outcome = |(rating, one): (Rating, &Score)| Outcome { rating, won: won(*one) };
    rate(people, &places).into_iter().zip(&scores).map(outcome).collect()
}

/// How many did better: more kills, or as many with fewer deaths.
fn ahead(one: Score, others: &[Score]) -> usize {
    let better =
        |other: &&Score| other.kills > one.kills || (other.kills == one.kills && other.deaths < one.deaths);
    others.iter().filter(better).count()
}

fn rate(people: &[Performance], places: &[usize]) -> Vec<Rating> {
    if people.len() < 2 {
        return people.iter().map(|one| one.before).collect();
    }
    let teams: Vec<[WengLinRating; 1]> = people
        .iter()
        .map(|one| [WengLinRating { rating: one.before.rating, uncertainty: one.before.deviation }])
        .collect();
    let ranked: Vec<(&[WengLinRating], MultiTeamOutcome)> = teams
        .iter()
        .zip(places)
        .map(|(team, place)| (team.as_slice(), MultiTeamOutcome::new(*place)))
        .collect();
    let config = WengLinConfig { beta: BETA, uncertainty_tolerance: UNCERTAINTY_TOLERANCE };
    weng_lin_multi_team(&ranked, &config)
        .into_iter()
        .flatten()
        .map(|after| Rating { rating: after.rating, deviation: after.uncertainty })
        .collect()
}

#[cfg(test)]
mod tests;
