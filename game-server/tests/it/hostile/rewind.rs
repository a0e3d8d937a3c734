//! Lag compensation over sockets: whoever shoots where the page shows somebody hits, and a lie gains nothing.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use game_server::protocol::replay::{Entry, decode_log};
use tokio::task::JoinHandle;

use super::LONG_MATCH_S;
use crate::harness::netem::{Line, Proxy};
use crate::harness::player::seat;
use crate::harness::raw::{Raw, TICKS_PER_S};
use crate::harness::servers::All;
use crate::harness::{TURN, within_limit};

const FIRE: u8 = 1;
const UP: u8 = 192;
/// 150 ms there and back.
const FAR: Line = Line {
    delay: Duration::from_millis(75),
    jitter: Duration::ZERO,
    stalls_percent: 0,
    stall: Duration::ZERO,
};
/// Open ground in the north of the map, and the ways there from where the first two appear.
const SHOOTER_STANDS: [(f64, f64); 3] = [(230.0, 120.0), (500.0, 120.0), (500.0, 170.0)];
const TARGET_STANDS: [(f64, f64); 2] = [(920.0, 100.0), (620.0, 100.0)];
/// The target runs to and fro between these.
const WEST: f64 = 380.0;
const EAST: f64 = 620.0;
/// Full speed, and slower than this somebody is turning.
const STRAIGHT_UNITS_PER_TICK: f64 = 3.9;
const SHOT_UNITS_PER_TICK: f64 = 640.0 / TICKS_PER_S;
/// From the centre of the shooter to the muzzle.
const MUZZLE_UNITS: f64 = 21.0;
/// The page draws others two states late, and every shot is tested as much in the past as its shooter saw, up to here.
const PICTURE_DELAY_TICKS: f64 = 6.0;
const REWIND_TICKS_MAX: f64 = 15.0;
const FADE_TICKS: f64 = 30.0;
/// One shot for each time that the target passes.
const PAUSE_TICKS: u32 = 25;
/// Inputs should come this early.
const MARGIN_TICKS: f64 = 3.0;

/// Runs to and fro until it is aborted.
async fn strafe(mut target: Raw) {
    let mut east = false;
    loop {
        target.next_state().await;
        let x = f64::from(target.own().x) / 4.0;
        east = if x <= WEST {
            true
        } else if x >= EAST {
            false
        } else {
            east
        };
        target.act([if east { 127 } else { -127_i8 as u8 }, 0], 0, 0).await;
    }
}

/// A player with the clocks of the page: when others are shown, and which tick an input is for.
struct Marksman {
    raw: Raw,
    began: Instant,
    lead_ticks: f64,
    next_tick: u32,
    last_shot: u32,
    /// Owner and birth of each own shot that was seen.
    flown: Vec<u32>,
}

impl Marksman {
    fn new(raw: Raw) -> Marksman {
        Marksman {
            raw,
            began: Instant::now(),
            lead_ticks: 14.0,
            next_tick: 0,
            last_shot: 0,
            flown: Vec::new(),
        }
    }

