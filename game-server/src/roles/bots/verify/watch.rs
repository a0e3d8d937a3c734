//! What two players of one match see: from the sightings of both to one observation after the other.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout_at;

use crate::domain::{GameEvent, Phase, PlayerResult, Slot, TICK_RATE_HZ};
use crate::protocol::delta::DISPLAY_STEPS_PER_UNIT;
use crate::protocol::delta::decode::State;
use crate::roles::bots::player::Sighting;
use crate::sim::movement::Body;

/// A second of states shows their rate.
const STATES_FOR_RATE: u32 = 20;
/// Enough to see that they flow, for a visitor in a hurry: 0.2 s.
const STATES_FOR_A_GLANCE: u32 = 4;
/// Below this the game does not feel smooth; 20 are sent.
const STATE_HZ_MIN: f64 = 15.0;
/// The first state is there within a second, twenty more take one.
const STATES_MAX: Duration = Duration::from_secs(10);
/// A bot walks at once, unless it is dead for two seconds.
const MOVE_MAX: Duration = Duration::from_secs(8);
/// Two bots of one match need some seconds to see each other.
const SHOOT_MAX: Duration = Duration::from_secs(20);
/// A hit after the first shot is worth this wait and no more: aim is not what is being proven.
const HIT_MAX: Duration = Duration::from_secs(4);
/// Farther than any rounding, in world units.
const MOVED_UNITS: f32 = 20.0;
/// The room tells the end within a state or two.
const OVER_SLACK: Duration = Duration::from_secs(3);

/// The eyes of Ann, whose doings are watched, and Bob, who watches.
pub struct Watch {
    ann: Slot,
    ann_sees: Receiver<Sighting>,
    bob_sees: Receiver<Sighting>,
    newest: Option<State>,
    over: Option<Vec<PlayerResult>>,
}

impl Watch {
    pub fn new(ann: Slot, ann_sees: Receiver<Sighting>, bob_sees: Receiver<Sighting>) -> Watch {
        Watch { ann, ann_sees, bob_sees, newest: None, over: None }
    }

    /// States arrive and follow each other. A few say nothing about their rate: one that comes late halves it.
    pub async fn a_few_states(&mut self) -> anyhow::Result<String> {
        let took = self.follow(STATES_FOR_A_GLANCE).await?;
        Ok(format!("{STATES_FOR_A_GLANCE} states in {} ms", took.as_millis()))
    }

    /// States arrive, and often enough.
    pub async fn state_rate(&mut self) -> anyhow::Result<String> {
        let hz = f64::from(STATES_FOR_RATE) / self.follow(STATES_FOR_RATE).await?.as_secs_f64();
        ensure!(hz >= STATE_HZ_MIN, "only {hz:.1} states per second");
        Ok(format!("{hz:.1} states per second"))
    }

    /// How long so many states took, from the first one on.
    async fn follow(&mut self, count: u32) -> anyhow::Result<Duration> {
        let deadline = Instant::now() + STATES_MAX;
        self.next_own_state(deadline).await.context("no state arrived")?;
        let start = Instant::now();
        for _ in 0..count {
            self.next_own_state(deadline).await.context("states stopped")?;
        }
        Ok(start.elapsed())
    }

    /// Ann's inputs move Ann.
    pub async fn own_movement(&mut self) -> anyhow::Result<String> {
        let deadline = Instant::now() + MOVE_MAX;
        let mut start = None;
        loop {
            let state = self.next_own_state(deadline).await.context("the own player did not move")?;
            let Some(own) = state.own else { continue };
            let here = Body::from_quanta(own.x, own.y, own.velocity_x, own.velocity_y).position;
            let distance = here.minus(*start.get_or_insert(here)).length();
            if distance >= MOVED_UNITS {
                return Ok(format!("own inputs moved the player {distance:.0} units"));
            }
        }
    }

