//! Who comes and goes: joining, leaving, held seats, bots that make room, the score board.

use crate::domain::text::names::Looks;
use crate::domain::{PLAYERS_PER_ROOM_MAX, Phase, PlayerId, PlayerResult, RosterEntry, Slot};
use crate::sim::brain::Memory;
use crate::sim::departure::{Departed, LEFT_BODY_TICKS, OUT_OF_PLAY_TICKS};
use crate::sim::map;
use crate::sim::seat::{Presence, Seat};
use crate::sim::{JoinError, Room};

/// By slot; there are as many as seats, so that there is always one for a bot that nobody else has.
const BOT_NAMES: [&str; PLAYERS_PER_ROOM_MAX] =
    ["Ada", "Blaise", "Curie", "Dirac", "Euler", "Fermat", "Gauss", "Hypatia", "Ibn Musa", "Joule"];

impl Room {
    /// Seats a person under a name as it is to be shown; the same player again gets the same seat or what was left of it,
    /// scores and all.
    ///
    /// A bot makes room when the seats are full or when more are taken than the room wants to fill.
    pub fn join(&mut self, player: PlayerId, name: &str) -> Result<Slot, JoinError> {
        let now = self.tick;
        let mut seated = self.seats.iter_mut().flatten();
        if let Some(seat) = seated.find(|seat| seat.is_human() && seat.player == player) {
            if !seat.is_held() && now < seat.leaves.may_return_at() {
                return Err(JoinError::TooSoon);
            }
            seat.come_back(now);
            self.empty_since = None;
            return Ok(seat.slot);
        }
        if self.phase == Phase::Over {
            return Err(JoinError::Over);
        }
        if self.departed.find(player).is_some_and(|departed| now < departed.leaves.may_return_at()) {
            return Err(JoinError::TooSoon);
        }
        let over_fill = self.taken_seats() >= usize::from(self.settings.fill_to_players);
        let of_a_bot = if over_fill { self.bot_to_go() } else { None };
        let slot =
            of_a_bot.or_else(|| self.free_slot()).or_else(|| self.bot_to_go()).ok_or(JoinError::Full)?;
        self.sit_down(Seat::new(slot, player, name.to_owned(), None));
        if let (Some(departed), Some(seat)) = (self.departed.take(player), self.seat_mut(slot)) {
            seat.take_up(&departed, now);
        }
        self.empty_since = None;
        Ok(slot)
    }

    /// The player is gone: on purpose, so the body is taken away in a moment, or not, so the seat is held for a while.
    pub fn leave(&mut self, slot: Slot, on_purpose: bool) {
        let now = self.tick;
        let Some(seat) = self.seat_mut(slot).filter(|seat| seat.is_held()) else {
            return;
        };
        seat.inputs.make_neutral();
        if on_purpose {
            seat.leaves.note(now);
            seat.presence = Presence::Left { since: now };
        } else if seat.presence == Presence::Here {
            seat.presence = Presence::Lost { since: now };
        }
        self.note_emptiness();
    }

    fn note_emptiness(&mut self) {
        if !self.seats.iter().flatten().any(Seat::is_held) {
            self.empty_since.get_or_insert(self.tick);
        }
    }

    /// Takes bodies out of play and frees seats whose players have been gone for long enough.
    pub(super) fn let_the_absent_go(&mut self) {
        let now = self.tick;
        // However short a seat is held, closing a page takes the body away no sooner than leaving does.
        let held_ticks = self.settings.seat_hold_ticks.max(LEFT_BODY_TICKS);
        for index in 0..PLAYERS_PER_ROOM_MAX {
            let Some(seat) = &mut self.seats[index] else { continue };
            let is_over = match seat.presence {
                Presence::Here => false,
                Presence::Left { since } => now - since >= LEFT_BODY_TICKS,
                Presence::Lost { since } => {
                    seat.out_of_play |= now - since >= OUT_OF_PLAY_TICKS;
                    now - since >= held_ticks
                }
            };
            if is_over {
                self.stand_up(index);
            }
        }
    }

    fn stand_up(&mut self, index: usize) {
        let Some(seat) = self.seats[index].take() else {
            return;
        };
        self.departed.remember(Departed::of(&seat));
        self.roster_version += 1;
        self.note_emptiness();
        self.fill_with_bots();
    }

    /// Seats bots up to the number of players that the match wants.
    pub(super) fn fill_with_bots(&mut self) {
        if self.phase == Phase::Over {
            return;
        }
        while self.taken_seats() < usize::from(self.settings.fill_to_players) {
            let Some(slot) = self.free_slot() else { return };
            let player = PlayerId(u64::from(slot.0) + 1);
            let name = self.bot_name(slot);
            self.sit_down(Seat::new(slot, player, name, Some(Memory::default())));
        }
    }

