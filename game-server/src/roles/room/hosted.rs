//! One room with the connections that look into it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::text::names::{Looks, clean_name, distinct};
use crate::domain::{
    InputAck, MatchResult, MatchSettings, PLAYERS_PER_ROOM_MAX, Phase, PlayerId, PlayerInput, PlayerResult,
    Pool, RoomFrame, RoomId, Slot, Tick,
};
use crate::protocol::bus::{RoomReport, Seated, Seating};
use crate::protocol::client::Welcome;
use crate::protocol::link::{JoinRefusal, RoomToGateway, encode_frame_into};
use crate::protocol::replay::Ending;
use crate::roles::room::archive::Archive;
use crate::roles::room::attendance::Attendance;
use crate::roles::room::costs::MeanCost;
use crate::roles::room::mailbox::{Join, LinkId, Seat};
use crate::roles::room::outgoing::Outgoing;
use crate::roles::room::recorder::Recorder;
use crate::roles::room::untold::Untold;
use crate::sim::{JoinError, Room};

/// A seated connection.
#[derive(Debug, Clone, Copy)]
struct Member {
    seat: Seat,
    slot: Slot,
    player: PlayerId,
}

/// What a step came to.
#[derive(Debug, Default)]
pub struct Stepped {
    /// The match has just ended like this.
    pub result: Option<MatchResult>,
    /// Nothing more will happen in this room.
    pub closed: bool,
}

/// A room, its members and what they were already told.
pub struct HostedRoom {
    pub room: Room,
    members: Vec<Member>,
    /// Links of the members, each once.
    links: Vec<LinkId>,
    /// Spreads the rooms of a thread over the ticks, so that no tick carries all the state frames.
    stagger: u32,
    roster_version: u32,
    /// The score board, once it was told.
    over: Option<Vec<PlayerResult>>,
    late_inputs_counted: u64,
    /// The newest state; kept, so that a tick takes no memory.
    frame: RoomFrame,
    acks: Vec<InputAck>,
    untold: Untold,
    attendance: Attendance,
    recorder: Option<Recorder>,
    /// See [`RoomOptions::understudies`](crate::roles::room::RoomOptions::understudies).
    understudies: Vec<Room>,
    pub cost: MeanCost,
}

impl HostedRoom {
    /// A new match.
    pub fn new(settings: &MatchSettings) -> Self {
        let room = Room::new(settings);
        Self {
            roster_version: room.roster_version(),
            frame: room.frame(),
            acks: Vec::with_capacity(PLAYERS_PER_ROOM_MAX),
            untold: Untold::default(),
            attendance: Attendance::default(),
            recorder: None,
            understudies: Vec::new(),
            cost: MeanCost::default(),
            room,
            members: Vec::new(),
            links: Vec::new(),
            stagger: (settings.room.0 % u64::from(settings.state_rate.every_ticks())) as u32,
            over: None,
            late_inputs_counted: 0,
        }
    }

    /// Writes a replay log as soon as a person joins; call it before anything happens.
    pub fn record(&mut self, archive: &Archive) {
        self.recorder = Some(Recorder::start(archive, &self.room));
    }

    /// From here on this many copies do what the room does; call it before anything happens.
    pub fn rehearse(&mut self, understudies: u16) {
        let settings = self.room.settings();
        self.understudies = (0..understudies).map(|_| Room::new(settings)).collect();
    }

    /// What the copies have come to.
    #[cfg(test)]
    pub fn understudy_hashes(&self) -> Vec<u64> {
        self.understudies.iter().map(Room::hash).collect()
    }

    fn id(&self) -> RoomId {
        self.room.settings().room
    }

