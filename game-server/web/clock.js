// Three clocks: when the server's frames arrive, which tick of others is shown, and which tick the own inputs are for.

import { STATE_EVERY_TICKS, TICK_MS } from "./simulation.js";

/** Four seconds of frames: long enough to meet a stall that comes every few seconds, short enough to forget it. */
const ARRIVALS_MAX = 80;
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
/** Half a second; what is further off cannot be caught up with unnoticed. */
const JUMP_TICKS = 30;

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
      this.tick += elapsed * (1 + rateChange(error));
    }
    this.lastMs = nowMs;
    return this.tick;
  }
}

/** Ticks that the newer of the two inputs of a message should be early on a steady line. */
export const MARGIN_TARGET_TICKS = 2;
/** What an unsteady line may add: more would be felt as lag by those who are shot at. */
const MARGIN_JITTER_TICKS_MAX = 4;
const MARGINS_MAX = 60;
const FIRST_LEAD_TICKS = 5;
const SNAP_ERROR_TICKS = 6;
/** A single stall makes one or two States report late inputs; only a line that stays late is worth a jump. */
const SNAP_AFTER_STATES = 4;
/** Far too early: time passes at three quarters of its speed until it is not. */
const BRAKE = 0.25;
const MARGIN_SMOOTHING = 0.15;
/** Longer sleeps begin anew; the server keeps inputs for about as long. */
const CATCH_UP_TICKS_MAX = 64;

/** The tick the own inputs are for: ahead of the server by just enough that they arrive in time. Never goes back. */
export class InputClock {
  constructor() {
    this.exactTick = null;
    this.margins = [];
    this.lastMs = 0;
    this.rate = 1;
  }

  /** Begins ahead of the newest tick heard of; the first margins correct the guess. */
  start(serverTick, nowMs) {
    this.exactTick = serverTick + FIRST_LEAD_TICKS;
    this.steppedTick = this.tick;
    this.lastMs = nowMs;
    this.beginMeasuring();
  }

  beginMeasuring() {
    this.margins = [];
    this.lateStates = 0;
    this.smoothedMargin = MARGIN_TARGET_TICKS;
    this.ignoreUntilTick = this.tick;
    this.rate = 1;
  }

  get tick() {
    return Math.floor(this.exactTick);
  }

  /** Share of the current tick that has passed, for drawing between two steps. */
  get phase() {
    return this.exactTick - this.tick;
  }

  /** How early inputs should come: the wider their arrival spreads, the earlier. */
  get targetTicks() {
    if (this.margins.length < MARGINS_MAX / 4) return MARGIN_TARGET_TICKS;
    const sorted = [...this.margins].sort((a, b) => a - b);
    const spread = sorted[Math.floor(sorted.length / 2)] - sorted[Math.floor(sorted.length * 0.05)];
    return MARGIN_TARGET_TICKS + Math.min(spread, MARGIN_JITTER_TICKS_MAX);
  }

  /** Moves on; returns how many whole ticks to simulate, or null after a sleep that is too long to make up for. */
  advance(nowMs, serverTick) {
    this.exactTick += ((nowMs - this.lastMs) / TICK_MS) * this.rate;
    this.lastMs = nowMs;
    const due = this.tick - this.steppedTick;
    if (due > CATCH_UP_TICKS_MAX) {
      this.start(Math.max(serverTick, this.steppedTick), nowMs);
      return null;
    }
    this.steppedTick = this.tick;
    return due;
  }

  /**
   * Returns how many ticks were skipped: none, unless the inputs were far too late.
   *
   * At `frameTick` the server says how early the newest input came. After a jump it is believed again from the tick on
   * that inputs were then for: by its own tick, since inputs that are all too late are never acknowledged.
   */
  onMargin(marginTicks, frameTick) {
    if (frameTick < this.ignoreUntilTick) return 0;
    const target = this.targetTicks;
    const error = target - marginTicks;
    this.lateStates = error > SNAP_ERROR_TICKS ? this.lateStates + 1 : 0;
    if (this.lateStates >= SNAP_AFTER_STATES) {
      this.exactTick += error;
      this.steppedTick += error;
      this.beginMeasuring();
      return error;
    }
    this.margins.push(marginTicks);
    if (this.margins.length > MARGINS_MAX) this.margins.shift();
    this.smoothedMargin += (marginTicks - this.smoothedMargin) * MARGIN_SMOOTHING;
    const tooEarly = this.smoothedMargin - target > SNAP_ERROR_TICKS;
    this.rate = 1 + (tooEarly ? -BRAKE : rateChange(target - this.smoothedMargin));
    return 0;
  }
}

const rateChange = (error) => Math.max(-RATE_CHANGE_MAX, Math.min(RATE_CHANGE_MAX, error * RATE_PER_TICK_OF_ERROR));
