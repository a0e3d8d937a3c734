//! A room frame at full precision, as the room host hands it to gateways.

use crate::domain::{InputAck, PLAYERS_PER_ROOM_MAX, Phase, PlayerState, ProjectileState, RoomFrame, Slot};
use crate::protocol::wire::{DecodeError, Reader, Writer};

pub fn write_acks(out: &mut Writer, acks: &[InputAck]) {
    out.list(acks, |out, ack| {
        out.u8(ack.slot.0);
        out.u32(ack.tick);
        out.i8(ack.margin_ticks);
    });
}

pub fn read_acks(from: &mut Reader<'_>) -> Result<Vec<InputAck>, DecodeError> {
    let count = usize::from(from.u8()?);
    from.list(count, |from| {
        Ok(InputAck { slot: Slot(from.u8()?), tick: from.u32()?, margin_ticks: from.i8()? })
    })
}

pub fn write_frame(out: &mut Writer, frame: &RoomFrame) {
    out.u32(frame.tick);
    out.bool(frame.phase == Phase::Over);
    out.u32(frame.phase_ends_tick);
    out.list(&frame.players, write_player);
    let count = frame.projectiles.len().min(usize::from(u16::MAX));
    out.u16(count as u16);
    for shot in &frame.projectiles[..count] {
        out.u16(shot.id);
        out.u8(shot.owner.0);
        out.u16(shot.x);
        out.u16(shot.y);
        out.u8(shot.aim);
        out.u32(shot.born_tick);
    }
}

pub fn read_frame(from: &mut Reader<'_>) -> Result<RoomFrame, DecodeError> {
    let tick = from.u32()?;
    let phase = if from.bool()? { Phase::Over } else { Phase::Playing };
    let phase_ends_tick = from.u32()?;
    let player_count = usize::from(from.u8()?);
    let players = from.list(player_count, read_player)?;
    let projectile_count = usize::from(from.u16()?);
    let projectiles = from.list(projectile_count, read_projectile)?;
    Ok(RoomFrame { tick, phase, phase_ends_tick, players, projectiles })
}

fn write_player(out: &mut Writer, player: &PlayerState) {
    out.u8(player.slot.0);
    out.u16(player.x);
    out.u16(player.y);
    out.i16(player.velocity_x);
    out.i16(player.velocity_y);
    out.u8(player.aim);
    out.u8(player.health);
    out.u8(player.flags);
    out.u16(player.kills);
    out.u16(player.deaths);
    out.u32(player.respawn_tick);
}

fn read_player(from: &mut Reader<'_>) -> Result<PlayerState, DecodeError> {
    let slot = from.u8()?;
    // Deltas use the slot as the number of a bit.
    if usize::from(slot) >= PLAYERS_PER_ROOM_MAX {
        return Err(DecodeError::Range);
    }
    Ok(PlayerState {
        slot: Slot(slot),
        x: from.u16()?,
        y: from.u16()?,
        velocity_x: from.i16()?,
        velocity_y: from.i16()?,
        aim: from.u8()?,
        health: from.u8()?,
        flags: from.u8()?,
        kills: from.u16()?,
        deaths: from.u16()?,
        respawn_tick: from.u32()?,
    })
}

fn read_projectile(from: &mut Reader<'_>) -> Result<ProjectileState, DecodeError> {
    Ok(ProjectileState {
        id: from.u16()?,
        owner: Slot(from.u8()?),
        x: from.u16()?,
        y: from.u16()?,
        aim: from.u8()?,
        born_tick: from.u32()?,
    })
}
