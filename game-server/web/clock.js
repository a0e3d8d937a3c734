// Two clocks: when the server's frames arrive, and which tick the own inputs are for.

import { STATE_EVERY_TICKS, TICK_MS } from "./simulation.js";

const ARRIVALS_MAX = 60;
const DELAY_TICKS_MIN = 2 * STATE_EVERY_TICKS;
const DELAY_TICKS_MAX = 18;

/** Follows the arrival of State frames: the newest tick a frame could show now, and how unevenly frames come. */
export class ArrivalClock {
  constructor() {
    this.offsets = [];
    this.line = null;
    this.jitterTicks = 0;
  }

  /** A frame of `tick` arrived at `nowMs`; the line follows the fastest of the recent ones. */
  observe(tick, nowMs) {
    this.offsets.push(tick - nowMs / TICK_MS);
    if (this.offsets.length > ARRIVALS_MAX) this.offsets.shift();
    const sorted = [...this.offsets].sort((a, b) => a - b);
    this.line = sorted[sorted.length - 1];
    this.jitterTicks = this.line - sorted[Math.floor(sorted.length * 0.05)];
  }

  tickAt(nowMs) {
    return this.line === null ? 0 : nowMs / TICK_MS + this.line;
  }

  /** How far behind the newest frame others are drawn: two frames and what arrival times vary by. */
  get delayTicks() {
    return Math.min(DELAY_TICKS_MIN + this.jitterTicks, DELAY_TICKS_MAX);
  }
}

const RATE_PER_TICK_OF_ERROR = 0.02;
const RATE_CHANGE_MAX = 0.1;
const JUMP_TICKS = 15;

/** The tick that is on screen for others; glides towards its target instead of jumping. */
export class PlaybackClock {
  constructor() {
    this.tick = null;
    this.lastMs = 0;
  }

  advance(nowMs, targetTick) {
    const error = this.tick === null ? Infinity : targetTick - this.tick;
    if (Math.abs(error) > JUMP_TICKS) {
      this.tick = targetTick;
    } else {
      const elapsed = (nowMs - this.lastMs) / TICK_MS;
      const change = Math.max(-RATE_CHANGE_MAX, Math.min(RATE_CHANGE_MAX, error * RATE_PER_TICK_OF_ERROR));
      this.tick += elapsed * (1 + change);
    }
    this.lastMs = nowMs;
    return this.tick;
  }
}

/** Ticks that the newer of the two inputs of a message should be early. */
export const MARGIN_TARGET_TICKS = 2;
const FIRST_LEAD_TICKS = 5;
const SNAP_ERROR_TICKS = 6;
const MARGIN_SMOOTHING = 0.15;
const STEPS_PER_FRAME_MAX = 8;

/** The tick the own inputs are for: ahead of the server by just enough that they arrive in time. */
export class InputClock {
  constructor() {
    this.exactTick = null;
    this.smoothedMargin = MARGIN_TARGET_TICKS;
    this.ignoreUntilTick = 0;
    this.lastMs = 0;
    this.rate = 1;
  }

  /** Begins ahead of the newest tick heard of; the first margins correct the guess. */
  start(serverTick, nowMs) {
    this.exactTick = serverTick + FIRST_LEAD_TICKS;
    this.smoothedMargin = MARGIN_TARGET_TICKS;
    this.ignoreUntilTick = Math.floor(this.exactTick);
    this.lastMs = nowMs;
    this.rate = 1;
  }

  get tick() {
    return Math.floor(this.exactTick);
  }

  /** Share of the current tick that has passed, for drawing between two steps. */
  get phase() {
    return this.exactTick - Math.floor(this.exactTick);
  }

  /** Moves on; returns how many whole ticks to simulate. A long sleep starts over from the server's tick. */
  advance(nowMs, serverTick) {
    const before = this.tick;
    this.exactTick += ((nowMs - this.lastMs) / TICK_MS) * this.rate;
    this.lastMs = nowMs;
    if (this.tick - before <= STEPS_PER_FRAME_MAX) return this.tick - before;
    this.start(Math.max(serverTick, before - FIRST_LEAD_TICKS), nowMs);
    return Math.min(Math.max(this.tick - before, 0), STEPS_PER_FRAME_MAX);
  }

  /**
   * At `frameTick` the server says how early the newest input came. After a jump it is believed again from the tick on
   * that inputs were then for: by its own tick, since inputs that are all too late are never acknowledged.
   */
  onMargin(marginTicks, frameTick) {
    if (frameTick < this.ignoreUntilTick) return;
    const error = MARGIN_TARGET_TICKS - marginTicks;
    if (Math.abs(error) > SNAP_ERROR_TICKS) {
      this.exactTick += error;
      this.smoothedMargin = MARGIN_TARGET_TICKS;
      this.ignoreUntilTick = this.tick;
      this.rate = 1;
      return;
    }
    this.smoothedMargin += (marginTicks - this.smoothedMargin) * MARGIN_SMOOTHING;
    const wanted = (MARGIN_TARGET_TICKS - this.smoothedMargin) * RATE_PER_TICK_OF_ERROR;
    this.rate = 1 + Math.max(-RATE_CHANGE_MAX, Math.min(RATE_CHANGE_MAX, wanted));
  }
}
