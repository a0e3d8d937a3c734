//! Logs of made-up matches, and what becomes of them when somebody meddles.

use proptest::prelude::*;

use super::{apply, rerun};
use crate::domain::{MatchSettings, PlayerId, PlayerInput, Slot};
use crate::protocol::replay::{Ending, Entry, Log, checks};
use crate::sim::Room;
use crate::sim::random::Random;

const HASHES_EVERY_TICKS: u32 = 60;

fn settings(seed: u64) -> MatchSettings {
    let json = r#"{"room":7,"seed":9,"pool":"public","match_ticks":500,"fill_to_players":4}"#;
    let settings: MatchSettings = serde_json::from_str(json).expect("settings");
    MatchSettings { seed, ..settings }
}

/// People who come, go and do anything at all, as a recorder writes it down.
fn record(seed: u64, ticks: u32) -> Log {
    let settings = settings(seed);
    let (mut room, mut random) = (Room::new(&settings), Random::new(seed));
    let mut entries = Vec::new();
    for tick in 1..=ticks {
        for slot in 0..4 {
            let entry = match random.below(100) {
                0 => Entry::Join { player: PlayerId(100 + u64::from(slot)), name: format!("P{slot}") },
                1 => Entry::Leave { slot: Slot(slot), on_purpose: random.below(2) == 0 },
                2 if tick > 400 => Entry::EndNow,
                3..60 => {
                    let bits = random.next_u64().to_le_bytes();
                    let input = PlayerInput {
                        move_x: bits[0] as i8,
                        move_y: bits[1] as i8,
                        aim: bits[2],
                        buttons: bits[3],
                    };
                    let first_tick = tick + random.below(4) - 1;
                    Entry::Input { slot: Slot(slot), first_tick, inputs: vec![input; 2] }
                }
                _ => continue,
            };
            apply(&mut room, &entry);
            entries.push(entry);
        }
        room.step();
        entries.push(Entry::Step(checks(&room.hash_parts())));
        if tick % HASHES_EVERY_TICKS == 0 {
            entries.push(Entry::Hashes(room.hash_parts()));
        }
    }
    entries.push(Entry::End(Ending::Closed));
    Log { settings, entries, broken: None }
}

/// The place in the log right before the step of a tick.
fn before_tick(log: &Log, tick: usize) -> usize {
    let steps = log.entries.iter().enumerate().filter(|(_, entry)| matches!(entry, Entry::Step(_)));
    steps.map(|(place, _)| place).nth(tick - 1).expect("so many ticks")
}

/// A match with a guest more than there was, from this tick on.
fn meddled(seed: u64, tick: usize) -> Log {
    let mut log = record(seed, 300);
    let place = before_tick(&log, tick);
    log.entries.insert(place, Entry::Join { player: PlayerId(9_999), name: "Mallory".to_owned() });
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn whatever_happens_comes_out_the_same(seed: u64) {
        let done = rerun(&record(seed, 300));
        prop_assert_eq!((&done.desync, &done.panic), (&None, &None));
        prop_assert_eq!((done.ticks, done.hashes), (300, 5));
    }

    #[test]
    fn a_meddled_match_is_told_to_the_tick(seed: u64, tick in 1_usize..300) {
        let desync = rerun(&meddled(seed, tick)).desync.expect("a difference");
        // A byte does not notice 1 of 256 differences at once, and may notice that of another part first.
        prop_assert!((tick..=tick + 3).contains(&(desync.tick as usize)), "{:?}", desync);
        prop_assert!(!desync.parts.is_empty());
        prop_assert_eq!(desync.agreed_tick as usize, (tick - 1) / 60 * 60);
        if let Some((confirmed, parts)) = desync.confirmed {
            // Who came in between may be gone again by then; the match remembers.
            prop_assert!(confirmed >= desync.tick && !parts.is_empty());
        }
    }
}

#[test]
fn the_part_that_differs_is_named() {
    let desync = rerun(&meddled(1, 150)).desync.expect("a difference");
    assert_eq!((desync.tick, desync.agreed_tick), (150, 120));
    assert!(desync.parts.contains(&"seats"), "{desync:?}");
}

#[test]
fn a_wrong_full_hash_alone_is_noticed() {
    let mut log = record(1, 120);
    let last = log.entries.iter_mut().rev().find_map(|entry| match entry {
        Entry::Hashes(hashes) => Some(hashes),
        _ => None,
    });
    last.expect("full hashes")[2] ^= 1 << 40;
    let desync = rerun(&log).desync.expect("a difference");
    assert_eq!((desync.tick, desync.agreed_tick, desync.parts), (120, 60, vec!["shots"]));
}
