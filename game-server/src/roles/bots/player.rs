//! A match as one player plays it: inputs out, states in, everything counted.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::domain::{GameEvent, PlayerResult};
use crate::protocol::client::{ClientMessage, ServerMessage};
use crate::protocol::delta::decode::State;
use crate::roles::bots::connection::{Connection, Incoming};
use crate::roles::bots::figures::Figures;
use crate::roles::bots::pace::Pace;
use crate::roles::bots::pilot::Pilot;

/// Input packets leave at 30 Hz, two ticks in each.
const SEND_EVERY: Duration = Duration::from_micros(33_333);
const PING_EVERY: Duration = Duration::from_secs(1);
/// What a watcher has not read yet: two minutes of states. More is left out, since a watcher must not slow the player.
const SIGHTINGS_MAX: usize = 4_096;

/// How a match ended for a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The player had played long enough.
    Left,
    /// The match was over.
    Over,
    /// The connection was lost.
    Lost(String),
}

/// Something that a player saw.
#[derive(Debug, Clone)]
pub enum Sighting {
    State(Box<State>),
    Events(Vec<GameEvent>),
    Over(Vec<PlayerResult>),
}

/// Sightings as somebody else reads them.
pub fn sightings() -> (mpsc::Sender<Sighting>, mpsc::Receiver<Sighting>) {
    mpsc::channel(SIGHTINGS_MAX)
}

/// A player in a match.
pub struct Player<'a> {
    connection: Connection,
    pilot: Pilot,
    pace: Pace,
    figures: &'a mut Figures,
    watcher: Option<mpsc::Sender<Sighting>>,
    /// When play was pressed, until the first state is there.
    clicked: Option<Instant>,
    /// For the time of pings, which the protocol keeps in milliseconds.
    started: Instant,
    ping_due: Instant,
    pinged: Option<Instant>,
}

impl<'a> Player<'a> {
    pub fn new(
        connection: Connection,
        pilot: Pilot,
        figures: &'a mut Figures,
        clicked: Instant,
        watcher: Option<mpsc::Sender<Sighting>>,
    ) -> Player<'a> {
        figures.start_match();
        let now = Instant::now();
        Player {
            connection,
            pilot,
            pace: Pace::new(now),
            figures,
            watcher,
            clicked: Some(clicked),
            started: now,
            ping_due: now,
            pinged: None,
        }
    }

    /// Plays until the match is over or `stop` comes; tells whether the goodbye was in order.
    pub async fn play(mut self, stop: impl Future<Output = ()>) -> (Ended, bool) {
        let mut stop = std::pin::pin!(stop);
        // One clock for everything: a generator of thousands of players spends its core on theirs.
        let mut sends = every(SEND_EVERY);
        let ended = loop {
            tokio::select! {
                biased;
                incoming = self.connection.receive() => if let Some(ended) = self.take(incoming) {
                    break ended;
                },
                _ = sends.tick() => {
                    if stop.as_mut().now_or_never().is_some() {
                        break Ended::Left;
                    }
                    if let Err(error) = self.send_what_is_due().await {
                        break Ended::Lost(format!("{error:#}"));
                    }
                }
            }
        };
        self.figures.end_match(Instant::now());
        let in_order = match ended {
            Ended::Lost(_) => false,
            Ended::Left | Ended::Over => self.connection.leave().await,
        };
        (ended, in_order)
    }

    fn take(&mut self, incoming: Incoming) -> Option<Ended> {
        match incoming {
            Incoming::State(state, bytes) => {
                let now = Instant::now();
                self.figures.count_bytes(bytes, now);
                self.see_state(state, now);
                None
            }
            Incoming::Message(message, bytes) => {
                let now = Instant::now();
                self.figures.count_bytes(bytes, now);
                self.see_message(message, now)
            }
            Incoming::Unreadable(error, bytes) => {
                tracing::debug!(error = error.label(), bytes, "unreadable message");
                self.figures.unreadable += 1;
                None
            }
            Incoming::Closed { reason, .. } => Some(Ended::Lost(reason)),
        }
    }

    fn see_state(&mut self, state: Box<State>, now: Instant) {
        if let Some(clicked) = self.clicked.take() {
            self.figures.join_ms.push(milliseconds(now - clicked));
        }
        self.figures.count_state(state.own, now);
        self.pace.hear(state.frame.tick, state.margin_ticks, now);
        self.tell(Sighting::State(state));
    }

    fn see_message(&mut self, message: ServerMessage, now: Instant) -> Option<Ended> {
        match message {
            ServerMessage::Events { events, .. } => {
                if self.figures.counts(now) {
                    self.figures.count_events(self.connection.welcome.slot, &events);
                }
                self.tell(Sighting::Events(events));
            }
            ServerMessage::Pong { tick_gap_excess_p99_us, .. } => {
                let pinged = self.pinged.take().filter(|_| self.figures.counts(now));
                if let Some(pinged) = pinged {
                    self.figures.tick_gap_excess_us.push(tick_gap_excess_p99_us);
                    self.figures.round_trip_ms.push(milliseconds(now.saturating_duration_since(pinged)));
                }
            }
            ServerMessage::Over(results) => {
                self.tell(Sighting::Over(results));
                return Some(Ended::Over);
            }
            ServerMessage::Error { code, message } => {
                return Some(Ended::Lost(format!("{code:?} {message}")));
            }
            ServerMessage::Welcome { .. } | ServerMessage::Roster(_) | ServerMessage::RosterChange(_) => {}
        }
        None
    }

    fn tell(&self, sighting: Sighting) {
        if let Some(watcher) = &self.watcher {
            // A full or closed channel only means that the watcher has seen enough.
            let _ = watcher.try_send(sighting);
        }
    }

    async fn send_what_is_due(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.ping_due <= now {
            self.ping_due = now + PING_EVERY;
            self.ping(now).await?;
        }
        let Some((first_tick, count)) = self.pace.due(now) else {
            return Ok(());
        };
        self.figures.inputs_sent += u64::from(self.figures.counts(now));
        let welcome = &self.connection.welcome;
        let input = self.pilot.input(welcome.slot, &welcome.walls, self.connection.newest_frames());
        let acked_tick = self.connection.acked_tick();
        let message = ClientMessage::Input { acked_tick, first_tick, inputs: vec![input; count] };
        self.connection.send(&message).await
    }

    async fn ping(&mut self, now: Instant) -> anyhow::Result<()> {
        self.pinged = Some(now);
        let client_time_ms = now.saturating_duration_since(self.started).as_millis() as u32;
        self.connection.send(&ClientMessage::Ping { client_time_ms }).await
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
