//! What must hold in the room after every tick, whatever the network did.

use std::collections::{BTreeMap, BTreeSet};

use super::host::{Arrived, Moment, Truth};
use super::plan::script;
use crate::domain::{
    FLAG_ABSENT, FLAG_ALIVE, GameEvent, InputAck, MAP_SIZE, PLAYERS_PER_ROOM_MAX, POSITION_STEPS_PER_UNIT,
    PlayerId, PlayerState, RosterEntry, Slot, Tick, Wall,
};
use crate::sim::Room;
use crate::sim::movement::PLAYER_RADIUS;

/// Positions are rounded to the quanta of the wire after a push out of a wall, by half of one in each axis.
const ROUNDING_UNITS: f32 = 1.0 / POSITION_STEPS_PER_UNIT as f32;

/// What was seen at the tick before.
#[derive(Debug, Default)]
pub struct Checks {
    tick: Tick,
    seats: BTreeMap<Slot, (PlayerId, PlayerState)>,
    acks: BTreeMap<PlayerId, Tick>,
    scores: BTreeMap<PlayerId, (u16, u16)>,
    shots: BTreeSet<u16>,
}

impl Checks {
    pub fn after_tick(&mut self, room: &Room, truth: &Truth, arrived: &mut BTreeMap<PlayerId, Arrived>) {
        let tick = room.tick();
        assert_eq!(tick, self.tick + 1, "ticks are counted one by one");
        self.tick = tick;
        let moment = &truth.moments[&tick];
        seats(&truth.roster, moment);
        positions(&moment.frame.players, room.walls());
        self.shots(moment);
        self.inputs(truth, moment, arrived);
        self.scores(truth, moment);
        let by_slot = |entry: &RosterEntry| {
            let state = moment.frame.players.iter().find(|player| player.slot == entry.slot)?;
            Some((entry.slot, (entry.player, *state)))
        };
        self.seats = truth.roster.iter().filter_map(by_slot).collect();
    }

    /// A new shot belongs to somebody who is there; ids of shots in flight are unique.
    fn shots(&mut self, moment: &Moment) {
        let shots = &moment.frame.projectiles;
        let ids: BTreeSet<u16> = shots.iter().map(|shot| shot.id).collect();
        assert_eq!(ids.len(), shots.len(), "two shots have one id");
        for shot in shots.iter().filter(|shot| !self.shots.contains(&shot.id)) {
            assert_eq!(shot.born_tick, self.tick, "a shot appeared late");
            let owner = moment.frame.players.iter().find(|player| player.slot == shot.owner);
            let owner = owner.expect("a shot has an owner");
            assert_eq!(owner.flags & FLAG_ABSENT, 0, "{:?} is absent and shoots", owner.slot);
        }
        self.shots = ids;
    }

    /// Inputs apply at their own tick or never; the newest applied one is repeated; acks never run backwards.
    fn inputs(&mut self, truth: &Truth, moment: &Moment, arrived: &mut BTreeMap<PlayerId, Arrived>) {
        let mut acks = BTreeMap::new();
        for entry in truth.roster.iter().filter(|entry| !entry.bot) {
            let ack = moment.acks.iter().find(|ack| ack.slot == entry.slot).expect("every person has an ack");
            let player = entry.player;
            let arrived = arrived.get_mut(&player).expect("who sits has joined");
            if arrived.ticks.remove(&self.tick) {
                arrived.applied = self.tick;
            }
            assert_eq!(
                ack.tick, arrived.applied,
                "{player:?}: applied is what came in time, when it was due"
            );
            let same_seat = self.seats.get(&entry.slot).is_some_and(|(before, _)| *before == player);
            let before = self.acks.get(&player).copied().filter(|_| same_seat && arrived.applied > 0);
            assert!(before.is_none_or(|before| before <= ack.tick), "{player:?}: the ack ran backwards");
            self.aims(player, ack, moment);
            acks.insert(player, ack.tick);
        }
        self.acks = acks;
    }

    /// A player's aim is the one of the newest applied input, whose tick its value tells.
    fn aims(&self, player: PlayerId, ack: &InputAck, moment: &Moment) {
        let state =
            moment.frame.players.iter().find(|state| state.slot == ack.slot).expect("seated is in the frame");
        let born = moment.events.contains(&GameEvent::Respawn { slot: ack.slot });
        if ack.tick > 0 && state.flags & FLAG_ALIVE != 0 && !born {
            assert_eq!(
                state.aim,
                script(player, ack.tick).aim,
                "{player:?}: another tick's input was applied"
            );
        }
    }

    /// Nobody loses what they have scored, seat held, freed or taken again.
    fn scores(&mut self, truth: &Truth, moment: &Moment) {
        for entry in truth.roster.iter().filter(|entry| !entry.bot) {
            let state = moment.frame.players.iter().find(|state| state.slot == entry.slot).expect("seated");
            let score = self.scores.entry(entry.player).or_default();
            assert!(state.kills >= score.0 && state.deaths >= score.1, "{:?} lost a score", entry.player);
            *score = (state.kills, state.deaths);
        }
    }
}

/// Frame and roster show the same seats, no more than there are, and no person twice.
fn seats(roster: &[RosterEntry], moment: &Moment) {
    let in_frame: Vec<Slot> = moment.frame.players.iter().map(|player| player.slot).collect();
    let in_roster: Vec<Slot> = roster.iter().map(|entry| entry.slot).collect();
    assert_eq!(in_frame, in_roster);
    assert!(in_frame.is_sorted_by(|a, b| a < b) && in_frame.len() <= PLAYERS_PER_ROOM_MAX, "{in_frame:?}");
    let people: Vec<PlayerId> = roster.iter().filter(|entry| !entry.bot).map(|entry| entry.player).collect();
    let unique: BTreeSet<&PlayerId> = people.iter().collect();
    assert_eq!(unique.len(), people.len(), "a player has two seats: {roster:?}");
}

fn positions(players: &[PlayerState], walls: &[Wall]) {
    let units = |quanta: u16| f32::from(quanta) / f32::from(POSITION_STEPS_PER_UNIT);
    let inside = PLAYER_RADIUS - ROUNDING_UNITS..=f32::from(MAP_SIZE) - PLAYER_RADIUS + ROUNDING_UNITS;
    for player in players {
        let (x, y) = (units(player.x), units(player.y));
        assert!(inside.contains(&x) && inside.contains(&y), "off the map: {player:?}");
        for wall in walls {
            let (left, top) = (f32::from(wall.x), f32::from(wall.y));
            let away_x = x - x.clamp(left, left + f32::from(wall.width));
            let away_y = y - y.clamp(top, top + f32::from(wall.height));
            let distance = (away_x * away_x + away_y * away_y).sqrt();
            assert!(distance >= PLAYER_RADIUS - ROUNDING_UNITS, "inside {wall:?}: {player:?}");
        }
    }
}