    /// The seat's own, or the next that nobody's name looks like.
    fn bot_name(&self, slot: Slot) -> String {
        let taken: Vec<Looks> = self.seats.iter().flatten().map(|seat| Looks::of(&seat.name)).collect();
        let own = usize::from(slot.0);
        let mut names = BOT_NAMES[own..].iter().chain(&BOT_NAMES[..own]);
        let is_free = |name: &&&str| !taken.iter().any(|taken| taken.alike(&Looks::of(name)));
        names.find(is_free).unwrap_or(&BOT_NAMES[own]).to_string()
    }

    fn sit_down(&mut self, seat: Seat) {
        let slot = seat.slot;
        // Those of the bot that makes room would score for whoever sits here now.
        self.projectiles.retain(|shot| shot.state.owner != slot);
        self.seats[usize::from(slot.0)] = Some(seat);
        self.spawn(slot);
        self.roster_version += 1;
    }

    /// Puts a player where the nearest living enemy is farthest away.
    pub(super) fn spawn(&mut self, slot: Slot) {
        let others = self.seats.iter().flatten().filter(|seat| seat.slot != slot && seat.is_in_play());
        let enemies = others.map(|seat| seat.body.position);
        let mut best = (f32::NEG_INFINITY, map::SPAWN_POINTS[0]);
        for point in map::SPAWN_POINTS {
            let distances = enemies.clone().map(|enemy| enemy.minus(point).length_squared());
            let nearest = distances.fold(f32::MAX, f32::min);
            if nearest > best.0 {
                best = (nearest, point);
            }
        }
        let now = self.tick;
        if let Some(seat) = self.seat_mut(slot) {
            seat.spawn_at(best.1, now);
        }
    }

    /// The bot that would be missed least: fewest kills, the last seat among equals.
    fn bot_to_go(&self) -> Option<Slot> {
        let bots = self.seats.iter().flatten().filter(|seat| !seat.is_human());
        bots.min_by_key(|seat| (seat.kills, std::cmp::Reverse(seat.slot))).map(|seat| seat.slot)
    }

    fn free_slot(&self) -> Option<Slot> {
        let seats = &self.seats[..self.seats_max()];
        seats.iter().position(Option::is_none).map(|index| Slot(index as u8))
    }

    /// Seats that this mode has for people and bots.
    fn seats_max(&self) -> usize {
        #[cfg(feature = "ball")]
        if self.ball.is_some() {
            return PLAYERS_PER_ROOM_MAX - 1;
        }
        PLAYERS_PER_ROOM_MAX
    }

    fn taken_seats(&self) -> usize {
        self.seats.iter().flatten().count()
    }

    pub(super) fn seat_mut(&mut self, slot: Slot) -> Option<&mut Seat> {
        self.seats.get_mut(usize::from(slot.0))?.as_mut()
    }

    /// Who sits where, by slot.
    pub fn roster(&self) -> Vec<RosterEntry> {
        let seated = self.seats.iter().flatten().map(Seat::roster_entry);
        #[cfg(feature = "ball")]
        let seated = seated.chain(self.ball.iter().map(|ball| ball.roster_entry()));
        seated.collect()
    }

    /// Changes whenever [`Room::roster`] does.
    pub fn roster_version(&self) -> u32 {
        self.roster_version
    }

    /// The people with a seat, those included whose seat is held, without those who have given it up.
    pub fn humans(&self) -> Vec<PlayerId> {
        let mut humans = Vec::new();
        self.humans_into(&mut humans);
        humans
    }

    /// The same in the memory of an older list.
    pub fn humans_into(&self, humans: &mut Vec<PlayerId>) {
        humans.clear();
        humans.extend(self.seats.iter().flatten().filter(|seat| seat.is_held()).map(|seat| seat.player));
    }

    /// The same with the names under which they are shown.
    pub fn people(&self) -> impl Iterator<Item = (PlayerId, &str)> {
        let people = self.seats.iter().flatten().filter(|seat| seat.is_held());
        people.map(|seat| (seat.player, seat.name.as_str()))
    }

    /// How many people have a seat; see [`Room::humans`].
    pub fn human_count(&self) -> usize {
        self.seats.iter().flatten().filter(|seat| seat.is_held()).count()
    }

    /// Seats that a person can take at once, those of bots included.
    pub fn free_seats(&self) -> u8 {
        let taken = self.seats.iter().flatten().filter(|seat| seat.is_human()).count();
        match self.phase {
            Phase::Playing => (self.seats_max() - taken) as u8,
            Phase::Over => 0,
        }
    }

    /// The score board, best first: more kills, then fewer deaths, then the lower seat.
    pub fn results(&self) -> Vec<PlayerResult> {
        let seated = self.seats.iter().flatten().map(Seat::result);
        let mut results: Vec<PlayerResult> = seated.chain(self.departed.results()).collect();
        results.sort_by_key(|result| (std::cmp::Reverse(result.kills), result.deaths, result.slot));
        results
    }
}
