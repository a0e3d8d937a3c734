//! Players who come and go all the time: the others get their states, and names twice a second.
//!
//! A second server that nobody attacks is watched meanwhile: what the machine itself costs shows there as well.

use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::interval;

use super::LONG_MATCH_S;
use crate::harness::player::seat;
use crate::harness::raw::{Raw, TICKS_PER_S, TOO_SOON};
use crate::harness::servers::All;
use crate::harness::{TURN, eventually};

/// Times a second that somebody joins and leaves.
const RATE_HZ: u32 = 20;
const WATCHED: Duration = Duration::from_secs(8);
/// States at 20 Hz come every third tick.
const STATE_TICKS: u32 = 3;
const SEATS: usize = 10;
/// A promised seat is forgotten after ten seconds, and the lobby hears of free ones twice a second.
const PROMISED: Duration = Duration::from_secs(12);
const GAP_MAX: Duration = Duration::from_millis(150);

/// What one player got.
#[derive(Debug)]
struct Got {
    states: usize,
    due: usize,
    /// The longest time between two states, by their ticks and by the clock.
    gap_ticks: u32,
    gap: Duration,
    rosters: u32,
}

/// Plays for a while and counts.
async fn watch(mut raw: Raw) -> Got {
    let (from, since, rosters) = (raw.next_state().await, Instant::now(), raw.rosters);
    raw.arrivals.clear();
    raw.arrivals.push((from, since));
    while since.elapsed() < WATCHED {
        raw.next_state().await;
        raw.act([0, 0], 0, 0).await;
    }
    let pairs = || raw.arrivals.windows(2);
    let due = (raw.newest().tick - from) / STATE_TICKS;
    Got {
        states: raw.arrivals.len() - 1,
        due: due as usize,
        gap_ticks: pairs().map(|pair| pair[1].0 - pair[0].0).max().unwrap_or(0),
        gap: pairs().map(|pair| pair[1].1 - pair[0].1).max().unwrap_or_default(),
        rosters: raw.rosters - rosters,
    }
}

/// Joins and leaves without end; counts how often the seat was given.
async fn come_and_go(gateway: SocketAddr, ticket: String, every: Duration) {
    let mut ticks = interval(every);
    let mut attempts = JoinSet::new();
    loop {
        ticks.tick().await;
        let ticket = ticket.clone();
        attempts.spawn(async move {
            match Raw::enter(gateway, &ticket).await {
                Ok(raw) => raw.leave().await,
                // The gateway may be full of them, and a newer connection may have the seat.
                Err(code) => assert!([0, 5, TOO_SOON].contains(&code), "refused with {code}"),
            }
        });
        while let Some(done) = attempts.try_join_next() {
            done.expect("the attempt itself does not fail");
        }
    }
}

/// Tickets of this many players for the room of the one who watches; their seats are free again. The room holds one less
/// at a time, and a promised seat stays promised for ten seconds.
async fn tickets(server: &All, watcher: &mut Raw, count: usize) -> Vec<String> {
    let mut tickets = Vec::new();
    let mut seated = Vec::new();
    for number in 0..count {
        if number == SEATS - 1 {
            while let Some(raw) = seated.pop() {
                Raw::leave(raw).await;
            }
            let since = Instant::now();
            watcher.stand_until("promises are forgotten", |_| since.elapsed() > PROMISED).await;
        }
        let name = format!("Churn {number}");
        let seat = seat(server.gateway, &format!("the secret key of churn {number}"), &name).await;
        seated.push(Raw::enter(server.gateway, &seat.ticket).await.expect("a seat"));
        let known = |watcher: &Raw| watcher.names.iter().flatten().any(|known| *known == name);
        watcher.stand_until("the same room", known).await;
        tickets.push(seat.ticket);
    }
    while let Some(raw) = seated.pop() {
        raw.leave().await;
    }
    let alone = |watcher: &Raw| watcher.names.iter().flatten().count() == 1;
    watcher.stand_until("the seats are free", alone).await;
    tickets
}

async fn attack(players: usize) {
    let _turn = TURN.lock().await;
    let (server, control) = tokio::join!(All::start(LONG_MATCH_S), All::start(LONG_MATCH_S));
    let ann = seat(server.gateway, "the secret key of ann", "Ann").await;
    let mut watcher = Raw::enter(server.gateway, &ann.ticket).await.expect("a seat");
    let tickets = tickets(&server, &mut watcher, players).await;
    let ben = seat(control.gateway, "the secret key of ben", "Ben").await;
    let quiet = Raw::enter(control.gateway, &ben.ticket).await.expect("a seat");
    let mut attackers = JoinSet::new();
    for ticket in tickets {
        let every = Duration::from_secs(1) / RATE_HZ * players as u32;
        attackers.spawn(come_and_go(server.gateway, ticket, every));
    }
    let (attacked, quiet) = tokio::join!(watch(watcher), watch(quiet));
    attackers.shutdown().await;
    writeln!(std::io::stdout(), "{players} come and go: {attacked:?}; elsewhere: {quiet:?}").expect("stdout");
    assert!(attacked.due * 4 > WATCHED.as_secs() as usize * 20, "the room stood still: {attacked:?}");
    let share = |got: &Got| got.states as f64 / got.due as f64;
    // On a machine that is busy with something else, as the other server shows, half of them still tells: states that
    // wait for other bytes come three times a second, and six seconds apart.
    let is_busy = share(&quiet) < 0.98 || quiet.gap >= GAP_MAX;
    let (share_min, gap_max) = if is_busy { (0.5, 2 * GAP_MAX + 2 * quiet.gap) } else { (0.95, GAP_MAX) };
    assert!(share(&attacked) >= share_min, "{attacked:?}, elsewhere {quiet:?}");
    let gap = Duration::from_secs_f64(f64::from(attacked.gap_ticks) / TICKS_PER_S);
    assert!(gap.max(attacked.gap) < gap_max, "{attacked:?}, elsewhere {quiet:?}");
    assert!(attacked.rosters <= 2 * WATCHED.as_secs() as u32 + 1, "{attacked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_player_who_comes_and_goes_costs_the_others_nothing() {
    attack(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_players_who_come_and_go_cost_the_others_nothing() {
    attack(10).await;
}

#[tokio::test]
async fn a_seat_that_was_just_left_is_given_again_later_each_time() {
    let server = All::start(LONG_MATCH_S).await;
    let seat = seat(server.gateway, "the secret key of ann", "Ann").await;
    let mut waits = Vec::new();
    Raw::enter(server.gateway, &seat.ticket).await.expect("a seat").leave().await;
    for _ in 0..4 {
        let (left, mut refused) = (Instant::now(), 0);
        let raw =
            eventually("the seat again", async || match Raw::enter(server.gateway, &seat.ticket).await {
                Ok(raw) => Some(raw),
                Err(code) => {
                    assert_eq!(code, TOO_SOON);
                    refused += 1;
                    None
                }
            })
            .await;
        assert!(refused > 0, "given at once");
        waits.push(left.elapsed());
        raw.leave().await;
    }
    writeln!(std::io::stdout(), "back after {waits:?}").expect("stdout");
    // Half a second, doubled each time, by the ticks of the room; a busy machine only makes it longer.
    for (wait, due_ms) in waits.iter().zip([500, 1_000, 2_000, 4_000]) {
        assert!(*wait >= Duration::from_millis(due_ms * 9 / 10), "{waits:?}");
    }
}