    /// Bob sees Ann move.
    pub async fn movement_of_the_other(&mut self) -> anyhow::Result<String> {
        let deadline = Instant::now() + MOVE_MAX;
        let mut start = None;
        loop {
            let sighting = next(&mut self.bob_sees, deadline).await.context("nobody saw the player move")?;
            let Sighting::State(state) = sighting else {
                continue;
            };
            let Some(ann) = state.frame.players[usize::from(self.ann.0)] else {
                continue;
            };
            let (x, y) = *start.get_or_insert((ann.x, ann.y));
            let units =
                f32::from(ann.x.abs_diff(x).max(ann.y.abs_diff(y))) / f32::from(DISPLAY_STEPS_PER_UNIT);
            if units >= MOVED_UNITS {
                return Ok(format!("the other player saw it move {units:.0} units"));
            }
        }
    }

    /// Bob sees a shot of Ann, and that shots hurt; the latter may take longer than a visit lasts.
    pub async fn shots(&mut self) -> anyhow::Result<String> {
        let (start, mut seen) = (Instant::now(), false);
        let mut deadline = start + SHOOT_MAX;
        loop {
            match next(&mut self.bob_sees, deadline).await {
                Ok(Sighting::State(state)) => {
                    if !seen && state.frame.projectiles.iter().any(|shot| shot.owner == self.ann) {
                        seen = true;
                        deadline = Instant::now() + HIT_MAX;
                    }
                }
                Ok(Sighting::Events(events)) => {
                    let hit = events.iter().any(|event| matches!(event, GameEvent::Hit { .. }));
                    if hit && seen {
                        let seconds = start.elapsed().as_secs_f64();
                        return Ok(format!(
                            "the other player saw shots, and one that hit after {seconds:.1} s"
                        ));
                    }
                }
                Ok(Sighting::Over(_)) | Err(_) if seen => return Ok("the other player saw shots".to_owned()),
                Ok(Sighting::Over(_)) => bail!("the match ended before anybody saw the player shoot"),
                Err(_) => bail!("nobody saw the player shoot in {SHOOT_MAX:?}"),
            }
        }
    }

    /// Whether the score board can be waited for.
    pub fn match_ends_before(&mut self, until: Instant) -> bool {
        self.catch_up();
        let Some(state) = &self.newest else { return false };
        if self.over.is_some() || state.frame.phase == Phase::Over {
            return true;
        }
        let ticks = state.frame.phase_ends_tick.saturating_sub(state.frame.tick);
        let left = Duration::from_secs_f64(f64::from(ticks) / f64::from(TICK_RATE_HZ));
        Instant::now() + left <= until
    }

    /// The match ends and the score board names people.
    pub async fn over(&mut self, until: Instant) -> anyhow::Result<String> {
        let deadline = until + OVER_SLACK;
        while self.over.is_none() {
            let sighting = next(&mut self.ann_sees, deadline).await.context("no score board came")?;
            self.look(sighting);
        }
        let results = self.over.as_deref().unwrap_or_default();
        let best = results.first().context("the score board is empty")?;
        Ok(format!(
            "the match ended; {} won with {} kills of {} players",
            best.name,
            best.kills,
            results.len()
        ))
    }

    async fn next_own_state(&mut self, deadline: Instant) -> anyhow::Result<State> {
        loop {
            let sighting = next(&mut self.ann_sees, deadline).await?;
            let is_state = matches!(sighting, Sighting::State(_));
            self.look(sighting);
            if let (true, Some(state)) = (is_state, &self.newest) {
                return Ok(state.clone());
            }
            ensure!(self.over.is_none(), "the match was over");
        }
    }

    /// Everything Ann has seen in the meantime.
    fn catch_up(&mut self) {
        while let Ok(sighting) = self.ann_sees.try_recv() {
            self.look(sighting);
        }
    }

    fn look(&mut self, sighting: Sighting) {
        match sighting {
            Sighting::State(state) => self.newest = Some(*state),
            Sighting::Over(results) => self.over = Some(results),
            Sighting::Events(_) => {}
        }
    }
}

async fn next(sees: &mut Receiver<Sighting>, deadline: Instant) -> anyhow::Result<Sighting> {
    let seen = timeout_at(deadline.into(), sees.recv()).await.context("waited long enough")?;
    seen.context("the player is gone")
}
