//! A visitor with a friend who checks what the game does: the page, two seats in one match, moving, shooting, talking.
//!
//! The JSON is one object: `ok`; `observations`, a list of { `what`, `ok`, `detail`, `at_ms` } in the order of trying;
//! `failures`, the observations that failed in words; and the figures `join_ms`, `state_hz`, `round_trip_ms`,
//! `bytes_per_second`, `hits`, `disconnects`, `unreadable`. `what` is one of page, join, together, states, move, seen,
//! shoot, chat, ranking, over, leave. Fewer than [`FULL_SECONDS_MIN`] seconds leave out everything between states and
//! leave; `over` is there only when the match ends within the given seconds.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::roles::bots::address::Address;
use crate::roles::bots::connection::Connection;
use crate::roles::bots::figures::Figures;
use crate::roles::bots::pilot::Pilot;
use crate::roles::bots::player::{Ended, Player, sightings};
use crate::roles::bots::services::{Chat, Identity, Seat, get, take_seat};
use crate::roles::bots::verify::watch::Watch;

/// What the two players see.
mod watch;

/// With less time than this the visitor joins, looks and leaves.
pub const FULL_SECONDS_MIN: u32 = 5;
/// Waiting for a seat may take a host that starts or a lobby that is being replaced.
const SEAT_MAX: Duration = Duration::from_secs(30);
/// Chat, ranking and the page answer within milliseconds.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Observation {
    pub what: &'static str,
    pub ok: bool,
    pub detail: String,
    /// Since the start of the run.
    pub at_ms: u64,
}

/// What a verify run found; these are the fields of its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub ok: bool,
    pub url: String,
    pub observations: Vec<Observation>,
    pub failures: Vec<String>,
    pub join_ms: Option<f64>,
    pub state_hz: Option<f64>,
    pub round_trip_ms: Option<f64>,
    pub bytes_per_second: Option<f64>,
    pub hits: u64,
    pub disconnects: u32,
    pub unreadable: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}", if self.ok { "a match was played" } else { "NOT playable" }, self.url)?;
        for seen in &self.observations {
            let mark = if seen.ok { "ok  " } else { "FAIL" };
            write!(out, "\n  {mark} {:<9} {}", seen.what, seen.detail)?;
        }
        Ok(())
    }
}

/// Collects observations as they are made.
struct Log {
    start: Instant,
    observations: Vec<Observation>,
}

impl Log {
    fn note(&mut self, what: &'static str, found: anyhow::Result<String>) -> bool {
        let ok = found.is_ok();
        let detail = found.unwrap_or_else(|error| format!("{error:#}"));
        let at_ms = self.start.elapsed().as_millis() as u64;
        self.observations.push(Observation { what, ok, detail, at_ms });
        ok
    }
}

/// Tries everything that fits in the time and stops at the first thing without which the rest makes no sense.
pub async fn run(address: &Address, seconds: u32) -> Report {
    let start = Instant::now();
    let mut log = Log { start, observations: Vec::new() };
    let (mut ann, mut bob) = (Figures::default(), Figures::default());
    log.note("page", page(address).await);
    let party = format!("verify-{:016x}", rand::random::<u64>());
    let identities = ["Ann", "Bob"].map(|name| Identity::new(format!("{name} (check)"), &party));
    match enter_both(address, &identities).await {
        Ok(seats) => {
            log.note("join", Ok(format!("two seats after {} ms", start.elapsed().as_millis())));
            let together = same_room(&seats);
            if log.note("together", together) {
                let until = start + Duration::from_secs(seconds.into());
                let visit = Visit {
                    address,
                    identities: &identities,
                    seats,
                    until,
                    full: seconds >= FULL_SECONDS_MIN,
                };
                visit.play(&mut log, &mut ann, &mut bob).await;
            }
        }
        Err(error) => {
            log.note("join", Err(error));
        }
    }
    report(address, log, &ann, &bob)
}

fn report(address: &Address, log: Log, ann: &Figures, bob: &Figures) -> Report {
    let failed = log.observations.iter().filter(|seen| !seen.ok);
    let mut failures: Vec<String> = failed.map(|seen| format!("{}: {}", seen.what, seen.detail)).collect();
    let unreadable = ann.unreadable + bob.unreadable;
    if unreadable > 0 {
        failures.push(format!("{unreadable} messages could not be read"));
    }
    Report {
        ok: failures.is_empty(),
        url: format!("http://{}", address.host),
        observations: log.observations,
        failures,
        join_ms: ann.join_ms.first().copied().map(f64::round),
        state_hz: ann.state_hz().map(|hz| (hz * 10.0).round() / 10.0),
        round_trip_ms: ann.round_trip_ms.last().map(|ms| (ms * 10.0).round() / 10.0),
        bytes_per_second: ann.bytes_per_second().map(f64::round),
        hits: ann.hits + bob.hits,
        disconnects: (ann.disconnects.len() + bob.disconnects.len()) as u32,
        unreadable,
    }
}

