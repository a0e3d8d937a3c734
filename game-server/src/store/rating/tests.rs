//! Ratings move the way players expect, and for cheats only as far as a day lets them.

use std::collections::HashMap;

use crate::domain::PlayerId;
use crate::store::rating::{
    Contender, DAY_FROM_NEW_MAX, DAY_FROM_ONE_MAX, DAY_MAX, Day, NEW_BELOW_MATCHES, Party, Rating, Score,
    rate, won,
};

/// What floats may add up to.
const ROUNDING: f64 = 1e-6;
/// Matches of five minutes in a day.
const MATCHES_A_DAY: u64 = 288;

/// A world of people whose matches end as the script says.
#[derive(Clone, Default)]
struct World {
    people: HashMap<u64, Contender>,
    keys: u64,
}

impl World {
    fn person(&mut self, id: u64) -> &mut Contender {
        self.people.entry(id).or_insert_with(|| Contender {
            player: PlayerId(id),
            party: Party::Alone(PlayerId(id)),
            rated_matches: 0,
            rating: Rating::START,
            day: Day::begin(Rating::START),
            score: Score { kills: 0, deaths: 0 },
        })
    }

    fn of(&mut self, id: u64) -> f64 {
        self.person(id).rating.rating
    }

    /// A key that nobody has seen.
    fn fresh(&mut self) -> u64 {
        self.keys += 1;
        1_000_000 + self.keys
    }

    fn settled(&mut self, id: u64, rating: f64) {
        let person = self.person(id);
        person.rating = Rating { rating, deviation: 80.0 };
        person.rated_matches = 100;
        person.day = Day::begin(person.rating);
    }

    /// The best first; equal numbers are a draw.
    fn play(&mut self, results: &[(u64, u16)]) {
        self.play_scored(results.iter().map(|(id, kills)| (*id, Score { kills: *kills, deaths: 0 })));
    }

    fn play_scored(&mut self, results: impl Iterator<Item = (u64, Score)>) {
        let contenders: Vec<Contender> =
            results.map(|(id, score)| Contender { score, ..self.person(id).clone() }).collect();
        for (before, (rating, day)) in contenders.iter().zip(rate(&contenders).into_iter().flatten()) {
            let person = self.person(before.player.0);
            (person.rating, person.day) = (rating, day);
            person.rated_matches += 1;
        }
    }

    fn next_day(&mut self) {
        self.people.values_mut().for_each(|person| person.day = Day::begin(person.rating));
    }
}

const CHEAT: u64 = 1;

/// What a script gains the cheat in a day with so many keys, from opponents who are new and in all.
fn gain(keys: u64, prepare: impl Fn(&mut World), script: impl Fn(&mut World, u64)) -> f64 {
    let mut world = World::default();
    prepare(&mut world);
    world.next_day();
    let before = world.of(CHEAT);
    for number in 0..MATCHES_A_DAY {
        script(&mut world, number % keys);
        assert!(world.of(CHEAT) - before <= DAY_MAX + ROUNDING);
        assert!(world.person(CHEAT).day.from_new <= DAY_FROM_NEW_MAX + ROUNDING);
    }
    world.of(CHEAT) - before
}

type Script = fn(&mut World, u64);

#[test]
fn whatever_is_done_with_new_keys_gains_no_more_than_fifty_a_day() {
    let settled: fn(&mut World) = |world| world.settled(CHEAT, 1_500.0);
    let nothing: fn(&mut World) = |_| {};
    let scripts: [(&str, Script); 7] = [
        ("a fresh victim each match", |world, _| {
            let victim = world.fresh();
            world.play(&[(CHEAT, 9), (victim, 0)]);
        }),
        ("nine fresh victims each match", |world, _| {
            let victims: Vec<u64> = (0..9).map(|_| world.fresh()).collect();
            let all: Vec<(u64, u16)> =
                [(CHEAT, 9)].into_iter().chain(victims.into_iter().map(|id| (id, 0))).collect();
            world.play(&all);
        }),
        ("keys that rotate and are thrown away before they count as known", |world, key| {
            let key = 100 + key;
            if world.person(key).rated_matches >= NEW_BELOW_MATCHES - 1 {
                world.people.remove(&key);
            }
            world.play(&[(CHEAT, 9), (key, 0)]);
        }),
        ("losing to one and winning against the next", |world, _| {
            let (winner, victim) = (world.fresh(), world.fresh());
            world.play(&[(winner, 9), (CHEAT, 0)]);
            world.play(&[(CHEAT, 9), (victim, 0)]);
        }),
        ("losing all morning, winning all afternoon", |world, key| {
            let other = world.fresh();
            if key < 3 {
                world.play(&[(other, 9), (CHEAT, 0)])
            } else {
                world.play(&[(CHEAT, 9), (other, 0)])
            }
        }),
        ("victims who are first made strong by other new keys", |world, _| {
            let victim = world.fresh();
            for _ in 0..NEW_BELOW_MATCHES - 2 {
                let stone = world.fresh();
                world.play(&[(victim, 9), (stone, 0)]);
            }
            world.play(&[(CHEAT, 9), (victim, 0)]);
        }),
        ("no kills, only deaths of the others", |world, _| {
            let victim = world.fresh();
            let scores = [(CHEAT, Score { kills: 0, deaths: 0 }), (victim, Score { kills: 0, deaths: 50 })];
            world.play_scored(scores.into_iter());
        }),
    ];
    for (name, script) in scripts {
        for prepare in [nothing, settled] {
            let gains = [1, 10, 288].map(|keys| gain(keys, prepare, script));
            for gained in gains {
                assert!(gained <= DAY_FROM_NEW_MAX + ROUNDING, "{name}: {gained}");
            }
        }
    }
    // The bound is what stops them, not that there is nothing to gain.
    assert!(gain(288, nothing, scripts[0].1) > 0.99 * DAY_FROM_NEW_MAX);
}

