//! Changes lead from any roster to any other, and no crowd makes them many.

use std::sync::Arc;

use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{ROSTER_ALLOWANCE, ROSTER_EVERY_TICKS, RosterChange, RosterView};
use crate::domain::{PLAYERS_PER_ROOM_MAX, PlayerId, RosterEntry, Slot, TICK_RATE_HZ, Tick};
use crate::protocol::client::tests::name;
use crate::protocol::client::{ServerMessage, decode_server};

const OLD: u8 = 1;
const NEW: u8 = 2;

/// Any people on any of the seats.
fn roster() -> impl Strategy<Value = Vec<RosterEntry>> {
    let entry = prop::option::of((any::<(u64, bool)>(), name()));
    prop::collection::vec(entry, PLAYERS_PER_ROOM_MAX).prop_map(|seats| {
        let numbered = (0..).map(Slot).zip(seats);
        let seated = numbered.filter_map(|(slot, entry)| {
            let ((player, bot), name) = entry?;
            Some(RosterEntry { slot, player: PlayerId(player), name, bot })
        });
        seated.collect()
    })
}

/// Some of these seats have somebody else now.
fn next(rosters: &[Vec<RosterEntry>], chosen: &[u8], slots: usize) -> Vec<RosterEntry> {
    (0..slots as u8)
        .zip(chosen)
        .filter_map(|(slot, of)| rosters[usize::from(*of)].iter().find(|e| e.slot == Slot(slot)).cloned())
        .collect()
}

fn entry(slot: u8, player: u64) -> RosterEntry {
    RosterEntry { slot: Slot(slot), player: PlayerId(player), name: "x".repeat(64), bot: false }
}

/// What a client of this version makes of a message.
fn read(bytes: &[u8], known: &mut Vec<RosterEntry>) {
    match decode_server(bytes).expect("readable") {
        ServerMessage::Roster(entries) => *known = entries,
        ServerMessage::RosterChange(change) => change.apply(known),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn a_change_leads_to_the_next_roster(
        rosters in prop::collection::vec(roster(), 3),
        chosen in prop::collection::vec(prop::collection::vec(0_u8..3, PLAYERS_PER_ROOM_MAX), 2),
    ) {
        let [before, now] = [0, 1].map(|at| next(&rosters, &chosen[at], PLAYERS_PER_ROOM_MAX));
        let change = RosterChange::between(&before, &now);
        prop_assert_eq!(change.is_empty(), before == now);
        prop_assert!(change.entries.iter().all(|entry| !before.contains(entry)), "only what changed");
        let mut known = before;
        change.apply(&mut known);
        prop_assert_eq!(known, now);
    }

    #[test]
    fn both_versions_end_with_the_newest_roster(rosters in prop::collection::vec(roster(), 1..8), every in 1_u32..40) {
        for version in [OLD, NEW] {
            let (mut view, mut known) = (RosterView::new(version), Vec::new());
            let mut tick = 0;
            let mut tell = |roster: &Vec<RosterEntry>, ticks: Tick| {
                let newest: Arc<[RosterEntry]> = roster.clone().into();
                for _ in 0..ticks {
                    tick += 1;
                    view.next(&newest, tick).iter().for_each(|bytes| read(bytes, &mut known));
                }
                known.clone()
            };
            rosters.iter().for_each(|roster| drop(tell(roster, every)));
            let last = rosters.last().expect("not empty");
            // The longest names that the wire takes put a client ten seconds into debt.
            prop_assert_eq!(&tell(last, 20 * TICK_RATE_HZ), last);
        }
    }

    /// Whatever slots the bytes name.
    #[test]
    fn any_change_can_be_applied(gone: u16, slots in prop::collection::vec(any::<u8>(), 0..20)) {
        let entries = slots.into_iter().map(|slot| entry(slot, 1)).collect();
        let mut known = vec![entry(0, 2), entry(200, 3)];
        RosterChange { gone, entries }.apply(&mut known);
        prop_assert!(known.is_sorted_by_key(|entry| entry.slot));
    }
}

#[test]
fn the_first_roster_is_told_at_once_and_a_crowd_twice_a_second() {
    for version in [OLD, NEW] {
        let mut view = RosterView::new(version);
        let (mut told, mut bytes) = (Vec::new(), 0);
        for tick in 1..=60 * TICK_RATE_HZ {
            // Twenty times a second somebody else on every seat, with the longest name.
            let newest: Vec<RosterEntry> = (0..10).map(|slot| entry(slot, u64::from(tick / 3))).collect();
            if let Some(message) = view.next(&newest.into(), tick) {
                told.push(tick);
                bytes += message.len();
            }
        }
        assert_eq!(told[0], 1);
        assert!(told.windows(2).all(|pair| pair[1] - pair[0] >= ROSTER_EVERY_TICKS), "{told:?}");
        assert!(told.windows(2).all(|pair| pair[1] - pair[0] <= 3 * TICK_RATE_HZ), "{told:?}");
        let most = 60 * ROSTER_ALLOWANCE.bytes_per_second + 2 * ROSTER_ALLOWANCE.burst_bytes;
        assert!(bytes <= most as usize, "{bytes} bytes in a minute, {most} at most");
    }
}

#[test]
fn who_comes_and_goes_between_two_rosters_is_never_told() {
    let mut view = RosterView::new(NEW);
    let ann: Arc<[RosterEntry]> = vec![entry(0, 1)].into();
    assert!(view.next(&ann, 1).is_some());
    let both: Arc<[RosterEntry]> = vec![entry(0, 1), entry(1, 2)].into();
    assert_eq!(view.next(&both, 2), None);
    let again: Arc<[RosterEntry]> = vec![entry(0, 1)].into();
    assert_eq!(view.next(&again, 100), None);
    assert!(view.next(&both, 101).is_some(), "nothing was sent, so nothing has to wait");
}
