// Decodes State messages: a room frame as the difference to one that this page has already decoded (protocol/delta.rs).

import { POSITION_STEPS_PER_UNIT, VELOCITY_STEPS_PER_UNIT } from "./simulation.js";

export const DISPLAY_STEPS_PER_UNIT = 4;
export const BASES_MAX = 32;
export const Phase = { PLAYING: 0, OVER: 1 };

const SLOTS = 10;
const QUANTA_PER_TICK_MAX = 16;
const SHOT_AGE_BITS_FULL = 7;
const FINE_STEPS = POSITION_STEPS_PER_UNIT / DISPLAY_STEPS_PER_UNIT;

/** Reads fields that are not aligned to bytes, least significant bit first. */
export class BitReader {
  constructor(reader) {
    this.reader = reader;
    this.byte = 0;
    this.bitsLeft = 0;
  }

  bit() {
    if (this.bitsLeft === 0) {
      this.byte = this.reader.u8();
      this.bitsLeft = 8;
    }
    const bit = this.byte & 1;
    this.byte >>= 1;
    this.bitsLeft -= 1;
    return bit;
  }

  bits(count) {
    let value = 0;
    for (let index = 0; index < count; index += 1) value += this.bit() * 2 ** index;
    return value;
  }

  signed(count) {
    const value = this.bits(count);
    return value >= 2 ** (count - 1) ? value - 2 ** count : value;
  }
}

/** The smallest width whose values exceed `largest`. */
function widthOver(largest) {
  let width = 0;
  while (2 ** width <= largest) width += 1;
  return width;
}

const deltaBits = (baseAge) => widthOver(QUANTA_PER_TICK_MAX * baseAge + 1) + 1;

function readHead(reader) {
  const tick = reader.u32();
  const baseAge = reader.u8();
  const ackedInputTick = tick - reader.u8();
  const marginTicks = reader.i8();
  const fine = reader.u8();
  return {
    tick,
    baseAge,
    ackedInputTick,
    marginTicks,
    fineX: fine % FINE_STEPS,
    fineY: Math.floor(fine / FINE_STEPS),
    velocityX: reader.i16() / VELOCITY_STEPS_PER_UNIT,
    velocityY: reader.i16() / VELOCITY_STEPS_PER_UNIT,
  };
}

function readPosition(bits, player, baseAge) {
  if (bits.bit()) {
    player.quantaX = bits.bits(12);
    player.quantaY = bits.bits(12);
    return;
  }
  const width = deltaBits(baseAge);
  player.quantaX += bits.signed(width);
  player.quantaY += bits.signed(width);
}

function readRarelyChanged(bits, player) {
  if (bits.bit()) player.health = bits.bits(8);
  if (bits.bit()) player.flags = bits.bits(8);
  if (bits.bit()) {
    player.kills = bits.bits(16);
    player.deaths = bits.bits(16);
  }
  if (bits.bit()) player.respawnTick = bits.bits(32);
}

function readPlayer(bits, slot, base, baseAge) {
  const player = base
    ? { ...base }
    : { slot, quantaX: 0, quantaY: 0, aim: 0, health: 0, flags: 0, kills: 0, deaths: 0, respawnTick: 0 };
  if (bits.bit()) readPosition(bits, player, baseAge);
  if (bits.bit()) player.aim = bits.bits(8);
  if (bits.bit()) readRarelyChanged(bits, player);
  player.x = player.quantaX / DISPLAY_STEPS_PER_UNIT;
  player.y = player.quantaY / DISPLAY_STEPS_PER_UNIT;
  return player;
}

/** Players by slot as later deltas count on them, and which slots this message tells as they are now. */
function readPlayers(bits, base, baseAge) {
  const present = bits.bits(SLOTS);
  const told = bits.bit() ? bits.bits(SLOTS) : present;
  const players = new Map();
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const before = base?.known.get(slot);
    if (present & told & (1 << slot)) players.set(slot, readPlayer(bits, slot, before, baseAge));
    else if (present & (1 << slot)) players.set(slot, before);
  }
  return { players, told };
}

/** What to show: who was left out stays as told last, and `told` says so. */
function shownPlayers(known, told, newest) {
  const shown = new Map();
  for (const [slot, player] of known) {
    const isTold = (told & (1 << slot)) !== 0;
    shown.set(slot, { ...(isTold ? player : newest?.players.get(slot) ?? player), told: isTold });
  }
  return shown;
}

function readShotAge(bits, baseAge) {
  const isLate = baseAge === 0 || bits.bit() === 1;
  return bits.bits(isLate ? SHOT_AGE_BITS_FULL : widthOver(baseAge));
}

function readProjectiles(bits, base, head) {
  const projectiles = (base?.projectiles ?? []).filter(() => bits.bit() === 1);
  while (bits.bit() === 1) {
    projectiles.push({
      owner: bits.bits(4),
      aim: bits.bits(8),
      x: bits.bits(10),
      y: bits.bits(10),
      bornTick: head.tick - readShotAge(bits, head.baseAge),
    });
  }
  return projectiles;
}

/** `known` is the base of later deltas, `players` what to show; they differ for players whom a busy server left out. */
function readFrame(bits, head, base, newest) {
  const phase = bits.bit();
  const phaseEndsTick = bits.bit() ? bits.bits(32) : base?.phaseEndsTick ?? 0;
  const { players: known, told } = readPlayers(bits, base, head.baseAge);
  const projectiles = readProjectiles(bits, base, head);
  return { tick: head.tick, phase, phaseEndsTick, known, told, players: shownPlayers(known, told, newest), projectiles };
}

/** The own player as exactly as the server has it, or null without a seat in this frame. */
function exactOwn(head, player) {
  if (!player) return null;
  return {
    x: (player.quantaX * FINE_STEPS + head.fineX) / POSITION_STEPS_PER_UNIT,
    y: (player.quantaY * FINE_STEPS + head.fineY) / POSITION_STEPS_PER_UNIT,
    velocityX: head.velocityX,
    velocityY: head.velocityY,
  };
}

/** Keeps the newest frames as bases and turns State messages into `{ head, frame, own }`. */
export class StateDecoder {
  constructor() {
    this.frames = new Map();
    this.newestTick = 0;
  }

  /** Null when the base is unknown: the server then goes on from an older acknowledgement. */
  decode(reader, ownSlot) {
    const head = readHead(reader);
    const base = head.baseAge === 0 ? null : this.frames.get(head.tick - head.baseAge);
    if (base === undefined) return null;
    const frame = readFrame(new BitReader(reader), head, base, this.frames.get(this.newestTick));
    this.remember(frame);
    return { head, frame, own: exactOwn(head, frame.players.get(ownSlot)) };
  }

  remember(frame) {
    this.frames.set(frame.tick, frame);
    this.newestTick = Math.max(this.newestTick, frame.tick);
    for (const tick of this.frames.keys()) {
      if (this.frames.size <= BASES_MAX) break;
      this.frames.delete(tick);
    }
  }
}
