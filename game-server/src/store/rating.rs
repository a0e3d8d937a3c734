//! How a finished match moves ratings: pure arithmetic on score-board lines.
//!
//! Weng-Lin (known as OpenSkill) for every pair of people who came in different parties: the sum over pairs is its full
//! update of a free-for-all. Glicko-2 would need a rating period to wait for.
//!
//! Anybody can make keys, so what they say about each other is worth little: an opponent about whom little is known moves
//! a rating little, either way, and a day moves it only so far: because of one opponent, of all who are new together, and
//! in all. None of these numbers grows with the number of keys.

use skillratings::Outcomes;
use skillratings::weng_lin::{WengLinConfig, WengLinRating, weng_lin};

use crate::domain::PlayerId;

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
/// An opponent who is known better than this counts in full; others by the square of what is missing. It is less than
/// [`BETA`]: chance in one match then matters more than what is not known.
const DEVIATION_SETTLED: f64 = 200.0;
/// With fewer rated matches an opponent is new.
pub const NEW_BELOW_MATCHES: u64 = 10;
/// How far all new opponents together move a rating in a day.
pub const DAY_FROM_NEW_MAX: f64 = 50.0;
/// How far one opponent does: half of that, so that two friends who play all evening do not decide about each other.
pub const DAY_FROM_ONE_MAX: f64 = 25.0;
/// How far everybody does: whoever is better than all by [`BETA`] is placed within three days, and raising keys to ten
/// matches first gains a cheat no more than this.
pub const DAY_MAX: f64 = 100.0;
/// Opponents of a day that are remembered, those who moved the rating most: four at [`DAY_FROM_ONE_MAX`] make
/// [`DAY_MAX`], so forgetting others lets nobody beyond it.
const OPPONENTS_REMEMBERED: usize = 16;

/// What is believed about a player's strength.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    pub rating: f64,
    pub deviation: f64,
}

impl Rating {
    /// A player who has never met another.
    pub const START: Rating = Rating { rating: RATING_START, deviation: DEVIATION_START };

    /// What the leaderboard is ordered by.
    pub fn standing(self) -> f64 {
        self.rating - STANDING_DEVIATIONS * self.deviation
    }

    fn weng_lin(self) -> WengLinRating {
        WengLinRating { rating: self.rating, uncertainty: self.deviation }
    }
}

/// How far a rating has moved on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// The rating before the first match of the day.
    pub start: f64,
    /// What came from opponents who were new, losses included.
    pub from_new: f64,
    /// The same from each opponent.
    pub from: Vec<(PlayerId, f64)>,
}

impl Day {
    /// Nothing yet.
    pub fn begin(rating: Rating) -> Day {
        Day { start: rating.rating, from_new: 0.0, from: Vec::new() }
    }

    fn moved_by(&self, opponent: PlayerId) -> f64 {
        self.from.iter().find(|(player, _)| *player == opponent).map_or(0.0, |(_, moved)| *moved)
    }

    /// As much of a move as the day has left, the rating being where it is.
    fn allowed(&self, rating: f64, opponent: &Contender, wanted: f64) -> f64 {
        let within = |moved: f64, max: f64| (moved + wanted).clamp(-max, max) - moved;
        let from_new = if opponent.is_new() { within(self.from_new, DAY_FROM_NEW_MAX) } else { wanted };
        let limits = [
            within(self.moved_by(opponent.player), DAY_FROM_ONE_MAX),
            from_new,
            within(rating - self.start, DAY_MAX),
        ];
        let smallest = limits.into_iter().fold(wanted, |a, b| if b.abs() < a.abs() { b } else { a });
        // A rating that stands beyond a bound is not driven back by a win.
        if smallest.signum() == wanted.signum() { smallest } else { 0.0 }
    }

    fn note(&mut self, opponent: &Contender, moved: f64) {
        if opponent.is_new() {
            self.from_new += moved;
        }
        match self.from.iter_mut().find(|(player, _)| *player == opponent.player) {
            Some((_, sum)) => *sum += moved,
            None => self.from.push((opponent.player, moved)),
        }
        self.from.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        self.from.truncate(OPPONENTS_REMEMBERED);
    }
}

/// Whom somebody came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Alone(PlayerId),
    Together(u64),
}

/// Somebody whose rating this match may move, before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contender {
    pub player: PlayerId,
    pub party: Party,
    pub rated_matches: u64,
    pub rating: Rating,
    pub day: Day,
    pub score: Score,
}

/// What somebody did in a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    pub kills: u16,
    pub deaths: u16,
}

impl Score {
    /// More kills, or as many with fewer deaths.
    fn is_ahead_of(self, other: Score) -> bool {
        self.kills > other.kills || (self.kills == other.kills && self.deaths < other.deaths)
    }
}

impl Contender {
    fn is_new(&self) -> bool {
        self.rated_matches < NEW_BELOW_MATCHES
    }

    /// What it says to have met this one, 0 to 1.
    fn weight(&self) -> f64 {
        (DEVIATION_SETTLED / self.rating.deviation).powi(2).min(1.0)
    }

    /// Rating and share of the variance that one opponent adds and takes, before any bound.
    fn against(&self, opponent: &Contender) -> (f64, f64) {
        let outcome = match (self.score.is_ahead_of(opponent.score), opponent.score.is_ahead_of(self.score)) {
            (true, _) => Outcomes::WIN,
            (_, true) => Outcomes::LOSS,
            _ => Outcomes::DRAW,
        };
        let config = WengLinConfig { beta: BETA, uncertainty_tolerance: UNCERTAINTY_TOLERANCE };
        let (after, _) = weng_lin(&self.rating.weng_lin(), &opponent.rating.weng_lin(), &outcome, &config);
        let moved = (after.rating - self.rating.rating) * opponent.weight();
        let learned = 1.0 - (after.uncertainty / self.rating.deviation).powi(2);
        (moved, learned * opponent.weight())
    }

    /// Rating and day after the match.
    fn after(&self, contenders: &[Contender]) -> (Rating, Day) {
        let opponents = contenders.iter().filter(|other| other.party != self.party);
        let mut meetings: Vec<(f64, f64, &Contender)> = opponents
            .map(|opponent| {
                let (moved, learned) = self.against(opponent);
                (moved, learned, opponent)
            })
            .collect();
        // Losses first, so that what a match adds is bounded as a whole.
        meetings.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut rating, mut variance_left, mut day) = (self.rating.rating, 1.0, self.day.clone());
        for (wanted, learned, opponent) in meetings {
            let moved = day.allowed(rating, opponent, wanted);
            rating += moved;
            // What is beyond a bound was seen all the same: else who wins most would stand below who wins a little.
            variance_left -= learned;
            day.note(opponent, moved);
        }
        let deviation = self.rating.deviation * variance_left.max(UNCERTAINTY_TOLERANCE).sqrt();
        (Rating { rating, deviation }, day)
    }
}

/// Ratings and days after a match, in the same order; nothing when all came together.
pub fn rate(contenders: &[Contender]) -> Option<Vec<(Rating, Day)>> {
    let first = contenders.first()?;
    let has_sides = contenders.iter().any(|other| other.party != first.party);
    has_sides.then(|| contenders.iter().map(|one| one.after(contenders)).collect())
}

/// Who alone leads the whole board, the `bots` included; the page says who won by the same rule (`results.js`).
pub fn won(one: Score, people: &[Score], bots: &[Score]) -> bool {
    let board = || people.iter().chain(bots);
    board().all(|other| !other.is_ahead_of(one)) && board().filter(|other| **other == one).count() == 1
}

#[cfg(test)]
mod tests;
