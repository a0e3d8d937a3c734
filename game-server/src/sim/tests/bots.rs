//! Bots play, and play like somebody one can beat.

use super::{join, settings, steps};
use crate::domain::GameEvent;
use crate::sim::Room;

#[test]
fn bots_move_fight_and_score() {
    let mut room = Room::new(&settings(2, 10));
    join(&mut room, 100);
    let (mut shots, mut hits, mut kills, mut travelled) = (0, 0, 0, 0);
    let mut before = room.frame();
    for _ in 0..3_600 {
        room.step();
        shots += room.frame().projectiles.iter().filter(|shot| shot.born_tick == room.tick()).count();
        hits += room.events().iter().filter(|event| matches!(event, GameEvent::Hit { .. })).count();
        kills += room.events().iter().filter(|event| matches!(event, GameEvent::Kill { .. })).count();
        let now = room.frame();
        let pairs = before.players.iter().zip(&now.players);
        travelled += pairs.filter(|(before, now)| (before.x, before.y) != (now.x, now.y)).count();
        before = now;
    }
    let share = hits * 100 / shots.max(1);
    assert!(kills >= 10, "{kills} kills in a minute");
    assert!((10..70).contains(&share), "{share} % of {shots} shots hit");
    assert!(travelled > 9 * 3_600 / 2, "bots stood still too long: {travelled} steps taken");
}

#[test]
fn nobody_to_fight_is_no_reason_to_stand() {
    let mut room = Room::new(&settings(2, 1));
    let start = room.frame().players[0];
    steps(&mut room, 200);
    let now = room.frame().players[0];
    assert_ne!((start.x, start.y), (now.x, now.y));
}
