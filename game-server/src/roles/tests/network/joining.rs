//! Joining at a random tick shows the same as having been there.

use std::time::Instant;

use proptest::prelude::{ProptestConfig, any, prop};
use proptest::{prop_assert_eq, proptest};

use super::plan::script;
use crate::domain::{
    MatchSettings, Mode, PlayerId, Pool, RoomId, SEAT_HOLD_TICKS, STATE_EVERY_TICKS, Slot, StateRate,
};
use crate::protocol::delta::decode::StateDecoder;
use crate::protocol::view::View;
use crate::roles::gateway::feed::Feed;
use crate::sim::Room;

/// Somebody who watches through a seat and answers only some of the states.
struct Watcher {
    slot: Slot,
    decoder: StateDecoder,
    view: View,
}

impl Watcher {
    fn new(slot: Slot) -> Watcher {
        Watcher { slot, decoder: StateDecoder::default(), view: View::new(slot) }
    }

    fn watch(&mut self, feed: &Feed, answers: bool) {
        let Some(state) = feed.state(&mut self.view) else { return };
        self.decoder.decode(&state.bytes, self.slot).expect("every state can be read");
        if answers {
            self.view.ack(self.decoder.acked_tick());
        }
    }
}

fn busy_room(seed: u64) -> (Room, Vec<(PlayerId, Slot)>) {
    let settings = MatchSettings {
        room: RoomId(1),
        seed,
        pool: Pool::Public,
        match_ticks: 18_000,
        fill_to_players: 8,
        mode: Mode::default(),
        state_rate: StateRate::default(),
        seat_hold_ticks: SEAT_HOLD_TICKS,
    };
    let mut room = Room::new(&settings);
    let people = [1_000, 1_001, 1_002].map(PlayerId);
    let seated = people.map(|player| (player, room.join(player, "Ann").expect("a free seat")));
    (room, seated.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn who_joins_late_sees_what_the_first_ones_see(
        seed in any::<u64>(),
        joins_at in 1_usize..120,
        answers in prop::collection::vec(prop::bool::weighted(0.7), 160),
    ) {
        let (mut room, people) = busy_room(seed);
        let feed = Feed::new(Instant::now());
        let mut first = Watcher::new(people[0].1);
        let mut late: Option<Watcher> = None;
        for (number, answer) in answers.into_iter().enumerate() {
            for _ in 0..STATE_EVERY_TICKS {
                let next = room.tick() + 1;
                people.iter().for_each(|(player, slot)| room.push_input(*slot, next, &[script(*player, next)]));
                room.step();
            }
            feed.push(room.frame(), room.acks(), 0, Instant::now());
            first.watch(&feed, answer);
            if number == joins_at {
                let slot = room.join(PlayerId(2_000), "Late").expect("a bot makes room");
                late = Some(Watcher::new(slot));
            } else if let Some(late) = &mut late {
                late.watch(&feed, !answer);
                prop_assert_eq!(late.decoder.newest().0, first.decoder.newest().0);
            }
        }
        prop_assert_eq!(late.expect("somebody joined").decoder.acked_tick(), room.tick());
    }
}
