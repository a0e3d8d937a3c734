//! What one client has been told of a room, and what to tell next.
//!
//! Usually that is everything, in a body that all players with the same base share. A client that would get more than
//! its budget gets a State of its own with what [`interest`](crate::protocol::interest) chooses; what a client knows
//! then differs from the room's frame, so it is kept here as a possible base. Nothing is queued: a client that is slow,
//! or whose budget is used up, skips frames and gets whatever is newest when its turn comes.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::{
    PLAYERS_PER_ROOM_MAX, POSITION_STEPS_PER_UNIT, PlayerState, ProjectileState, RoomFrame, SPECTATOR, Slot,
    Tick,
};
use crate::protocol::budget::{Allowance, Budget};
use crate::protocol::delta::{
    BASES_MAX, BODY_BITS_FIXED, DisplayPlayer, HEAD_BYTES, SHOT_BITS_MAX, TOLD_ALL, assemble, base_age,
    encode_head, encode_told, player_bits,
};
use crate::protocol::history::History;
use crate::protocol::interest::{Candidate, Thing, choose, weight};
use crate::protocol::roster::ROSTER_ALLOWANCE;

/// States that one player gets per second. Ten players who move and shoot take 1.1 kB at 20 Hz with a tenth of a second
/// of round trip; with the burst, a minute of states and events of such a fight stays below 1.5 kB/s.
pub const STATE_ALLOWANCE: Allowance = Allowance {
    bytes_per_second: 1_360,
    // A second's worth may come at once: a full frame and the first second of a fight.
    burst_bytes: 1_500,
};
/// What is left for everything else on `/room`, so that no state ever waits for it: rosters have an allowance of their
/// own, a page's pongs take 13 bytes a second, and the events of ten players who fight take 75.
pub const RESERVED_BYTES_PER_SECOND: u32 = ROSTER_ALLOWANCE.bytes_per_second + 13 + 75;

/// A State message for one player.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    pub tick: Tick,
    pub bytes: Vec<u8>,
    /// Whether something was left out.
    pub partial: bool,
    /// Frames since the last one that this player never gets.
    pub skipped: usize,
}

/// What the client last heard of one slot.
#[derive(Debug, Clone, Copy)]
struct Heard {
    player: DisplayPlayer,
    /// Newest tick at which that was still true.
    true_at: Tick,
    /// Priority gathered since, up to tick `weighed_at`.
    priority: u32,
    weighed_at: Tick,
}

impl Heard {
    fn now(player: DisplayPlayer, tick: Tick) -> Heard {
        Heard { player, true_at: tick, priority: 0, weighed_at: tick }
    }

    /// How long the client has been wrong about this slot, and what that has gathered.
    fn wait(&mut self, shown: DisplayPlayer, distance: u32, tick: Tick) -> (Tick, u32) {
        if self.player == shown {
            *self = Heard::now(shown, tick);
        }
        self.priority += weight(distance) * tick.saturating_sub(self.weighed_at);
        self.weighed_at = tick;
        (tick - self.true_at, self.priority)
    }
}

/// One client's knowledge of one room.
#[derive(Debug)]
pub struct View {
    slot: Slot,
    /// Newest state that the client surely has.
    acked: Tick,
    /// Newest state that was sent.
    sent: Tick,
    budget: Budget,
    /// Frames as the client knows them where that is not the room's frame; oldest first, none older than `acked`.
    partial: VecDeque<Arc<RoomFrame>>,
    /// The newest frame as the client knows it.
    last: Option<Arc<RoomFrame>>,
    heard: [Option<Heard>; PLAYERS_PER_ROOM_MAX],
}

impl View {
    /// A client on this slot that knows nothing yet.
    pub fn new(slot: Slot) -> View {
        View {
            slot,
            acked: 0,
            sent: 0,
            budget: Budget::full(STATE_ALLOWANCE),
            partial: VecDeque::new(),
            last: None,
            heard: [None; PLAYERS_PER_ROOM_MAX],
        }
    }

    /// The seat that it looks from.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The client says that it has decoded the state of this tick.
    pub fn ack(&mut self, tick: Tick) {
        // An older acknowledgement that was overtaken would only make states larger.
        self.acked = self.acked.max(tick.min(self.sent));
        while self.partial.front().is_some_and(|frame| frame.tick < self.acked) {
            self.partial.pop_front();
        }
    }

