// Draws the other players between two frames of the past, and a little beyond the newest one when frames are late.

import { PLAYER_SPEED, TICK_RATE_HZ, outOfWalls } from "./simulation.js";
import { Flag } from "./protocol.js";

const FRAMES_MAX = 40;
/** A guess runs out over a quarter of a second: from full speed to a stop. */
const EXTRAPOLATE_TICKS_MAX = 15;
/** Nobody runs this far in a tick; who did was put somewhere else. */
const TELEPORT_UNITS_PER_TICK = (3 * PLAYER_SPEED) / TICK_RATE_HZ;

export class Interpolation {
  constructor(walls) {
    this.walls = walls;
    this.frames = [];
  }

  /** Frames come in order, because the socket is ordered; a restarted room begins anew. */
  push(frame) {
    const newest = this.newest;
    if (newest && frame.tick <= newest.tick) this.frames = [];
    this.fillGaps(frame);
    this.frames.push(frame);
    if (this.frames.length > FRAMES_MAX) this.frames.shift();
  }

  /** A player whom a busy server left out of some frames walked a straight line through them. */
  fillGaps(frame) {
    for (const player of frame.players.values()) {
      if (!player.told) continue;
      const last = this.frames.findLastIndex((earlier) => earlier.players.get(player.slot)?.told ?? true);
      const from = this.frames[last]?.players.get(player.slot);
      if (!from) continue;
      const ticks = frame.tick - this.frames[last].tick;
      for (const between of this.frames.slice(last + 1)) {
        const share = (between.tick - this.frames[last].tick) / ticks;
        between.players.set(player.slot, { ...blend(from, player, share, ticks), told: true });
      }
    }
  }

  get newest() {
    return this.frames[this.frames.length - 1] ?? null;
  }

  /** The players as they were at `tick`: place, velocity (units per tick) and aim in between, all else from before. */
  at(tick) {
    if (this.frames.length === 0) return [];
    const index = this.frames.findLastIndex((frame) => frame.tick <= tick);
    if (index === -1) return playersOf(this.frames[0]);
    if (index === this.frames.length - 1) return this.beyond(tick);
    return between(this.frames[index], this.frames[index + 1], tick);
  }

  /** A guess from the last two frames, for whoever did not turn round between the last three. */
  beyond(tick) {
    const [earliest, before, newest] = this.frames.slice(-3);
    if (!newest) return playersOf(this.newest);
    const ahead = Math.min(tick - newest.tick, EXTRAPOLATE_TICKS_MAX);
    const glide = ahead - (ahead * ahead) / (2 * EXTRAPOLATE_TICKS_MAX);
    const turned = new Map(between(earliest, before, before.tick).map((player) => [player.slot, player]));
    return between(before, newest, newest.tick).map((player) => this.guess(player, turned.get(player.slot), glide));
  }

  guess(player, earlier, glide) {
    const turnedRound = earlier && player.velocityX * earlier.velocityX + player.velocityY * earlier.velocityY < 0;
    if (turnedRound || !(player.flags & Flag.ALIVE)) return player;
    const guessed = { x: player.x + player.velocityX * glide, y: player.y + player.velocityY * glide };
    return { ...player, ...outOfWalls(guessed, this.walls) };
  }
}

const atRest = (player) => ({ ...player, velocityX: 0, velocityY: 0 });
const playersOf = (frame) => [...frame.players.values()].map(atRest);

function between(from, to, tick) {
  const ticks = to.tick - from.tick;
  const players = [];
  for (const player of to.players.values()) {
    const earlier = from.players.get(player.slot);
    players.push(earlier ? blend(earlier, player, (tick - from.tick) / ticks, ticks) : atRest(player));
  }
  return players;
}

function blend(from, to, share, ticks) {
  const known = share < 1 ? from : to;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const jumped = Math.hypot(dx, dy) > TELEPORT_UNITS_PER_TICK * ticks || !(from.flags & Flag.ALIVE);
  if (jumped) return atRest(known);
  return {
    ...known,
    x: from.x + dx * share,
    y: from.y + dy * share,
    velocityX: dx / ticks,
    velocityY: dy / ticks,
    aim: from.aim + shortestTurn(from.aim, to.aim) * share,
  };
}

/** The smaller way round from one of 256 directions to another. */
function shortestTurn(from, to) {
  return ((to - from + 384) % 256) - 128;
}
