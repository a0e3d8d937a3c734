//! One simulation thread: wakes 60 times a second, drains its mailbox, steps its rooms, sends what is new.
//!
//! Nothing here waits for a socket, a lock held for long, or tokio.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::{MatchResult, RoomId, TICK_RATE_HZ};
use crate::protocol::link::{JoinRefusal, RoomToGateway};
use crate::roles::room::account::TickAccount;
use crate::roles::room::board::{Board, ThreadReport};
use crate::roles::room::clock::TickClock;
use crate::roles::room::hosted::{HostedRoom, Stepped};
use crate::roles::room::mailbox::{Join, Mail, Seat};
use crate::roles::room::outgoing::Outgoing;
use crate::roles::room::results::Results;
use crate::telemetry;

/// The board hears from each thread twice a second, as often as the lobby hears from the board.
const REPORT_EVERY_TICKS: u64 = TICK_RATE_HZ as u64 / 2;

/// Everything that one thread owns.
pub struct Simulation {
    thread: usize,
    board: Arc<Board>,
    results: Results,
    rooms: HashMap<RoomId, HostedRoom>,
    seats: HashMap<Seat, RoomId>,
    outgoing: Outgoing,
    account: TickAccount,
    mail: Vec<Mail>,
    stopping: bool,
}

impl Simulation {
    /// A thread's worth of rooms, none yet.
    pub fn new(thread: usize, board: Arc<Board>, results: Results) -> Self {
        Self {
            thread,
            board,
            results,
            rooms: HashMap::new(),
            seats: HashMap::new(),
            outgoing: Outgoing::default(),
            account: TickAccount::default(),
            mail: Vec::new(),
            stopping: false,
        }
    }

    /// The tick loop; returns after [`Mail::Stop`].
    pub fn run(mut self) {
        let mut clock = TickClock::new(Instant::now());
        let mut wakes = 0_u64;
        while !self.stopping {
            std::thread::sleep(clock.wait(Instant::now()));
            let start = Instant::now();
            let due = clock.advance(start);
            let gap_excess = self.account.started(start);
            self.read_mail();
            for _ in 0..due.ticks {
                self.step_rooms();
            }
            self.flush();
            if wakes.is_multiple_of(REPORT_EVERY_TICKS) {
                self.report();
            }
            wakes += 1;
            let work = start.elapsed();
            self.account.worked(work);
            count_tick(due.ticks, due.dropped, gap_excess, work);
        }
    }

    fn read_mail(&mut self) {
        let mut mail = std::mem::take(&mut self.mail);
        self.board.mailbox(self.thread).take(&mut mail);
        for message in mail.drain(..) {
            self.read(message);
        }
        self.mail = mail;
    }

    fn read(&mut self, mail: Mail) {
        match mail {
            Mail::Open(settings) => {
                self.rooms.insert(settings.room, HostedRoom::new(&settings));
            }
            Mail::Join(join) => self.join(&join),
            Mail::Leave { seat, on_purpose } => {
                if let Some(room) = self.seats.remove(&seat) {
                    self.with_room(room, |room, _| room.leave(seat, on_purpose));
                }
            }
            Mail::Input { seat, first_tick, inputs } => {
                if let Some(room) = self.seats.get(&seat) {
                    self.with_room(*room, |room, _| room.input(seat, first_tick, &inputs));
                }
            }
            Mail::Drain => self.close_where(|room| room.room.humans().is_empty()),
            Mail::EndAll => self.end_all(),
            Mail::Stop => self.stopping = true,
        }
    }

    fn join(&mut self, join: &Join) {
        self.outgoing.learn(join.seat.link, join.reply.clone());
        let joined = self.with_room(join.room, |room, out| room.join(join, out));
        match joined.unwrap_or(Err(JoinRefusal::RoomGone)) {
            Ok(_) => {
                self.seats.insert(join.seat, join.room);
            }
            Err(refusal) => {
                let refused = RoomToGateway::Refused { session: join.seat.session, refusal };
                self.outgoing.send(&[join.seat.link], &refused);
            }
        }
    }

    fn step_rooms(&mut self) {
        let gap_excess_us = self.account.gap_excess_p99_us();
        let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
        for id in ids {
            let stepped = self.with_room(id, |room, out| room.step(out, gap_excess_us));
            let Some(Stepped { result, closed }) = stepped else {
                continue;
            };
            self.deliver(result);
            if closed {
                self.close(id);
            }
        }
    }

    /// Lets the game run; if it panics, this room ends and all others go on.
    fn with_room<T>(
        &mut self,
        id: RoomId,
        act: impl FnOnce(&mut HostedRoom, &mut Outgoing) -> T,
    ) -> Option<T> {
        let room = self.rooms.get_mut(&id)?;
        let outgoing = &mut self.outgoing;
        // A room that panicked is never looked into again, so its broken state cannot spread.
        let outcome = catch_unwind(AssertUnwindSafe(|| act(room, outgoing)));
        if outcome.is_err() {
            metrics::counter!(telemetry::ROOM_PANICS).increment(1);
            tracing::error!(room = id.0, "the game panicked; this room is closed");
            self.close(id);
        }
        outcome.ok()
    }

    fn close(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.remove(&id) {
            for seat in room.close(&mut self.outgoing) {
                self.seats.remove(&seat);
            }
        }
        self.board.closed(id);
    }

    fn close_where(&mut self, done: impl Fn(&HostedRoom) -> bool) {
        let ids: Vec<RoomId> = self.rooms.iter().filter(|(_, room)| done(room)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.close(id));
    }

    fn end_all(&mut self) {
        let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
        for id in ids {
            let result = self.with_room(id, HostedRoom::end_now).flatten();
            self.deliver(result);
            self.close(id);
        }
    }

    fn deliver(&self, result: Option<MatchResult>) {
        if let Some(result) = result {
            self.results.offer(result);
        }
    }

    fn flush(&mut self) {
        for link in self.outgoing.flush() {
            self.seats.retain(|seat, _| seat.link != link);
            let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
            for id in ids {
                self.with_room(id, |room, _| room.link_lost(link));
            }
        }
    }

    fn report(&mut self) {
        let late: u64 = self.rooms.values_mut().map(HostedRoom::late_inputs).sum();
        metrics::counter!(telemetry::INPUTS_LATE).increment(late);
        let report = ThreadReport {
            rooms: self.rooms.values().map(HostedRoom::report).collect(),
            headroom: self.account.headroom(),
            tick_gap_excess_p99_us: self.account.gap_excess_p99_us(),
        };
        self.board.note(self.thread, report);
    }
}

fn count_tick(ticks: u32, dropped: u32, gap_excess: Duration, work: Duration) {
    metrics::counter!(telemetry::TICKS).increment(u64::from(ticks));
    metrics::counter!(telemetry::TICKS_DROPPED).increment(u64::from(dropped));
    metrics::histogram!(telemetry::TICK_GAP_EXCESS).record(gap_excess);
    metrics::histogram!(telemetry::TICK_WORK).record(work);
}

#[cfg(test)]
mod tests;