#[test]
fn a_party_gains_nothing_from_itself_whoever_watches() {
    let mut world = World::default();
    for id in [CHEAT, 2] {
        world.person(id).party = Party::Together(7);
    }
    world.play(&[(CHEAT, 9), (2, 0)]);
    assert_eq!((world.of(CHEAT), world.person(CHEAT).rated_matches), (1_500.0, 0));
    world.settled(3, 1_500.0);
    world.play(&[(CHEAT, 9), (3, 5), (2, 0)]);
    let with_a_watcher = world.of(CHEAT);
    let mut alone = World::default();
    alone.settled(3, 1_500.0);
    alone.play(&[(CHEAT, 9), (3, 5)]);
    assert_eq!(with_a_watcher, alone.of(CHEAT));
}

#[test]
fn keys_that_were_raised_first_gain_one_number_however_many_they_are() {
    let gained = |keys: u64| {
        let raised = |world: &mut World| {
            world.settled(CHEAT, 1_500.0);
            for day in 0..20 {
                for key in 0..keys {
                    // Never against itself: five keys are enough.
                    let (best, other) = (100 + key, 100 + (key + 1 + day % 3) % keys);
                    world.play(&[(best, 9), (other, 0)]);
                }
                world.next_day();
            }
            (0..keys).for_each(|key| assert!(world.person(100 + key).rated_matches >= NEW_BELOW_MATCHES));
        };
        gain(keys, raised, |world, key| world.play(&[(CHEAT, 9), (100 + key, 0)]))
    };
    let few = gained(5);
    assert!(few > 0.5 * DAY_MAX && few <= DAY_MAX + ROUNDING, "{few}");
    for keys in [20, 144, 288] {
        assert!(gained(keys) <= DAY_MAX + ROUNDING);
    }
}

#[test]
fn two_who_trade_wins_stay_where_they_are() {
    for first_is_new in [true, false] {
        let mut world = World::default();
        if !first_is_new {
            world.settled(CHEAT, 1_500.0);
        }
        for number in 0..MATCHES_A_DAY {
            let (best, other) = if number % 2 == 0 { (CHEAT, 2) } else { (2, CHEAT) };
            world.play(&[(best, 9), (other, 0)]);
            for id in [CHEAT, 2] {
                assert!((world.of(id) - 1_500.0).abs() <= DAY_FROM_ONE_MAX + ROUNDING);
            }
        }
    }
}

/// Every sequence of six moves of a cheat who has all kinds of opponents: no order of them beats the bounds.
#[test]
fn no_order_of_moves_beats_the_bounds() {
    const MOVES: [Script; 6] = [
        |world, _| {
            let victims: Vec<u64> = (0..9).map(|_| world.fresh()).collect();
            world.play(&[(CHEAT, 9), (victims[0], 0), (victims[1], 0), (victims[2], 0), (victims[3], 0)]);
        },
        |world, _| {
            let winner = world.fresh();
            world.play(&[(winner, 9), (CHEAT, 0)]);
        },
        |world, _| world.play(&[(CHEAT, 9), (11, 0)]),
        |world, _| world.play(&[(11, 9), (CHEAT, 0)]),
        |world, _| world.play(&[(CHEAT, 9), (12, 0), (13, 0), (14, 0), (15, 0), (16, 0)]),
        |world, _| world.play(&[(CHEAT, 9), (17, 9), (18, 0)]),
    ];
    let mut start = World::default();
    start.settled(CHEAT, 1_500.0);
    (11..=18).for_each(|id| start.settled(id, 1_900.0));
    let (mut best, mut sequences) = (0.0_f64, 0);
    let mut open = vec![(start, 0)];
    while let Some((world, depth)) = open.pop() {
        if depth == 6 {
            continue;
        }
        for play in MOVES {
            let mut next = world.clone();
            play(&mut next, 0);
            let cheat = next.person(CHEAT).clone();
            assert!(cheat.rating.rating - 1_500.0 <= DAY_MAX + ROUNDING);
            assert!(cheat.day.from_new <= DAY_FROM_NEW_MAX + ROUNDING);
            assert!(cheat.day.from.iter().all(|(_, moved)| *moved <= DAY_FROM_ONE_MAX + ROUNDING));
            best = best.max(cheat.rating.rating - 1_500.0);
            sequences += 1;
            open.push((next, depth + 1));
        }
    }
    assert_eq!(sequences, (1..=6).map(|depth| 6_usize.pow(depth)).sum::<usize>());
    assert!(best > 0.99 * DAY_MAX, "{best}: the bound is what stops it");
}

