// Moves the own player before the server answers, and sets it right when the answer differs.

import { FIRE_COOLDOWN_TICKS, PLAYER_RADIUS, PROJECTILE_RADIUS, aimVector, stepPlayer } from "./simulation.js";
import { BUTTON_FIRE } from "./protocol.js";
import { Correction } from "./smoothing.js";

const HISTORY_TICKS_MAX = 128;

export class Prediction {
  constructor(walls) {
    this.walls = walls;
    this.history = [];
    this.state = null;
    this.previous = null;
    this.correction = new Correction();
    this.phase = 1;
    this.alive = false;
    this.nextShotTick = 0;
    this.corrections = 0;
    this.lastCorrectionUnits = 0;
    this.largestCorrectionUnits = 0;
  }

  /** Simulates one tick; returns the shot it fires, if any. */
  step(tick, input) {
    if (this.state === null) return null;
    this.previous = this.state;
    if (this.alive) this.state = stepPlayer(this.state, input, this.walls);
    this.history.push({ tick, input, state: this.state });
    if (this.history.length > HISTORY_TICKS_MAX) this.history.shift();
    return this.fire(tick, input);
  }

  fire(tick, input) {
    if (!this.alive || !(input.buttons & BUTTON_FIRE) || tick < this.nextShotTick) return null;
    this.nextShotTick = tick + FIRE_COOLDOWN_TICKS;
    const direction = aimVector(input.aim);
    const reach = PLAYER_RADIUS + PROJECTILE_RADIUS;
    return {
      bornTick: tick,
      x: this.state.x + direction.x * reach,
      y: this.state.y + direction.y * reach,
      aim: input.aim,
    };
  }

  /** Lives through ticks that nothing was sent for: the server repeats the last input, and the leap is hidden. */
  skip(firstTick, count, input) {
    const before = this.shown(this.phase);
    for (let tick = firstTick; tick < firstTick + count; tick += 1) this.step(tick, input);
    if (before !== null) this.hideSince(before);
  }

  hideSince(before) {
    this.correction.hide(0, 0);
    const after = this.shown(this.phase);
    return this.correction.hide(before.x - after.x, before.y - after.y);
  }

  /** The server's exact state at `tick`: replay what it has not seen yet and hide the difference. */
  reconcile(tick, own, alive) {
    const cameToLife = alive && !this.alive;
    this.alive = alive;
    const known = this.history.find((entry) => entry.tick === tick);
    this.history = this.history.filter((entry) => entry.tick > tick);
    if (known && !cameToLife && sameState(known.state, own)) return;
    const before = this.shown(this.phase);
    this.replay(own);
    if (before === null || cameToLife) {
      this.correction.hide(0, 0);
      return;
    }
    const units = this.hideSince(before);
    if (known && alive) this.count(units);
  }

  count(units) {
    this.corrections += 1;
    this.lastCorrectionUnits = units;
    this.largestCorrectionUnits = Math.max(this.largestCorrectionUnits, units);
  }

  replay(own) {
    this.state = own;
    this.previous = own;
    for (const entry of this.history) {
      this.previous = this.state;
      if (this.alive) this.state = stepPlayer(this.state, entry.input, this.walls);
      entry.state = this.state;
    }
  }

  /** Forgets what was guessed, after a long sleep; the next answer of the server begins anew. */
  forget() {
    this.history = [];
  }

  /** Passes the time until the next picture, which shows `phase` of the way between the last two ticks. */
  advance(elapsedMs, phase) {
    this.correction.decay(elapsedMs);
    this.phase = phase;
  }

  /** Where the own player is drawn, `phase` of the way between the last two ticks. */
  shown(phase) {
    if (this.state === null) return null;
    return {
      x: this.previous.x + (this.state.x - this.previous.x) * phase + this.correction.x,
      y: this.previous.y + (this.state.y - this.previous.y) * phase + this.correction.y,
    };
  }
}

function sameState(a, b) {
  return a.x === b.x && a.y === b.y && a.velocityX === b.velocityX && a.velocityY === b.velocityY;
}
