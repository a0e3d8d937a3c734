//! The same match once more, and where it goes another way.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::{HASH_PARTS, Tick};
use crate::protocol::replay::{Ending, Entry, Log, checks};
use crate::sim::Room;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rerun {
    /// Ticks that the log has.
    pub ticks: Tick,
    /// Times that somebody joined.
    pub people: usize,
    /// Full hashes that agree.
    pub hashes: usize,
    pub desync: Option<Desync>,
    /// The game panicked at this tick with this message.
    pub panic: Option<(Tick, String)>,
    /// The log says that it did so when it was written.
    pub panic_expected: bool,
}

/// The first tick after which the state is another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Desync {
    pub tick: Tick,
    /// Parts of the state that differ there.
    pub parts: Vec<&'static str>,
    /// Newest tick whose full hashes agree; 0 for the opening.
    pub agreed_tick: Tick,
    /// The next full hashes, at which tick and in which parts they differ.
    pub confirmed: Option<(Tick, Vec<&'static str>)>,
}

/// Does to a room what an entry says; hashes and ends do nothing.
pub fn apply(room: &mut Room, entry: &Entry) {
    match entry {
        Entry::Step(_) => room.step(),
        Entry::Join { player, name } => {
            // Who was refused then is refused now.
            let _ = room.join(*player, name);
        }
        Entry::Leave { slot, on_purpose } => room.leave(*slot, *on_purpose),
        Entry::EndNow => room.end_now(),
        Entry::Input { slot, first_tick, inputs } => room.push_input(*slot, *first_tick, inputs),
        Entry::Hashes(_) | Entry::End(_) => {}
    }
}

/// Plays a log to its end, or to the full hashes after the first difference.
///
/// Each tick has one byte of each hash, which finds the tick; full hashes once a second find what 1 of 256 differences
/// hides from a byte at first.
pub fn rerun(log: &Log) -> Rerun {
    let mut room = Room::new(&log.settings);
    let mut done = Rerun { ticks: ticks(log), ..Rerun::default() };
    let mut agreed_tick = 0;
    for entry in &log.entries {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| apply(&mut room, entry))) {
            done.panic = Some((room.tick(), message(panic.as_ref())));
            break;
        }
        match entry {
            Entry::Join { .. } => done.people += 1,
            Entry::Step(expected) if done.desync.is_none() => {
                let parts = differing(*expected, checks(&room.hash_parts()));
                done.desync = desync_at(room.tick(), parts, agreed_tick);
            }
            Entry::Hashes(expected) => {
                let parts = differing(*expected, room.hash_parts());
                if let Some(desync) = &mut done.desync {
                    desync.confirmed = (!parts.is_empty()).then(|| (room.tick(), parts));
                    break;
                }
                done.desync = desync_at(room.tick(), parts, agreed_tick);
                agreed_tick = room.tick();
                done.hashes += 1;
            }
            _ => {}
        }
    }
    expect_panic(log, &mut room, &mut done);
    done
}

/// A log that ends with a panic has everything but the step in which it happened.
fn expect_panic(log: &Log, room: &mut Room, done: &mut Rerun) {
    done.panic_expected = log.entries.last() == Some(&Entry::End(Ending::Panicked));
    if !done.panic_expected || done.panic.is_some() || done.desync.is_some() {
        return;
    }
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| room.step())) {
        done.panic = Some((room.tick(), message(panic.as_ref())));
    }
}

fn desync_at(tick: Tick, parts: Vec<&'static str>, agreed_tick: Tick) -> Option<Desync> {
    (!parts.is_empty()).then_some(Desync { tick, parts, agreed_tick, confirmed: None })
}

fn differing<T: PartialEq>(
    expected: [T; HASH_PARTS.len()],
    found: [T; HASH_PARTS.len()],
) -> Vec<&'static str> {
    let pairs = expected.into_iter().zip(found).zip(HASH_PARTS);
    pairs.filter(|((expected, found), _)| expected != found).map(|(_, part)| part).collect()
}

fn ticks(log: &Log) -> Tick {
    log.entries.iter().filter(|entry| matches!(entry, Entry::Step(_))).count() as Tick
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
