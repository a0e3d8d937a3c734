//! One simulation thread: many rooms, spread over the phases of a tick, each phase with deadlines of its own.
//!
//! A phase wakes 60 times a second, drains the mailbox, steps its rooms and sends what is new. Rooms that all stepped at
//! the start of the tick would make the last of them wait for the first, and their packets leave in one burst.
//! Nothing here waits for a socket, a disk, a lock held for long, or tokio, and a steady tick takes no memory.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::{MatchResult, MatchSettings, RoomId, TICK_RATE_HZ};
use crate::protocol::link::{JoinRefusal, RoomToGateway};
use crate::roles::room::account::TickAccount;
use crate::roles::room::archive::Archive;
use crate::roles::room::board::{Board, ThreadReport, WAKES_MAX, Wake};
use crate::roles::room::clock::{Due, TICK, TickClock};
use crate::roles::room::costs::CostHistogram;
use crate::roles::room::hosted::{HostedRoom, Stepped};
use crate::roles::room::mailbox::{Join, Mail, Seat};
use crate::roles::room::outgoing::Outgoing;
use crate::roles::room::results::Results;
use crate::telemetry;

/// Phases of a tick, 4.17 ms apart: 400 rooms of 10 µs then keep a core busy for 1 ms at a time instead of 4 ms, and
/// each link wakes at most 240 times a second.
const PHASES: usize = 4;
/// The board hears from each thread twice a second, as often as the lobby hears from the board.
const REPORT_EVERY_WAKES: u64 = (PHASES as u64) * (TICK_RATE_HZ as u64) / 2;

/// Rooms that step together.
struct Phase {
    clock: TickClock,
    account: TickAccount,
    rooms: Vec<RoomId>,
}

/// What a thread counts between two reports.
#[derive(Default)]
struct Tally {
    ticks: u64,
    ticks_dropped: u64,
    costs: CostHistogram,
    wakes: Vec<Wake>,
}

/// Everything that one thread owns.
pub struct Simulation {
    thread: usize,
    board: Arc<Board>,
    results: Results,
    archive: Option<Archive>,
    rooms: HashMap<RoomId, HostedRoom>,
    seats: HashMap<Seat, RoomId>,
    phases: [Phase; PHASES],
    outgoing: Outgoing,
    mail: Vec<Mail>,
    tally: Tally,
    wakes_until_report: u64,
    stopping: bool,
}

impl Simulation {
    /// A thread's worth of rooms, none yet.
    pub fn new(thread: usize, board: Arc<Board>, results: Results, archive: Option<Archive>) -> Self {
        let start = Instant::now();
        let phase = |number: usize| Phase {
            clock: TickClock::new(start + TICK * number as u32 / PHASES as u32),
            account: TickAccount::default(),
            rooms: Vec::new(),
        };
        Self {
            thread,
            board,
            results,
            archive,
            rooms: HashMap::new(),
            seats: HashMap::new(),
            phases: std::array::from_fn(phase),
            outgoing: Outgoing::default(),
            mail: Vec::new(),
            tally: Tally { wakes: Vec::with_capacity(WAKES_MAX), ..Tally::default() },
            wakes_until_report: 0,
            stopping: false,
        }
    }

    /// The tick loop; returns after [`Mail::Stop`].
    pub fn run(mut self) {
        while !self.stopping {
            let next = (0..PHASES).min_by_key(|phase| self.phases[*phase].clock.next()).unwrap_or(0);
            std::thread::sleep(self.phases[next].clock.wait(Instant::now()));
            self.wake(next, Instant::now());
        }
    }

    fn wake(&mut self, phase: usize, start: Instant) {
        let Phase { clock, account, .. } = &mut self.phases[phase];
        let due = clock.advance(start);
        let gap_excess = account.started(start);
        self.read_mail();
        for _ in 0..due.ticks {
            self.step_rooms(phase);
        }
        self.flush();
        if self.wakes_until_report == 0 {
            self.report();
        }
        self.wakes_until_report = self.wakes_until_report.saturating_sub(1);
        let work = start.elapsed();
        self.phases[phase].account.worked(work);
        self.count(due, Wake { gap_excess, work });
    }

    fn count(&mut self, due: Due, wake: Wake) {
        let tally = &mut self.tally;
        tally.ticks += u64::from(due.ticks);
        tally.ticks_dropped += u64::from(due.dropped);
        if tally.wakes.len() < WAKES_MAX {
            tally.wakes.push(wake);
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
            Mail::Open(settings) => self.open(&settings),
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
            Mail::Seating(seating) => {
                self.with_room(seating.room, |room, _| room.seating(&seating));
            }
            Mail::Drain => self.close_where(|room| room.room.human_count() == 0),
            Mail::EndAll => self.end_all(),
            Mail::Stop => self.stopping = true,
        }
    }

