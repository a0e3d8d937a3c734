//! How a headless player decides: the brain of the server's own bots, fed with what came over the wire.

use crate::domain::{
    BUTTON_FIRE, POSITION_STEPS_PER_UNIT, PlayerInput, PlayerState, Slot, TICK_RATE_HZ, Tick,
    VELOCITY_STEPS_PER_UNIT, Wall,
};
use crate::protocol::delta::{DISPLAY_STEPS_PER_UNIT, DisplayFrame};
use crate::sim::brain::{self, Memory, THINK_TICKS, View};
use crate::sim::random::Random;

/// Exact position quanta in one of the quanta that are shown.
const EXACT_PER_SHOWN: u16 = POSITION_STEPS_PER_UNIT / DISPLAY_STEPS_PER_UNIT;
/// Velocity quanta of one shown position quantum per tick.
const VELOCITY_PER_SHOWN: i32 =
    TICK_RATE_HZ as i32 * VELOCITY_STEPS_PER_UNIT as i32 / DISPLAY_STEPS_PER_UNIT as i32;

/// A mind and what it decided last.
#[derive(Debug)]
pub struct Pilot {
    memory: Memory,
    random: Random,
    held: PlayerInput,
    thought_tick: Tick,
    keeps_firing: bool,
}

impl Pilot {
    pub fn new(seed: u64) -> Pilot {
        Pilot {
            memory: Memory::default(),
            random: Random::new(seed),
            held: PlayerInput::default(),
            thought_tick: 0,
            keeps_firing: false,
        }
    }

    /// Shoots all the time, for somebody who wants to see a shot and not wait for a fight.
    pub fn keeps_firing(seed: u64) -> Pilot {
        Pilot { keeps_firing: true, ..Pilot::new(seed) }
    }

    /// The input for a tick, from the newest frame and the one before it.
    pub fn input(
        &mut self,
        own: Slot,
        walls: &[Wall],
        (newest, before): (Option<&DisplayFrame>, Option<&DisplayFrame>),
    ) -> PlayerInput {
        let Some(newest) = newest else { return self.held };
        if newest.tick >= self.thought_tick + THINK_TICKS {
            self.thought_tick = newest.tick;
            let players = players(newest, before);
            let view = View { tick: newest.tick, own, players: &players, walls };
            self.held = brain::decide(&mut self.memory, &view, &mut self.random);
            if self.keeps_firing {
                self.held.buttons |= BUTTON_FIRE;
            }
        }
        self.held
    }
}

/// What was shown, in the terms of the simulation; velocities from how far everybody came since the frame before.
fn players(newest: &DisplayFrame, before: Option<&DisplayFrame>) -> Vec<PlayerState> {
    let seats = (0..).zip(&newest.players);
    seats
        .filter_map(|(slot, player)| {
            let player = player.as_ref()?;
            let known = before.and_then(|before| Some((before.tick, before.players[usize::from(slot)]?)));
            let (tick, x, y) =
                known.map_or((0, player.x, player.y), |(tick, known)| (tick, known.x, known.y));
            let ticks = newest.tick.saturating_sub(tick).max(1);
            Some(PlayerState {
                slot: Slot(slot),
                x: player.x * EXACT_PER_SHOWN,
                y: player.y * EXACT_PER_SHOWN,
                velocity_x: velocity(x, player.x, ticks),
                velocity_y: velocity(y, player.y, ticks),
                aim: player.aim,
                health: player.health,
                flags: player.flags,
                kills: player.kills,
                deaths: player.deaths,
                respawn_tick: player.respawn_tick,
            })
        })
        .collect()
}

fn velocity(from: u16, to: u16, ticks: Tick) -> i16 {
    let quanta = (i32::from(to) - i32::from(from)) * VELOCITY_PER_SHOWN / ticks as i32;
    quanta.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