    fn ticks_at(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.began).as_secs_f64() * TICKS_PER_S
    }

    /// The newest tick that a state could show now, by the fastest of the last ones.
    fn line(&self) -> f64 {
        let recent = self.raw.arrivals.iter().rev().take(80);
        let offsets = recent.map(|(tick, at)| f64::from(*tick) - self.ticks_at(*at));
        offsets.fold(f64::NEG_INFINITY, f64::max) + self.ticks_at(Instant::now())
    }

    /// Place and speed of a player on the screen at a tick.
    fn shown(&self, slot: u8, tick: f64) -> Option<(f64, f64)> {
        let frames: Vec<_> = self.raw.frames.iter().collect();
        let pair = frames.windows(2).find(|pair| f64::from(pair[1].tick) >= tick)?;
        let x = |at: usize| Some(f64::from(pair[at].players[usize::from(slot)]?.x) / 4.0);
        let ticks = f64::from(pair[1].tick - pair[0].tick);
        let speed = (x(1)? - x(0)?) / ticks;
        Some((x(0)? + speed * (tick - f64::from(pair[0].tick)), speed))
    }

    /// Whether a shot at this tick meets the target on the screen.
    fn aims(&self, slot: u8, age_ticks: f64, picture_tick: f64) -> bool {
        let Some((x, speed)) = self.shown(slot, picture_tick) else { return false };
        let own = self.raw.own();
        let away = f64::from((own.y - self.raw.body(slot).map_or(0, |body| body.y)).abs()) / 4.0;
        let flight = (away - MUZZLE_UNITS).max(0.0) / SHOT_UNITS_PER_TICK;
        let rewind = age_ticks.min(REWIND_TICKS_MAX) * (1.0 - flight / FADE_TICKS);
        let meets = x + speed * (flight + age_ticks - rewind);
        let off = meets - f64::from(own.x) / 4.0;
        let is_steady = (440.0..560.0).contains(&x) && (440.0..560.0).contains(&meets);
        speed.abs() >= STRAIGHT_UNITS_PER_TICK && is_steady && off.abs() <= 4.0
    }

    /// Shoots at the target each time it passes until this many shots have flown; `says` is the age it tells.
    async fn shoot(&mut self, slot: u8, shots: usize, says: impl Fn(f64) -> u8) {
        let enough = self.flown.len() + shots;
        within_limit("the shots have flown", async {
            while self.flown.len() < enough {
                assert!(self.raw.listen(Duration::from_millis(5)).await, "the match goes on");
                self.note_shots();
                self.lead_ticks += (MARGIN_TICKS - f64::from(self.raw.margin_ticks)) * 0.002;
                self.send_due(slot, &says).await;
            }
        })
        .await;
        // What has left the muzzle arrives.
        assert!(self.raw.listen(Duration::from_millis(1_000)).await);
        self.note_shots();
    }

    fn note_shots(&mut self) {
        let own = self.raw.slot;
        let shots = self.raw.frames.iter().flat_map(|frame| &frame.shots);
        let mut new: Vec<u32> = shots.filter(|(owner, _)| *owner == own).map(|(_, born)| *born).collect();
        new.retain(|born| !self.flown.contains(born));
        new.sort_unstable();
        new.dedup();
        self.flown.extend(new);
    }

    async fn send_due(&mut self, slot: u8, says: &impl Fn(f64) -> u8) {
        let line = self.line();
        let until = (line + self.lead_ticks) as u32;
        if until < self.next_tick + 2 {
            return;
        }
        // As the page after a stall: the last few ticks only.
        let first = self.next_tick.max(until - 3);
        let mut inputs = Vec::new();
        for tick in first..until {
            let age = f64::from(tick) - (line - PICTURE_DELAY_TICKS);
            let fires =
                tick >= self.last_shot + PAUSE_TICKS && self.aims(slot, age, line - PICTURE_DELAY_TICKS);
            if fires {
                self.last_shot = tick;
            }
            inputs.push([0, 0, UP, (u8::from(fires) * FIRE) | (says(age) << 1)]);
        }
        self.next_tick = until;
        let acked = self.raw.newest().tick;
        self.raw.send_inputs(acked, first, &inputs).await;
    }

    fn hits(&self, slot: u8) -> usize {
        let own = self.raw.slot;
        self.raw.events.iter().filter(|event| event[..3] == [1, own, slot]).count()
    }
}

/// A shooter and a target at their places, the target running; the first to join is given.
async fn meet(server: &All, shooter_by: SocketAddr) -> (Marksman, u8, JoinHandle<()>) {
    let ticket = seat(server.gateway, "the secret key of ann", "Ann").await.ticket;
    let mut shooter = Raw::enter(shooter_by, &ticket).await.expect("a seat");
    shooter.next_state().await;
    let ticket = seat(server.gateway, "the secret key of ben", "Ben").await.ticket;
    let mut target = Raw::enter(server.gateway, &ticket).await.expect("a seat");
    let slot = target.slot;
    let far_walk = walk_far(&mut shooter, &SHOOTER_STANDS);
    tokio::join!(far_walk, target.walk(&TARGET_STANDS));
    (Marksman::new(shooter), slot, tokio::spawn(strafe(target)))
}