    /// Seats a player and tells the gateway; returns the slot.
    pub fn join(&mut self, join: &Join, out: &mut Outgoing) -> Result<Slot, JoinRefusal> {
        if join.pool != self.room.settings().pool {
            return Err(JoinRefusal::WrongPool);
        }
        let name = self.name_for(join.player, &join.name);
        // Written down before it happens, so that a log of a panic has what led to it.
        if let Some(recorder) = &mut self.recorder {
            recorder.join(join.player, &name);
        }
        let slot = self.room.join(join.player, &name).map_err(|error| match error {
            JoinError::Full => JoinRefusal::RoomFull,
            JoinError::Over => JoinRefusal::MatchOver,
            JoinError::TooSoon => JoinRefusal::TooSoon,
        })?;
        for understudy in &mut self.understudies {
            // As the room did, so it cannot fail either.
            let _ = understudy.join(join.player, &name);
        }
        // A newcomer hears of what happens from the tick of the welcome on.
        self.untold.tell(self.id(), &self.links, out);
        self.replace(slot, join.seat, out);
        self.members.push(Member { seat: join.seat, slot, player: join.player });
        self.attendance.come(join.player, self.room.tick());
        self.relink();
        let session = join.seat.session;
        out.send(&[join.seat.link], &RoomToGateway::Joined { session, welcome: self.welcome(slot) });
        // The gateway may be new to this room, and the version did not change for a player who came back.
        out.send(&[join.seat.link], &self.roster());
        if let Some(results) = &self.over {
            // Who lost the connection just before the end has not seen it.
            out.send(&[join.seat.link], &self.score_board(results));
        }
        Ok(slot)
    }

    /// The name that was asked for, unless it looks like one that somebody else has here or has on the score board.
    fn name_for(&self, player: PlayerId, asked: &str) -> String {
        if let Some((_, name)) = self.room.people().find(|(seated, _)| *seated == player) {
            return name.to_owned();
        }
        let roster = self.room.roster().into_iter().map(|entry| (entry.player, entry.name));
        let board = self.room.results().into_iter().map(|line| (line.player, line.name));
        let others = roster.chain(board).filter(|(other, _)| *other != player);
        let taken: Vec<Looks> = others.map(|(_, name)| Looks::of(&name)).collect();
        distinct(&clean_name(asked), &taken)
    }

    /// An older connection of the same player loses its seat to the new one.
    fn replace(&mut self, slot: Slot, by: Seat, out: &mut Outgoing) {
        for member in self.members.extract_if(.., |member| member.slot == slot) {
            if member.seat != by {
                let session = member.seat.session;
                out.send(&[member.seat.link], &RoomToGateway::Replaced { session, slot });
            }
        }
    }

    fn welcome(&self, slot: Slot) -> Welcome {
        Welcome {
            slot,
            room: self.id(),
            tick: self.room.tick(),
            match_ticks: self.room.settings().match_ticks,
            walls: self.room.walls().to_vec(),
        }
    }

    fn roster(&self) -> RoomToGateway {
        RoomToGateway::Roster { room: self.id(), entries: self.room.roster() }
    }

    /// The connection is gone; a seat that a newer one took is left alone.
    pub fn leave(&mut self, seat: Seat, on_purpose: bool) {
        self.unseat(|member| member.seat == seat, on_purpose);
    }

    fn unseat(&mut self, goes: impl Fn(&Member) -> bool, on_purpose: bool) {
        for member in self.members.extract_if(.., |member| goes(member)) {
            if let Some(recorder) = &mut self.recorder {
                recorder.leave(member.slot, on_purpose);
            }
            self.attendance.go(member.player, self.room.tick());
            self.room.leave(member.slot, on_purpose);
            self.understudies.iter_mut().for_each(|understudy| understudy.leave(member.slot, on_purpose));
        }
        self.relink();
    }

    /// Inputs of one connection, for ticks to come.
    pub fn input(&mut self, seat: Seat, first_tick: Tick, inputs: &[PlayerInput]) {
        if let Some(member) = self.members.iter().find(|member| member.seat == seat) {
            if let Some(recorder) = &mut self.recorder {
                recorder.input(member.slot, first_tick, inputs);
            }
            self.room.push_input(member.slot, first_tick, inputs);
            for understudy in &mut self.understudies {
                understudy.push_input(member.slot, first_tick, inputs);
            }
        }
    }

    /// The lobby says who comes with whom.
    pub fn seating(&mut self, seating: &Seating) {
        self.attendance.seat(seating.player, seating.party);
    }

    /// Every connection through this link is gone.
    pub fn link_lost(&mut self, link: LinkId) {
        self.unseat(|member| member.seat.link == link, false);
    }

    fn relink(&mut self) {
        self.links.clear();
        self.links.extend(self.members.iter().map(|member| member.seat.link));
        self.links.sort_unstable();
        self.links.dedup();
    }