    /// The next message: nothing before the player is in a frame, when there is no newer frame, and while the budget
    /// is too small for a message that says something.
    pub fn next(&mut self, history: &mut History) -> Option<State> {
        let newest = history.newest()?.clone();
        let appears = self.slot == SPECTATOR || newest.players.iter().any(|player| player.slot == self.slot);
        if newest.tick == self.sent || !appears {
            return None;
        }
        self.budget.fill(newest.tick);
        let (bytes, known, told) = match self.base(history) {
            None => self.full(history, &newest)?,
            Some(base) => self.delta(history, &newest, &base)?,
        };
        let partial = !Arc::ptr_eq(&known, &newest);
        let skipped = if self.sent == 0 { 0 } else { history.between(self.sent, newest.tick) };
        self.budget.spend(bytes.len());
        self.sent = newest.tick;
        self.note(&newest, told);
        if partial {
            if self.partial.len() == BASES_MAX {
                self.partial.pop_front();
            }
            self.partial.push_back(known.clone());
        }
        self.last = Some(known);
        Some(State { tick: newest.tick, bytes, partial, skipped })
    }

    fn base(&self, history: &History) -> Option<Arc<RoomFrame>> {
        let own = self.partial.iter().find(|frame| frame.tick == self.acked);
        own.or_else(|| history.at(self.acked)).cloned()
    }

    /// Everything, for a client that has just come or has not acknowledged anything for too long. The stream is
    /// ordered, so it counts as acknowledged: there is one full block, and what follows is told against it.
    fn full(&mut self, history: &mut History, newest: &Arc<RoomFrame>) -> Option<Message> {
        let body = history.body(None)?;
        if self.sent > 0 && HEAD_BYTES + body.len() > self.budget.bytes() {
            return None;
        }
        let head = encode_head(newest, self.slot, 0, history.ack(self.slot));
        self.acked = newest.tick;
        self.partial.clear();
        Some((assemble(&head, &body), newest.clone(), TOLD_ALL))
    }

    fn delta(
        &mut self,
        history: &mut History,
        newest: &Arc<RoomFrame>,
        base: &Arc<RoomFrame>,
    ) -> Option<Message> {
        let head = encode_head(newest, self.slot, base_age(Some(base), newest), history.ack(self.slot));
        let is_shared = history.at(base.tick).is_some_and(|shared| Arc::ptr_eq(shared, base));
        if is_shared {
            let body = history.body(Some(base))?;
            if HEAD_BYTES + body.len() <= self.budget.bytes() {
                return Some((assemble(&head, &body), newest.clone(), TOLD_ALL));
            }
        }
        let (known, told) = self.part(newest, base)?;
        let body = encode_told(Some(base), &known, told);
        let known = if known == **newest { newest.clone() } else { Arc::new(known) };
        Some((assemble(&head, &body), known, told))
    }

    /// What the client will know after a message within the budget, and which slots that message tells.
    fn part(&mut self, newest: &RoomFrame, base: &RoomFrame) -> Option<(RoomFrame, u16)> {
        let mut draft = Draft::new(self.slot, newest, base);
        self.offer_players(&mut draft);
        self.offer_shots(&mut draft);
        let budget_bits = (self.budget.bytes() as u32 * u8::BITS).checked_sub(draft.bits)?;
        let chosen = choose(std::mem::take(&mut draft.candidates), budget_bits)?;
        chosen.into_iter().for_each(|thing| draft.tell(thing));
        Some(draft.finish())
    }

    /// What is as in the base is told at once for three bits; a newcomer has no base and cannot be left out.
    fn offer_players(&mut self, draft: &mut Draft<'_>) {
        let (newest, age) = (draft.newest, base_age(Some(draft.base), draft.newest));
        for player in &newest.players {
            let shown = DisplayPlayer::of(player);
            let before = draft.base.players.iter().find(|known| known.slot == player.slot);
            let bits = player_bits(Some(draft.base), player, age);
            if player.slot == self.slot || before.is_none_or(|known| DisplayPlayer::of(known) == shown) {
                draft.bits += bits;
                draft.tell(Thing::Player(player.slot));
                continue;
            }
            let distance = draft.distance(player.x, player.y);
            let heard = self.heard[usize::from(player.slot.0)].as_mut();
            let (waited, priority) = heard.map_or((0, 0), |heard| heard.wait(shown, distance, newest.tick));
            let thing = Thing::Player(player.slot);
            draft.candidates.push(Candidate { thing, bits, distance, waited, priority });
        }
    }