/// Over a long line inputs have to be for later ticks, and a body goes on for a while: slow down before a corner.
async fn walk_far(raw: &mut Raw, way: &[(f64, f64)]) {
    within_limit("the way is walked", async {
        for (to_x, to_y) in way {
            loop {
                raw.next_state().await;
                let own = raw.own();
                let (dx, dy) = (to_x - f64::from(own.x) / 4.0, to_y - f64::from(own.y) / 4.0);
                if dx.hypot(dy) < 6.0 {
                    break;
                }
                let part = |d: f64| (d * 0.6).clamp(-100.0, 100.0) as i8 as u8;
                let tick = raw.newest().tick;
                raw.send_inputs(tick, tick + 20, &[[part(dx), part(dy), UP, 0]; 3]).await;
            }
        }
        let tick = raw.newest().tick;
        raw.send_inputs(tick, tick + 20, &[[0, 0, UP, 0]; 8]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_far_shooter_hits_what_the_page_shows_and_misses_without_the_age() {
    let _turn = TURN.lock().await;
    let server = All::start(LONG_MATCH_S).await;
    let proxy = Proxy::start(server.gateway, FAR, 7).await;
    let (mut shooter, target, running) = meet(&server, proxy.address).await;
    shooter.shoot(target, 8, |_| 0).await;
    let (blind_shots, blind_hits) = (shooter.flown.len(), shooter.hits(target));
    shooter.shoot(target, 4, |age| age.round().clamp(0.0, 127.0) as u8).await;
    let (shots, hits) = (shooter.flown.len() - blind_shots, shooter.hits(target) - blind_hits);
    running.abort();
    writeln!(
        std::io::stdout(),
        "150 ms away: {hits} of {shots} shots hit, {blind_hits} of {blind_shots} with the age cut off"
    )
    .expect("stdout");
    assert!(hits * 4 >= shots * 3, "{hits} of {shots}");
    assert!(blind_hits * 4 <= blind_shots, "{blind_hits} of {blind_shots}");
}

/// Claims the oldest picture that the protocol can say, and owns up to states so much later than it has them.
async fn claim(mut raw: Raw, held_states: usize) -> u8 {
    for _ in 0..20 * 10 {
        raw.next_state().await;
        let tick = raw.newest().tick;
        let held = raw.frames.iter().rev().nth(held_states).map_or(0, |frame| frame.tick);
        raw.send_inputs(held, tick + 12, &[[0, 0, UP, 127 << 1]; 3]).await;
    }
    raw.slot
}

/// The oldest picture that was believed of each slot, by the log of the match, after a second of measuring.
fn believed(server: &All) -> [u32; 10] {
    let mut ages = [0; 10];
    for file in fs::read_dir(server.data().join("replays")).expect("the folder of logs").flatten() {
        let log = decode_log(&fs::read(file.path()).expect("a log")).expect("a log");
        for entry in &log.entries {
            let Entry::Input { slot, inputs, .. } = entry else { continue };
            let age = inputs.iter().map(|input| input.view_age()).max().unwrap_or(0);
            let oldest = &mut ages[usize::from(slot.0)];
            *oldest = age.max(*oldest);
        }
    }
    ages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledgements_that_are_held_back_make_no_older_picture_believed() {
    let _turn = TURN.lock().await;
    let mut server = All::start(LONG_MATCH_S).await;
    let proxy = Proxy::start(server.gateway, FAR, 7).await;
    let mut slots = Vec::new();
    let mut players = Vec::new();
    for (name, by, held) in [
        ("honest", server.gateway, 0),
        ("late", server.gateway, 6),
        ("later", server.gateway, 25),
        ("far", proxy.address, 0),
    ] {
        let ticket = seat(server.gateway, &format!("the secret key of {name}"), name).await.ticket;
        let raw = Raw::enter(by, &ticket).await.expect("a seat");
        players.push(tokio::spawn(claim(raw, held)));
    }
    for player in players {
        slots.push(within_limit("ten seconds of play", player).await.expect("it plays"));
    }
    server.process.signal();
    server.process.terminate().await;
    let ages = believed(&server);
    let [honest, late, later, far] = [0, 1, 2, 3].map(|at| ages[usize::from(slots[at])]);
    writeln!(
        std::io::stdout(),
        "believed: {honest} ticks of who answers at once, {late} and {later} of who holds 300 and 1,250 ms back, {far} at 150 ms"
    )
    .expect("stdout");
    assert!(far >= 17, "what a long line explains is believed: {far}");
    // Two of the pings may have met a busy machine. Believed without them: 29 and 86.
    let slack = 4;
    assert!(late <= honest + slack && later <= honest + slack, "{honest}, {late}, {later}");
    assert!(honest >= 8, "{honest}");
}
