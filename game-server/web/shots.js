// Shots on screen: straight lines from where they were born, own ones shown before the server confirms them.

import { PROJECTILE_SPEED, TICK_RATE_HZ, aimVector, flightTicks } from "./simulation.js";

const UNITS_PER_TICK = PROJECTILE_SPEED / TICK_RATE_HZ;
const PREDICTED_MAX = 8;
/** An own shot that no frame has shown this long after its tick was never fired. */
const CONFIRM_WITHIN_TICKS = 6;
const SAME_SHOT_TICKS = 3;
const FORGET_AFTER_TICKS = 60;
/** Over this many ticks a shot glides from its shooter's time into its target's, as the server rewinds (sim/rewind.rs). */
const GLIDE_TICKS = 30;
const REWIND_TICKS_MAX = 15;

/** Ticks on the shooter's screen, where others are `leadTicks` old, until a shot of this age is tested against them. */
export function elapsedTicksOf(age, leadTicks) {
  const rewind = Math.min(leadTicks, REWIND_TICKS_MAX) * Math.max(0, 1 - age / GLIDE_TICKS);
  return age + leadTicks - rewind;
}

const keyOf = (shot) => `${shot.owner}:${shot.bornTick}`;

export class Shots {
  constructor(walls, ownSlot) {
    this.walls = walls;
    this.ownSlot = ownSlot;
    this.confirmed = new Map();
    this.predicted = [];
  }

  prepare(shot) {
    const direction = aimVector(shot.aim);
    return { ...shot, direction, endTick: shot.bornTick + flightTicks(shot.x, shot.y, direction, this.walls) };
  }

  addPredicted(shot) {
    this.predicted.push(this.prepare({ ...shot, owner: this.ownSlot }));
    if (this.predicted.length > PREDICTED_MAX) this.predicted.shift();
  }

  /** Takes over what a frame shows; a shot that is missing has ended. */
  sync(frame) {
    const present = new Set();
    for (const shot of frame.projectiles) {
      const key = keyOf(shot);
      present.add(key);
      if (!this.confirmed.has(key)) this.confirm(key, shot);
    }
    for (const [key, shot] of this.confirmed) {
      if (present.has(key)) continue;
      shot.endTick = Math.min(shot.endTick, frame.tick);
      if (shot.ended || frame.tick > shot.endTick + FORGET_AFTER_TICKS) this.confirmed.delete(key);
    }
    this.predicted = this.predicted.filter((shot) => frame.tick <= shot.bornTick + CONFIRM_WITHIN_TICKS);
  }

  confirm(key, shot) {
    this.confirmed.set(key, this.prepare(shot));
    if (shot.owner !== this.ownSlot) return;
    this.predicted = this.predicted.filter((early) => Math.abs(early.bornTick - shot.bornTick) > SAME_SHOT_TICKS);
  }

  /** Others live `playbackTick`, the own player `inputTick`: near its target a shot must be in the target's time. */
  tickFor(shot, playbackTick, inputTick) {
    const lead = inputTick - playbackTick;
    if (shot.owner === this.ownSlot) {
      return inputTick - lead * Math.min(1, Math.max(0, (inputTick - shot.bornTick) / (GLIDE_TICKS + lead)));
    }
    return playbackTick + lead * Math.min(1, Math.max(0, (playbackTick - shot.bornTick) / GLIDE_TICKS));
  }

  /** Positions to draw; `onEnd(x, y, owner)` is called once for each shot that ends. */
  visible(playbackTick, inputTick, onEnd) {
    const drawn = [];
    for (const shot of this.confirmed.values()) {
      const tick = this.tickFor(shot, playbackTick, inputTick);
      if (tick >= shot.endTick && !shot.ended) {
        shot.ended = true;
        const end = at(shot, shot.endTick);
        onEnd(end.x, end.y, shot.owner);
      }
      if (tick >= shot.bornTick && !shot.ended) drawn.push(at(shot, tick));
    }
    for (const shot of this.predicted) {
      const tick = this.tickFor(shot, playbackTick, inputTick);
      if (tick >= shot.bornTick && tick < shot.endTick) drawn.push(at(shot, tick));
    }
    return drawn;
  }
}

function at(shot, tick) {
  const distance = (tick - shot.bornTick) * UNITS_PER_TICK;
  return {
    x: shot.x + shot.direction.x * distance,
    y: shot.y + shot.direction.y * distance,
    direction: shot.direction,
    owner: shot.owner,
  };
}
