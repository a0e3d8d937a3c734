//! Budget, order, and that nobody waits for ever.

use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{Candidate, NEAR_UNITS, OVERDUE_PER_MESSAGE, OVERDUE_TICKS, Thing, choose, weight};
use crate::domain::Slot;

const BITS_MAX: u32 = 120;

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    // Mostly what a match has, and whatever else the fields can say.
    let distance = prop_oneof![4 => 0_u32..1_500, 1 => any::<u32>()];
    let waited = prop_oneof![4 => 0_u32..200, 1 => any::<u32>()];
    let one = (1..BITS_MAX, distance, waited, any::<u32>());
    prop::collection::vec(one, 0..60).prop_map(|ones| {
        let numbered = (0..).zip(ones);
        numbered
            .map(|(id, (bits, distance, waited, priority))| Candidate {
                thing: Thing::Shot(id),
                bits,
                distance,
                waited,
                priority,
            })
            .collect()
    })
}

fn of<'a>(all: &'a [Candidate], things: &[Thing]) -> Vec<&'a Candidate> {
    all.iter().filter(|candidate| things.contains(&candidate.thing)).collect()
}

proptest! {
    #[test]
    fn the_budget_holds_and_something_is_told(all in candidates(), budget in 0_u32..2_000) {
        match choose(all.clone(), budget) {
            Some(told) => {
                prop_assert!(of(&all, &told).iter().map(|told| told.bits).sum::<u32>() <= budget);
                prop_assert_eq!(told.is_empty(), all.is_empty());
            }
            None => prop_assert!(all.iter().any(|candidate| candidate.bits > budget)),
        }
    }

    #[test]
    fn what_fits_is_told(all in candidates()) {
        let needed = all.iter().map(|candidate| candidate.bits).sum();
        prop_assert_eq!(choose(all.clone(), needed).map(|told| told.len()), Some(all.len()));
    }

    /// A far one may fill a gap that no near one fits into, and a few may be overdue; else what is near goes first.
    #[test]
    fn what_is_near_goes_first(all in candidates(), budget in BITS_MAX..2_000) {
        let told = of(&all, &choose(all.clone(), budget).unwrap()).into_iter().copied().collect::<Vec<_>>();
        let is_near = |candidate: &&Candidate| candidate.distance <= NEAR_UNITS;
        let is_untold = |candidate: &&Candidate| !told.contains(candidate);
        let smallest_near_left = all.iter().filter(is_near).filter(is_untold).map(|near| near.bits).min();
        if let Some(smallest) = smallest_near_left {
            let near: u32 = told.iter().filter(is_near).map(|near| near.bits).sum();
            let overdue: u32 = {
                let mut overdue: Vec<_> = told.iter().filter(|one| one.waited >= OVERDUE_TICKS).collect();
                overdue.sort_by_key(|one| std::cmp::Reverse(one.bits));
                overdue.iter().take(OVERDUE_PER_MESSAGE).map(|one| one.bits).sum()
            };
            prop_assert!(budget < near + overdue + smallest, "room was left for another near one");
        }
    }

    /// Whatever the mix and however small the messages, everything is told within its turn among the overdue.
    #[test]
    fn nobody_waits_for_ever(mut all in candidates(), budget in BITS_MAX..400, every in 2_u32..4) {
        all.iter_mut().for_each(|one| (one.waited, one.priority) = (0, 0));
        let messages_max = OVERDUE_TICKS.div_ceil(every) + all.len() as u32 + 1;
        let mut longest = 0;
        for _ in 0..3 * messages_max {
            for one in &mut all {
                one.waited += every;
                one.priority += every * weight(one.distance);
                longest = longest.max(one.waited);
            }
            let told = choose(all.clone(), budget).unwrap();
            for one in all.iter_mut().filter(|one| told.contains(&one.thing)) {
                (one.waited, one.priority) = (0, 0);
            }
        }
        prop_assert!(longest <= messages_max * every, "{longest} ticks");
    }
}

#[test]
fn the_nearer_gathers_faster() {
    assert_eq!([0, 500, 1_000, 5_000].map(weight), [8, 4, 1, 1]);
    let near = Candidate {
        thing: Thing::Player(Slot(1)),
        bits: 30,
        distance: 10,
        waited: 3,
        priority: 3 * weight(10),
    };
    let far = Candidate { thing: Thing::Player(Slot(2)), distance: 700, priority: 900, ..near };
    assert_eq!(choose(vec![far, near], 30), Some(vec![near.thing]));
    let overdue = Candidate { waited: OVERDUE_TICKS, ..far };
    assert_eq!(choose(vec![near, overdue], 30), Some(vec![overdue.thing]));
}
