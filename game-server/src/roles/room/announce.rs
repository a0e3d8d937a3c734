//! What a room host says on the bus: its heartbeat, and answers to "open a room".

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::domain::MatchSettings;
use crate::net::bus::{Bus, Requests, Subscription};
use crate::protocol::bus::{OpenReply, SUBJECT_HOSTS, SUBJECT_ROOMS, Seating};
use crate::roles::room::board::{Board, ThreadCounts};
use crate::roles::room::mailbox::Mail;
use crate::telemetry;

/// Twice a second: the lobby takes a host for gone after a few missing ones.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Publishes heartbeats for as long as the process lives.
pub async fn heartbeats(bus: Bus, board: Arc<Board>) {
    let mut every = interval(HEARTBEAT);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        heartbeat(&bus, &board).await;
    }
}

/// Publishes one heartbeat.
pub async fn heartbeat(bus: &Bus, board: &Board) {
    let report = board.report();
    let players: usize = report.rooms.iter().map(|room| room.humans.len()).sum();
    let played = report.rooms.iter().filter(|room| !room.humans.is_empty());
    let ticks_left = played.map(|room| room.ticks_left).max().unwrap_or_default();
    metrics::gauge!(telemetry::MATCH_TICKS_LEFT).set(f64::from(ticks_left));
    metrics::gauge!(telemetry::ROOMS).set(board.rooms_open() as f64);
    metrics::gauge!(telemetry::PLAYERS).set(players as f64);
    metrics::gauge!(telemetry::TICK_HEADROOM).set(f64::from(report.tick_headroom));
    for (quantile, cost_us) in [("0.5", report.room_cost_p50_us), ("0.99", report.room_cost_p99_us)] {
        metrics::gauge!(telemetry::ROOM_COST, "quantile" => quantile).set(f64::from(cost_us) / 1e6);
    }
    (0..board.threads()).for_each(|thread| export_counts(board, thread));
    if let Err(error) = bus.publish(SUBJECT_HOSTS, &report).await {
        tracing::warn!(%error, "a heartbeat was not sent");
    }
}

/// What a simulation thread has counted; done here, because a metric can take memory and a tick must not.
fn export_counts(board: &Board, thread: usize) {
    let mut counts = ThreadCounts::default();
    board.take_counts(thread, &mut counts);
    metrics::counter!(telemetry::TICKS).increment(counts.ticks);
    metrics::counter!(telemetry::TICKS_DROPPED).increment(counts.ticks_dropped);
    metrics::counter!(telemetry::INPUTS_LATE).increment(counts.late_inputs);
    for wake in counts.wakes {
        metrics::histogram!(telemetry::TICK_GAP_EXCESS).record(wake.gap_excess);
        metrics::histogram!(telemetry::TICK_WORK).record(wake.work);
    }
}

/// Passes on who comes to rooms of this host, for as long as the process lives.
pub async fn hear_seatings(mut seatings: Subscription, board: Arc<Board>) {
    while let Some(seating) = seatings.next::<Seating>().await {
        if let Some(thread) = board.thread_of(seating.room) {
            // A full mailbox counts what it drops; the match then moves no rating of this player.
            board.mailbox(thread).put(Mail::Seating(seating));
        }
    }
}

/// Answers the lobby for as long as the process lives.
pub async fn serve_open(bus: Bus, mut requests: Requests, board: Arc<Board>) {
    while let Some((settings, responder)) = requests.next::<MatchSettings>().await {
        let room = settings.room.0;
        let place = board.place(&settings);
        let reply = match board.open(settings) {
            Ok(()) => {
                // Before the answer, so that every gateway knows the room before the lobby hands out a ticket for it.
                if let Err(error) = bus.publish(SUBJECT_ROOMS, &place).await {
                    tracing::warn!(room, %error, "gateways will hear of this room by the next heartbeat");
                }
                OpenReply { opened: true, reason: String::new() }
            }
            Err(refusal) => {
                metrics::counter!(telemetry::ROOMS_REFUSED, "reason" => refusal.label()).increment(1);
                OpenReply { opened: false, reason: refusal.to_string() }
            }
        };
        tracing::info!(room, opened = reply.opened, reason = reply.reason, "asked to open a room");
        responder.reply(&reply).await;
    }
}