#[test]
fn an_opponent_who_is_hardly_known_moves_a_rating_less() {
    let moved = |deviation: f64, kills: u16| {
        let mut world = World::default();
        world.settled(CHEAT, 1_500.0);
        world.person(2).rating.deviation = deviation;
        world.play(&[(CHEAT, 5), (2, kills)]);
        (world.of(CHEAT) - 1_500.0, world.person(CHEAT).rating.deviation)
    };
    for kills in [0, 9] {
        let ((known, learned), (unknown, kept)) = (moved(100.0, kills), moved(500.0, kills));
        assert!(unknown.abs() < 0.25 * known.abs(), "{unknown} and {known}");
        assert_eq!(unknown.signum(), known.signum());
        assert!(kept > learned && kept < 80.0);
    }
}

#[test]
fn beating_a_stronger_player_gains_more_than_beating_a_weaker_one() {
    let gain_against = |rating: f64| {
        let mut world = World::default();
        world.settled(CHEAT, 1_500.0);
        world.settled(2, rating);
        world.play(&[(CHEAT, 5), (2, 1)]);
        world.of(CHEAT) - 1_500.0
    };
    assert!(gain_against(2_000.0) > gain_against(1_000.0));
}

#[test]
fn whoever_is_better_rises_within_days_and_the_others_keep_their_mean() {
    let mut world = World::default();
    for day in 0..20_u64 {
        for number in 0..20_u64 {
            // Five of twenty, always in the order of their ids.
            let people: Vec<u64> = (0..5).map(|seat| 2 + (day * 7 + number * 3 + seat * 4) % 20).collect();
            let results: Vec<(u64, u16)> = people.iter().map(|id| (*id, 30 - *id as u16)).collect();
            world.play(&results);
        }
        world.next_day();
    }
    let ratings: Vec<f64> = (2..22).map(|id| world.of(id)).collect();
    let mean = ratings.iter().sum::<f64>() / 20.0;
    assert!((mean - 1_500.0).abs() < 50.0, "{mean}");
    assert!(ratings[0] > 1_700.0 && ratings[19] < 1_300.0, "{ratings:?}");
    assert!(world.person(2).rating.standing() > Rating::START.standing() + 500.0);
}

#[test]
fn a_draw_of_equals_moves_nobody_and_is_still_known_more_of() {
    let mut world = World::default();
    world.play(&[(1, 2), (2, 2), (3, 2)]);
    for id in 1..=3 {
        assert!((world.of(id) - 1_500.0).abs() < 1e-9);
        assert!(world.person(id).rating.deviation < Rating::START.deviation);
    }
    assert_eq!(rate(&[]), None);
    let alone = [world.person(1).clone()];
    assert_eq!(rate(&alone), None);
}

#[test]
fn ten_people_stay_finite_over_many_days() {
    let mut world = World::default();
    for _ in 0..1_000 {
        let results: Vec<(u64, u16)> = (1..=10).map(|id| (id, 50 - id as u16)).collect();
        world.play(&results);
        world.next_day();
    }
    assert!((1..=10).all(|id| world.of(id).is_finite() && world.person(id).rating.deviation > 0.0));
}

#[test]
fn nobody_wins_behind_or_beside_somebody_else() {
    let score = |kills: u16, deaths: u16| Score { kills, deaths };
    let people = [score(5, 1), score(3, 1)];
    let winners = |people: &[Score], kills: u16| -> Vec<bool> {
        people.iter().map(|one| won(*one, people, &[score(kills, 1)])).collect()
    };
    assert_eq!(winners(&people, 4), [true, false]);
    assert_eq!(winners(&people, 6), [false, false], "a bot leads the board");
    assert_eq!(winners(&people, 5), [false, false], "a draw with a bot");
    let draw = [score(5, 1), score(5, 1), score(0, 0)];
    assert_eq!(winners(&draw, 0), [false, false, false], "a draw at the top");
    assert!(won(score(5, 1), &[score(5, 1), score(5, 2)], &[]), "fewer deaths");
}
