//! Ratings move the way players expect.

use crate::store::rating::{Outcome, Performance, Rating, Score, outcomes};

fn scored(kills: u16, deaths: u16) -> Performance {
    Performance { before: Rating::START, score: Score { kills, deaths } }
}

#[test]
fn the_better_score_gains_and_the_worse_loses() {
    let after = outcomes(&[scored(3, 9), scored(9, 3), scored(3, 8)], &[]);
    assert!(after[1].rating.rating > Rating::START.rating && after[1].won);
    assert!(after[0].rating.rating < Rating::START.rating && !after[0].won);
    assert!(after[2].rating.rating > after[0].rating.rating && !after[2].won);
    assert!(after.iter().all(|one| one.rating.deviation < Rating::START.deviation));
}

#[test]
fn alone_nobody_moves() {
    assert_eq!(outcomes(&[scored(20, 0)], &[]), vec![Outcome { rating: Rating::START, won: true }]);
    assert_eq!(outcomes(&[], &[]), vec![]);
}

#[test]
fn a_draw_of_all_has_no_winner_and_keeps_equal_ratings_equal() {
    let after = outcomes(&[scored(2, 2), scored(2, 2)], &[]);
    assert!(after.iter().all(|one| !one.won));
    assert!((after[0].rating.rating - Rating::START.rating).abs() < 1e-9);
}

#[test]
fn nobody_wins_behind_or_beside_somebody_else() {
    let people = [scored(5, 1), scored(3, 1)];
    let won = |people: &[Performance], kills: u16| -> Vec<bool> {
        outcomes(people, &[Score { kills, deaths: 1 }]).iter().map(|one| one.won).collect()
    };
    assert_eq!(won(&people, 4), [true, false]);
    assert_eq!(won(&people, 6), [false, false], "a bot leads the board");
    assert_eq!(won(&people, 5), [false, false], "a draw with a bot");
    assert_eq!(
        won(&[scored(5, 1), scored(5, 1), scored(0, 0)], 0),
        [false, false, false],
        "a draw at the top"
    );
    let behind_a_bot = outcomes(&people, &[Score { kills: 9, deaths: 0 }]);
    assert_eq!(behind_a_bot[0].rating, outcomes(&people, &[])[0].rating, "ratings are among people");
}

#[test]
fn beating_a_stronger_player_gains_more_than_beating_a_weaker_one() {
    let gain_against = |rating: f64| {
        let opponent =
            Performance { before: Rating { rating, deviation: 100.0 }, score: Score { kills: 1, deaths: 5 } };
        outcomes(&[scored(5, 1), opponent], &[])[0].rating.rating - Rating::START.rating
    };
    assert!(gain_against(2_000.0) > gain_against(1_000.0));
}

#[test]
fn many_wins_stand_above_one_lucky_win() {
    let mut regular = Rating::START;
    for _ in 0..10 {
        regular = outcomes(
            &[Performance { before: regular, score: Score { kills: 5, deaths: 1 } }, scored(1, 5)],
            &[],
        )[0]
        .rating;
    }
    let lucky = outcomes(&[scored(5, 1), scored(1, 5)], &[])[0].rating;
    assert!(regular.standing() > lucky.standing());
    assert!(lucky.standing() > Rating::START.standing());
}

#[test]
fn ten_people_stay_finite_over_many_matches() {
    let mut ratings = [Rating::START; 10];
    for _ in 0..1_000 {
        let people: Vec<Performance> = ratings
            .iter()
            .enumerate()
            .map(|(place, before)| Performance {
                before: *before,
                score: Score { kills: 50 - place as u16, deaths: 0 },
            })
            .collect();
        ratings = std::array::from_fn(|index| outcomes(&people, &[])[index].rating);
    }
    assert!(ratings.iter().all(|one| one.rating.is_finite() && one.deviation > 0.0));
}
