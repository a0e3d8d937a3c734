// Moves the own player before the server answers, and sets it right when the answer differs.

import { FIRE_COOLDOWN_TICKS, PLAYER_RADIUS, PROJECTILE_RADIUS, aimVector, stepPlayer } from "./simulation.js";
import { BUTTON_FIRE } from "./protocol.js";

const HISTORY_TICKS_MAX = 128;
const JUMP_UNITS = 120;
const ERROR_HALF_LIFE_MS = 60;

export class Prediction {
  constructor(walls) {
    this.walls = walls;
    this.history = [];
    this.state = null;
    this.previous = null;
    this.error = { x: 0, y: 0 };
    this.alive = false;
    this.nextShotTick = 0;
    this.corrections = 0;
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

  /** The server's exact state at `tick`: replay what it has not seen yet and hide the difference. */
  reconcile(tick, own, alive) {
    const cameToLife = alive && !this.alive;
    this.alive = alive;
    const known = this.history.find((entry) => entry.tick === tick);
    this.history = this.history.filter((entry) => entry.tick > tick);
    if (known && !cameToLife && sameState(known.state, own)) return;
    const shown = this.shown(1);
    this.replay(own);
    if (shown === null) return;
    if (known) this.corrections += 1;
    this.error = { x: shown.x - this.state.x, y: shown.y - this.state.y };
    if (Math.hypot(this.error.x, this.error.y) > JUMP_UNITS) this.error = { x: 0, y: 0 };
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

  /** Forgets the past, after a reconnect or a long sleep. */
  reset() {
    this.history = [];
    this.state = null;
    this.previous = null;
    this.error = { x: 0, y: 0 };
  }

  decayError(elapsedMs) {
    const keep = 0.5 ** (elapsedMs / ERROR_HALF_LIFE_MS);
    this.error.x *= keep;
    this.error.y *= keep;
  }

  /** Where to draw the own player, `phase` of the way between the last two ticks. */
  shown(phase) {
    if (this.state === null) return null;
    return {
      x: this.previous.x + (this.state.x - this.previous.x) * phase + this.error.x,
      y: this.previous.y + (this.state.y - this.previous.y) * phase + this.error.y,
    };
  }
}

function sameState(a, b) {
  return a.x === b.x && a.y === b.y && a.velocityX === b.velocityX && a.velocityY === b.velocityY;
}
