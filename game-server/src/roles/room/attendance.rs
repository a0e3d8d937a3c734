//! For how much of a match each person was there, and with whom they came.

use crate::domain::{PlayerId, Presence, Tick};

/// People of one match: a room has ten seats, and somebody who was there for half of it is never among those forgotten.
const PEOPLE_MAX: usize = 128;

#[derive(Debug, Clone, Copy)]
struct Person {
    player: PlayerId,
    party: Option<u64>,
    here_since: Option<Tick>,
    ticks: Tick,
}

/// Of one room.
#[derive(Debug, Default)]
pub struct Attendance {
    people: Vec<Person>,
}

impl Attendance {
    /// A connection of this player has a seat.
    pub fn come(&mut self, player: PlayerId, now: Tick) {
        self.person(player).here_since.get_or_insert(now);
    }

    /// It has none any more.
    pub fn go(&mut self, player: PlayerId, now: Tick) {
        let person = self.person(player);
        if let Some(since) = person.here_since.take() {
            person.ticks += now - since;
        }
    }

    /// The lobby has said with whom a player comes. Who came with somebody stays with them: asking for the same seat
    /// again, alone, does not part them.
    pub fn seat(&mut self, player: PlayerId, party: u64) {
        let person = self.person(player);
        if person.party.is_none_or(|known| known == 0) {
            person.party = Some(party);
        }
    }

    /// Everybody who was there.
    pub fn presences(&self, now: Tick) -> Vec<Presence> {
        let presence = |person: &Person| Presence {
            player: person.player,
            ticks: person.ticks + person.here_since.map_or(0, |since| now - since),
            party: person.party,
        };
        self.people.iter().map(presence).filter(|presence| presence.ticks > 0).collect()
    }

    fn person(&mut self, player: PlayerId) -> &mut Person {
        if let Some(index) = self.people.iter().position(|person| person.player == player) {
            return &mut self.people[index];
        }
        let person = Person { player, party: None, here_since: None, ticks: 0 };
        let absent = self.people.iter().enumerate().filter(|(_, person)| person.here_since.is_none());
        let index = match absent.min_by_key(|(_, person)| person.ticks) {
            Some((index, _)) if self.people.len() >= PEOPLE_MAX => {
                self.people[index] = person;
                index
            }
            _ => {
                self.people.push(person);
                self.people.len() - 1
            }
        };
        &mut self.people[index]
    }
}

#[cfg(test)]
mod tests;