    /// In the phase with the fewest rooms.
    fn open(&mut self, settings: &MatchSettings) {
        let opened = catch_unwind(AssertUnwindSafe(|| HostedRoom::new(settings)));
        let mut room = match opened {
            Ok(room) => room,
            Err(panic) => {
                log_panic(settings.room, panic.as_ref());
                return self.board.closed(settings.room);
            }
        };
        room.rehearse(self.board.understudies());
        if let Some(archive) = &self.archive {
            room.record(archive);
        }
        self.rooms.insert(settings.room, room);
        if let Some(phase) = self.phases.iter_mut().min_by_key(|phase| phase.rooms.len()) {
            phase.rooms.push(settings.room);
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

    fn step_rooms(&mut self, phase: usize) {
        let gap_excess_us = self.gap_excess_p99_us();
        let mut started = Instant::now();
        // From the end, since a room that closes leaves the list.
        for place in (0..self.phases[phase].rooms.len()).rev() {
            let id = self.phases[phase].rooms[place];
            let stepped = self.with_room(id, |room, out| room.step(out, gap_excess_us));
            let ended = Instant::now();
            self.note_cost(id, ended - started);
            started = ended;
            let Some(Stepped { result, closed }) = stepped else {
                continue;
            };
            self.deliver(result);
            if closed {
                self.close(id);
            }
        }
    }

    fn note_cost(&mut self, id: RoomId, cost: Duration) {
        self.tally.costs.record(cost);
        if let Some(room) = self.rooms.get_mut(&id) {
            room.cost.record(cost);
        }
    }

    fn gap_excess_p99_us(&self) -> u32 {
        self.phases.iter().map(|phase| phase.account.gap_excess_p99_us()).max().unwrap_or(0)
    }

    /// Lets the game run; if it panics, this room ends and all others go on.
    fn with_room<T>(
        &mut self,
        id: RoomId,
        act: impl FnOnce(&mut HostedRoom, &mut Outgoing) -> T,
    ) -> Option<T> {
        let room = self.rooms.get_mut(&id)?;
        let outgoing = &mut self.outgoing;
        let outcome = catch_unwind(AssertUnwindSafe(|| act(room, outgoing)));
        if let Err(panic) = &outcome {
            log_panic(id, panic.as_ref());
            self.end_panicked(id);
        }
        outcome.ok()
    }

    /// The match ends with the result that can still be told, and the room is never looked into again.
    fn end_panicked(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            let outgoing = &mut self.outgoing;
            let ended = catch_unwind(AssertUnwindSafe(|| room.panicked(outgoing)));
            self.deliver(ended.ok().flatten());
        }
        self.close(id);
    }

    fn close(&mut self, id: RoomId) {
        if let Some(mut room) = self.rooms.remove(&id) {
            for seat in room.close(&mut self.outgoing) {
                self.seats.remove(&seat);
            }
        }
        self.phases.iter_mut().for_each(|phase| phase.rooms.retain(|room| *room != id));
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

    /// Tries again at the next wake-up when the board is being read just now.
    fn report(&mut self) {
        let headroom = 1.0 - self.phases.iter().map(|phase| phase.account.busy()).sum::<f32>();
        let gap_excess_p99_us = self.gap_excess_p99_us();
        let (rooms, tally) = (&mut self.rooms, &mut self.tally);
        let noted = self.board.note(self.thread, |report| {
            report.headroom = headroom.max(0.0);
            report.tick_gap_excess_p99_us = gap_excess_p99_us;
            report_rooms(rooms, report);
            tally.move_into(report);
        });
        if noted {
            self.wakes_until_report = REPORT_EVERY_WAKES;
        }
    }
}

impl Tally {
    fn move_into(&mut self, report: &mut ThreadReport) {
        report.costs.clone_from(&self.costs);
        self.costs.clear();
        report.counts.ticks += std::mem::take(&mut self.ticks);
        report.counts.ticks_dropped += std::mem::take(&mut self.ticks_dropped);
        let space = WAKES_MAX - report.counts.wakes.len().min(WAKES_MAX);
        report.counts.wakes.extend(self.wakes.iter().take(space));
        self.wakes.clear();
    }
}

fn report_rooms(rooms: &mut HashMap<RoomId, HostedRoom>, report: &mut ThreadReport) {
    report.rooms.truncate(rooms.len());
    for (place, room) in rooms.values_mut().enumerate() {
        report.counts.late_inputs += room.late_inputs();
        match report.rooms.get_mut(place) {
            Some(known) => room.report_into(known),
            None => report.rooms.push(room.report()),
        }
    }
}

fn log_panic(room: RoomId, panic: &(dyn Any + Send)) {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    metrics::counter!(telemetry::ROOM_PANICS).increment(1);
    tracing::error!(room = room.0, panic = text, "the game panicked; this room ends, all others go on");
}

#[cfg(test)]
mod tests;
