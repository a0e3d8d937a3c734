//! Fields that the browser's messages and the links share.

use crate::domain::{
    GameEvent, MAP_SIZE, PlayerId, PlayerInput, PlayerResult, RoomId, RosterEntry, Slot, Tick, Wall,
};
use crate::protocol::client::{INPUTS_PER_MESSAGE_MAX, Welcome};
use crate::protocol::wire::{DecodeError, Reader, Writer};

/// Full speed; −128 would be a little more.
const MOVE_FULL: i8 = 127;
const FLAG_IS_BOT: u8 = 1;
const EVENT_HIT: u8 = 1;
const EVENT_KILL: u8 = 2;
const EVENT_RESPAWN: u8 = 3;

pub fn write_inputs(out: &mut Writer, first_tick: Tick, inputs: &[PlayerInput]) {
    out.u32(first_tick);
    out.list(inputs, |out, input| {
        out.i8(input.move_x);
        out.i8(input.move_y);
        out.u8(input.aim);
        out.u8(input.buttons);
    });
}

/// Nothing that comes out of this is outside the documented ranges.
pub fn read_inputs(from: &mut Reader<'_>) -> Result<(Tick, Vec<PlayerInput>), DecodeError> {
    let first_tick = from.u32()?;
    let count = usize::from(from.u8()?);
    if count == 0 || count > INPUTS_PER_MESSAGE_MAX {
        return Err(DecodeError::Range);
    }
    let inputs = from.list(count, |from| {
        let (move_x, move_y) = (from.i8()?.max(-MOVE_FULL), from.i8()?.max(-MOVE_FULL));
        Ok(PlayerInput { move_x, move_y, aim: from.u8()?, buttons: from.u8()? })
    })?;
    Ok((first_tick, inputs))
}

pub fn write_welcome(out: &mut Writer, welcome: &Welcome) {
    out.u8(welcome.slot.0);
    out.u64(welcome.room.0);
    out.u32(welcome.tick);
    out.u16(MAP_SIZE);
    out.u32(welcome.match_ticks);
    out.list(&welcome.walls, |out, wall| {
        out.u16(wall.x);
        out.u16(wall.y);
        out.u16(wall.width);
        out.u16(wall.height);
    });
}

pub fn read_welcome(from: &mut Reader<'_>) -> Result<Welcome, DecodeError> {
    let slot = Slot(from.u8()?);
    let room = RoomId(from.u64()?);
    let tick = from.u32()?;
    if from.u16()? != MAP_SIZE {
        return Err(DecodeError::Range);
    }
    let match_ticks = from.u32()?;
    let count = usize::from(from.u8()?);
    let walls = from.list(count, |from| {
        Ok(Wall { x: from.u16()?, y: from.u16()?, width: from.u16()?, height: from.u16()? })
    })?;
    Ok(Welcome { slot, room, tick, match_ticks, walls })
}

pub fn write_roster(out: &mut Writer, entries: &[RosterEntry]) {
    out.list(entries, |out, entry| {
        out.u8(entry.slot.0);
        out.u8(bot_flag(entry.bot));
        out.u64(entry.player.0);
        out.text(&entry.name);
    });
}

pub fn read_roster(from: &mut Reader<'_>) -> Result<Vec<RosterEntry>, DecodeError> {
    let count = usize::from(from.u8()?);
    from.list(count, |from| {
        let slot = Slot(from.u8()?);
        let bot = is_bot(from.u8()?);
        Ok(RosterEntry { slot, bot, player: PlayerId(from.u64()?), name: from.text()? })
    })
}

pub fn write_events(out: &mut Writer, tick: Tick, events: &[GameEvent]) {
    out.u32(tick);
    out.list(events, |out, event| {
        out.bytes(&match *event {
            GameEvent::Hit { shooter, victim, damage } => [EVENT_HIT, shooter.0, victim.0, damage],
            GameEvent::Kill { killer, victim } => [EVENT_KILL, killer.0, victim.0, 0],
            GameEvent::Respawn { slot } => [EVENT_RESPAWN, slot.0, 0, 0],
        });
    });
}

pub fn read_events(from: &mut Reader<'_>) -> Result<(Tick, Vec<GameEvent>), DecodeError> {
    let tick = from.u32()?;
    let count = usize::from(from.u8()?);
    let events = from.list(count, |from| {
        let (kind, a, b, c) = (from.u8()?, from.u8()?, from.u8()?, from.u8()?);
        match kind {
            EVENT_HIT => Ok(Some(GameEvent::Hit { shooter: Slot(a), victim: Slot(b), damage: c })),
            EVENT_KILL => Ok(Some(GameEvent::Kill { killer: Slot(a), victim: Slot(b) })),
            EVENT_RESPAWN => Ok(Some(GameEvent::Respawn { slot: Slot(a) })),
            // An event of a newer version.
            _ => Ok(None),
        }
    })?;
    Ok((tick, events.into_iter().flatten().collect()))
}

pub fn write_results(out: &mut Writer, results: &[PlayerResult]) {
    out.list(results, |out, result| {
        out.u8(result.slot.0);
        out.u8(bot_flag(result.bot));
        out.u64(result.player.0);
        out.u16(result.kills);
        out.u16(result.deaths);
        out.text(&result.name);
    });
}

pub fn read_results(from: &mut Reader<'_>) -> Result<Vec<PlayerResult>, DecodeError> {
    let count = usize::from(from.u8()?);
    from.list(count, |from| {
        let slot = Slot(from.u8()?);
        let bot = is_bot(from.u8()?);
        let player = PlayerId(from.u64()?);
        let (kills, deaths) = (from.u16()?, from.u16()?);
        Ok(PlayerResult { slot, player, name: from.text()?, bot, kills, deaths })
    })
}

fn bot_flag(bot: bool) -> u8 {
    if bot { FLAG_IS_BOT } else { 0 }
}

fn is_bot(flags: u8) -> bool {
    flags & FLAG_IS_BOT != 0
}
