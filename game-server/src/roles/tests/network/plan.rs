//! What one seed decides: how many players, how bad the network, how often things break.

use super::pipe::Conditions;
use super::wire::Transport;
use crate::domain::{
    BUTTON_FIRE, MatchSettings, Mode, PlayerId, PlayerInput, Pool, RoomId, StateRate, TICK_RATE_HZ, Tick,
};
use crate::sim::random::Random;

/// Steps of the world in one tick of the room.
pub const SLICES_PER_TICK: u64 = 4;
/// The last part of a run, in which the network is good and nothing breaks, so that everything must come right.
pub const SETTLE_TICKS: Tick = 360;

/// Less than the longest absence of a player, so that seats run out.
const SEAT_HOLD_TICKS_SHORT: Tick = 10 * TICK_RATE_HZ;

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub transport: Transport,
    pub ticks: Tick,
    pub settings: MatchSettings,
    pub players: u32,
    pub gateways: usize,
    /// Drawn for each connection anew, up to these.
    pub worst: Conditions,
    /// Chances per tick, of a million.
    pub comes: u32,
    pub leaves: u32,
    pub cut: u32,
    pub link_cut: u32,
    pub host_pause: u32,
}

/// Every player's connection in the end: 20 ms each way.
pub const GOOD: Conditions = Conditions {
    delay_us: 20_000,
    jitter_us: 4_000,
    stall_per_mille: 0,
    stall_us: 0,
    loss_per_mille: 0,
    double_per_mille: 0,
};

impl Plan {
    pub fn of_seed(seed: u64, transport: Transport, ticks: Tick) -> Plan {
        let mut random = Random::new(seed);
        let mut up_to = |limit: u32| random.below(limit + 1);
        let worst = Conditions {
            delay_us: up_to(150_000),
            jitter_us: up_to(60_000),
            stall_per_mille: up_to(20),
            stall_us: up_to(600_000),
            loss_per_mille: up_to(300),
            double_per_mille: up_to(200),
        };
        // A third of the matches ends while everybody watches.
        let match_ticks = if up_to(2) == 0 { ticks / 2 + up_to(ticks / 4) } else { 2 * ticks };
        Plan {
            transport,
            ticks,
            settings: MatchSettings {
                room: RoomId(7 + u64::from(up_to(2))),
                seed,
                pool: Pool::Public,
                match_ticks,
                mode: Mode::default(),
                state_rate: StateRate::default(),
                seat_hold_ticks: SEAT_HOLD_TICKS_SHORT,
                fill_to_players: up_to(6) as u8,
            },
            players: 2 + up_to(11),
            gateways: 1 + up_to(1) as usize,
            worst,
            comes: 3_000 + up_to(20_000),
            leaves: up_to(1_000),
            cut: up_to(4_000),
            link_cut: up_to(1_500),
            host_pause: up_to(3_000),
        }
    }

    /// The conditions of one connection.
    pub fn conditions(&self, random: &mut Random) -> Conditions {
        let mut part = |whole: u32| random.below(whole + 1);
        Conditions {
            delay_us: part(self.worst.delay_us),
            jitter_us: part(self.worst.jitter_us),
            stall_per_mille: part(self.worst.stall_per_mille),
            stall_us: part(self.worst.stall_us),
            loss_per_mille: part(self.worst.loss_per_mille),
            double_per_mille: part(self.worst.double_per_mille),
        }
    }
}

/// What a player wants at a tick, whichever connection says so: an input that was moved to another tick shows.
pub fn script(player: PlayerId, tick: Tick) -> PlayerInput {
    let draw = |salt: u64, tick: Tick| Random::new(player.0 ^ salt << 40 ^ u64::from(tick) << 8).next_u64();
    let walk = draw(1, tick / 16);
    let direction = |bits: u64| [-127, 0, 127][(bits % 3) as usize];
    PlayerInput {
        move_x: direction(walk),
        move_y: direction(walk >> 8),
        aim: draw(2, tick) as u8,
        // For a while one thing or the other, and any view age.
        buttons: draw(3, tick / 24) as u8 & BUTTON_FIRE | draw(4, tick) as u8 & !BUTTON_FIRE,
    }
}