async fn page(address: &Address) -> anyhow::Result<String> {
    let body = timeout(ANSWER_MAX, get(address, "/")).await.context("no answer in time")??;
    ensure!(body.contains("<html"), "/ is not a page");
    Ok(format!("the page is served, {} bytes", body.len()))
}

/// Each seat with the moment in which play was pressed for it.
type Entered = (Seat, Connection, Instant);

async fn enter_both(address: &Address, identities: &[Identity; 2]) -> anyhow::Result<[Entered; 2]> {
    let [first, second] = identities;
    let both = async { tokio::try_join!(enter(address, first), enter(address, second)) };
    let (first, second) =
        timeout(SEAT_MAX, both).await.with_context(|| format!("no seat in {SEAT_MAX:?}"))??;
    Ok([first, second])
}

async fn enter(address: &Address, identity: &Identity) -> anyhow::Result<Entered> {
    let clicked = Instant::now();
    let seat = take_seat(address, identity).await?;
    let connection = Connection::enter(address, &seat.ticket).await?;
    Ok((seat, connection, clicked))
}

fn same_room(seats: &[Entered; 2]) -> anyhow::Result<String> {
    let [(first, ..), (second, ..)] = seats;
    ensure!(first.room == second.room, "friends sit in rooms {} and {}", first.room, second.room);
    Ok(format!("both sit in room {}", first.room))
}

/// Two seated players and what they may do.
struct Visit<'a> {
    address: &'a Address,
    identities: &'a [Identity; 2],
    seats: [Entered; 2],
    until: Instant,
    full: bool,
}

impl Visit<'_> {
    async fn play(self, log: &mut Log, ann: &mut Figures, bob: &mut Figures) {
        let [(ann_seat, ann_connection, ann_clicked), (bob_seat, bob_connection, bob_clicked)] = self.seats;
        let (ann_slot, seats) = (ann_connection.welcome.slot, [ann_seat, bob_seat]);
        let (ann_tells, ann_sees) = sightings();
        let (bob_tells, bob_sees) = sightings();
        let seen_enough = CancellationToken::new();
        let ann_player =
            Player::new(ann_connection, Pilot::keeps_firing(1), ann, ann_clicked, Some(ann_tells));
        let bob_player =
            Player::new(bob_connection, Pilot::keeps_firing(2), bob, bob_clicked, Some(bob_tells));
        let watching = async {
            let mut watch = Watch::new(ann_slot, ann_sees, bob_sees);
            if !self.full {
                log.note("states", watch.a_few_states().await);
            } else {
                log.note("states", watch.state_rate().await);
                log.note("move", watch.own_movement().await);
                log.note("seen", watch.movement_of_the_other().await);
                log.note("shoot", watch.shots().await);
                log.note("chat", talk(self.address, self.identities, &seats).await);
                log.note("ranking", ranking(self.address).await);
                if watch.match_ends_before(self.until) {
                    log.note("over", watch.over(self.until).await);
                }
            }
            seen_enough.cancel();
        };
        let (ann_end, bob_end, ()) = tokio::join!(
            ann_player.play(seen_enough.cancelled()),
            bob_player.play(seen_enough.cancelled()),
            watching,
        );
        log.note("leave", goodbye([&ann_end, &bob_end]));
        for (figures, (ended, _)) in [(ann, ann_end), (bob, bob_end)] {
            if let Ended::Lost(reason) = ended {
                figures.disconnects.push(reason);
            }
        }
    }
}

/// One says something in the channel of the room, the other hears it.
async fn talk(address: &Address, identities: &[Identity; 2], seats: &[Seat; 2]) -> anyhow::Result<String> {
    let (channel, text) = (format!("room:{}", seats[0].room), format!("hello {:08x}", rand::random::<u32>()));
    let talking = async {
        let mut listener = Chat::join(address, &identities[1], &seats[1]).await?;
        let mut speaker = Chat::join(address, &identities[0], &seats[0]).await?;
        speaker.say(&channel, &text).await?;
        let said = Instant::now();
        listener.hear(&text).await?;
        anyhow::Ok(said.elapsed())
    };
    let took = timeout(ANSWER_MAX, talking).await.context("the line did not arrive")??;
    Ok(format!("a line reached the other player after {} ms", took.as_millis()))
}

async fn ranking(address: &Address) -> anyhow::Result<String> {
    let body =
        timeout(ANSWER_MAX, get(address, "/ranking?limit=10")).await.context("no answer in time")??;
    let answer: serde_json::Value = serde_json::from_str(&body).context("the answer is not JSON")?;
    let top = answer["top"].as_array().context("the answer has no list `top`")?;
    Ok(format!("the leaderboard answers, {} players on it", top.len()))
}

fn goodbye(ends: [&(Ended, bool); 2]) -> anyhow::Result<String> {
    for (ended, in_order) in ends {
        if let Ended::Lost(reason) = ended {
            bail!("a connection was lost: {reason}");
        }
        ensure!(*in_order, "the server did not close the connection in order");
    }
    Ok("both left and the server said goodbye".to_owned())
}
