// Draws the other players between two frames of the past, and a little beyond the newest one when frames are late.

import { Flag } from "./protocol.js";

const FRAMES_MAX = 40;
const EXTRAPOLATE_TICKS_MAX = 9;
const TELEPORT_UNITS = 90;

export class Interpolation {
  constructor() {
    this.frames = [];
  }

  /** Frames come in order, because the socket is ordered; a restarted room begins anew. */
  push(frame) {
    const newest = this.frames[this.frames.length - 1];
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
      for (const between of this.frames.slice(last + 1)) {
        const share = (between.tick - this.frames[last].tick) / (frame.tick - this.frames[last].tick);
        between.players.set(player.slot, { ...blend(from, player, share), told: true });
      }
    }
  }

  get newest() {
    return this.frames[this.frames.length - 1] ?? null;
  }

  /** The players as they were at `tick`: position and aim in between, everything else from the earlier frame. */
  at(tick) {
    if (this.frames.length === 0) return [];
    const index = this.frames.findLastIndex((frame) => frame.tick <= tick);
    if (index === -1) return [...this.frames[0].players.values()];
    if (index === this.frames.length - 1) return this.beyond(tick);
    return between(this.frames[index], this.frames[index + 1], tick);
  }

  beyond(tick) {
    const newest = this.newest;
    const before = this.frames[this.frames.length - 2];
    if (!before) return [...newest.players.values()];
    const limited = Math.min(tick, newest.tick + EXTRAPOLATE_TICKS_MAX);
    return between(before, newest, limited);
  }
}

function between(from, to, tick) {
  const share = (tick - from.tick) / (to.tick - from.tick);
  const players = [];
  for (const player of to.players.values()) {
    const earlier = from.players.get(player.slot);
    players.push(earlier ? blend(earlier, player, share) : player);
  }
  return players;
}

function blend(from, to, share) {
  const flags = share < 1 ? from : to;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const jumped = Math.hypot(dx, dy) > TELEPORT_UNITS || !(from.flags & Flag.ALIVE);
  if (jumped) return share < 1 ? from : to;
  return {
    ...flags,
    x: from.x + dx * share,
    y: from.y + dy * share,
    aim: from.aim + shortestTurn(from.aim, to.aim) * Math.min(share, 1),
  };
}

/** The smaller way round from one of 256 directions to another. */
function shortestTurn(from, to) {
  return ((to - from + 384) % 256) - 128;
}