    /// One tick: simulate, then tell what is new.
    pub fn step(&mut self, out: &mut Outgoing, tick_gap_excess_p99_us: u32) -> Stepped {
        self.room.step();
        self.understudies.iter_mut().for_each(Room::step);
        if let Some(recorder) = &mut self.recorder {
            recorder.step(&self.room);
        }
        let (id, tick) = (self.id(), self.room.tick());
        self.untold.note(tick, self.room.events());
        if self.roster_version != self.room.roster_version() {
            self.roster_version = self.room.roster_version();
            out.send(&self.links, &self.roster());
        }
        let result = self.tell_over(out);
        let state_due =
            tick.wrapping_add(self.stagger).is_multiple_of(self.room.settings().state_rate.every_ticks());
        if state_due {
            self.untold.tell(id, &self.links, out);
        }
        if state_due && !self.links.is_empty() {
            self.room.frame_into(&mut self.frame);
            self.room.acks_into(&mut self.acks);
            let parts = (&self.frame, &self.acks[..]);
            out.send_with(&self.links, |out| encode_frame_into(out, id, parts, tick_gap_excess_p99_us));
        }
        Stepped { result, closed: self.room.is_closed() }
    }

    /// Once, when the match is over.
    fn tell_over(&mut self, out: &mut Outgoing) -> Option<MatchResult> {
        if self.over.is_some() || self.room.phase() != Phase::Over {
            return None;
        }
        let players = self.room.results();
        self.untold.tell(self.id(), &self.links, out);
        out.send(&self.links, &self.score_board(&players));
        self.over = Some(players.clone());
        let settings = self.room.settings();
        let counts = settings.pool == Pool::Public && players.iter().any(|player| !player.bot);
        counts.then(|| MatchResult {
            room: settings.room,
            epoch: 0,
            pool: settings.pool,
            ended_at_ms: now_ms(),
            players,
            ticks: self.room.tick(),
            presences: self.attendance.presences(self.room.tick()),
        })
    }

    fn score_board(&self, results: &[PlayerResult]) -> RoomToGateway {
        RoomToGateway::Over { room: self.id(), results: results.to_vec() }
    }

    /// Ends the match with the result it has.
    pub fn end_now(&mut self, out: &mut Outgoing) -> Option<MatchResult> {
        if let Some(recorder) = &mut self.recorder {
            recorder.end_now();
        }
        self.room.end_now();
        self.tell_over(out)
    }

    /// The game has panicked in this room: the match ends with the scores that it can still tell.
    pub fn panicked(&mut self, out: &mut Outgoing) -> Option<MatchResult> {
        if let Some(recorder) = &mut self.recorder {
            recorder.end(Ending::Panicked);
        }
        self.room.end_now();
        self.tell_over(out)
    }

    /// Tells the members that the room is gone and returns their seats.
    pub fn close(&mut self, out: &mut Outgoing) -> impl Iterator<Item = Seat> + '_ {
        if let Some(recorder) = &mut self.recorder {
            recorder.end(Ending::Closed);
        }
        out.send(&self.links, &RoomToGateway::Closed { room: self.id() });
        self.members.iter().map(|member| member.seat)
    }

    /// What lobby and gateways need to know.
    pub fn report(&self) -> RoomReport {
        let mut report = self.report_without_humans();
        self.report_into(&mut report);
        report
    }

    fn report_without_humans(&self) -> RoomReport {
        let open = self.room.is_open_to_new();
        RoomReport {
            room: self.id(),
            pool: self.room.settings().pool,
            humans: Vec::new(),
            seated: Vec::new(),
            free_seats: if open { self.room.free_seats() } else { 0 },
            ticks_left: if open { self.room.ticks_left() } else { 0 },
            cost_us: self.cost.micros(),
        }
    }

    /// The same in the memory of an older report.
    pub fn report_into(&self, report: &mut RoomReport) {
        let mut humans = std::mem::take(&mut report.humans);
        self.room.humans_into(&mut humans);
        let mut seated = std::mem::take(&mut report.seated);
        self.seated_into(&mut seated);
        *report = RoomReport { humans, seated, ..self.report_without_humans() };
    }

    fn seated_into(&self, seated: &mut Vec<Seated>) {
        let mut count = 0;
        for (player, name) in self.room.people() {
            match seated.get_mut(count) {
                Some(known) => {
                    known.player = player;
                    name.clone_into(&mut known.name);
                }
                None => seated.push(Seated { player, name: name.to_owned() }),
            }
            count += 1;
        }
        seated.truncate(count);
    }

    /// Late inputs since the last call.
    pub fn late_inputs(&mut self) -> u64 {
        let total = self.room.late_inputs();
        total - std::mem::replace(&mut self.late_inputs_counted, total)
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