    /// A shot that was told since the base has to be told again, or it would vanish.
    fn offer_shots(&self, draft: &mut Draft<'_>) {
        let last: &[ProjectileState] = self.last.as_ref().map_or(&[], |last| &last.projectiles);
        for shot in draft.newest.projectiles.iter().filter(|shot| !draft.base.projectiles.contains(shot)) {
            if last.contains(shot) {
                draft.bits += SHOT_BITS_MAX;
                draft.tell(Thing::Shot(shot.id));
                continue;
            }
            let (distance, waited) = (draft.distance(shot.x, shot.y), draft.newest.tick - shot.born_tick);
            let (thing, priority) = (Thing::Shot(shot.id), weight(distance) * waited);
            draft.candidates.push(Candidate { thing, bits: SHOT_BITS_MAX, distance, waited, priority });
        }
    }

    fn note(&mut self, newest: &RoomFrame, told: u16) {
        for player in newest.players.iter().filter(|player| told & 1 << player.slot.0 != 0) {
            self.heard[usize::from(player.slot.0)] = Some(Heard::now(DisplayPlayer::of(player), newest.tick));
        }
    }
}

/// Bytes, what the client knows after them, and the slots that they tell.
type Message = (Vec<u8>, Arc<RoomFrame>, u16);

/// A State message in the making.
struct Draft<'a> {
    newest: &'a RoomFrame,
    base: &'a RoomFrame,
    /// Where the own player is, in world units.
    own: (u32, u32),
    /// What is sure to be told takes this much.
    bits: u32,
    told: u16,
    shots: Vec<u16>,
    candidates: Vec<Candidate>,
}

impl<'a> Draft<'a> {
    fn new(slot: Slot, newest: &'a RoomFrame, base: &'a RoomFrame) -> Draft<'a> {
        let own = newest.players.iter().find(|player| player.slot == slot);
        let kept_bits = base.projectiles.len() as u32;
        let end_bits = if base.phase_ends_tick == newest.phase_ends_tick { 0 } else { Tick::BITS };
        Draft {
            newest,
            base,
            own: own.map_or((0, 0), |own| (units(own.x), units(own.y))),
            bits: HEAD_BYTES as u32 * u8::BITS + BODY_BITS_FIXED + end_bits + kept_bits,
            told: 0,
            shots: Vec::new(),
            candidates: Vec::new(),
        }
    }

    fn distance(&self, x: u16, y: u16) -> u32 {
        let (x, y) = (units(x).abs_diff(self.own.0), units(y).abs_diff(self.own.1));
        (x * x + y * y).isqrt()
    }

    fn tell(&mut self, thing: Thing) {
        match thing {
            Thing::Player(slot) => self.told |= 1 << slot.0,
            Thing::Shot(id) => self.shots.push(id),
        }
    }

    /// The frame as the client will know it: untold players as in the base, shots of the base before new ones.
    fn finish(self) -> (RoomFrame, u16) {
        let Draft { newest, base, told, shots, .. } = self;
        let known = |player: &PlayerState| {
            let untold = told & 1 << player.slot.0 == 0;
            let before = base.players.iter().find(|known| untold && known.slot == player.slot);
            *before.unwrap_or(player)
        };
        let is_new = |shot: &&ProjectileState| shots.contains(&shot.id) && !base.projectiles.contains(shot);
        let kept = base.projectiles.iter().filter(|shot| newest.projectiles.contains(shot));
        let frame = RoomFrame {
            tick: newest.tick,
            phase: newest.phase,
            phase_ends_tick: newest.phase_ends_tick,
            players: newest.players.iter().map(known).collect(),
            projectiles: kept.chain(newest.projectiles.iter().filter(is_new)).copied().collect(),
        };
        (frame, told)
    }
}

fn units(quanta: u16) -> u32 {
    u32::from(quanta / POSITION_STEPS_PER_UNIT)
}
