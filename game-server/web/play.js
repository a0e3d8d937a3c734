// One match from the seat to the results: feeds clocks, prediction and interpolation, and draws every frame.

import { ArrivalClock, InputClock, PlaybackClock } from "./clock.js";
import { RoomConnection } from "./connection.js";
import { Effects } from "./effects.js";
import { Events } from "./events.js";
import { Interpolation } from "./interpolation.js";
import { Phase } from "./delta.js";
import { Prediction } from "./prediction.js";
import { Flag, SPECTATOR, withViewAge } from "./protocol.js";
import { Followers } from "./smoothing.js";
import { NetworkStats } from "./network.js";
import { Shots } from "./shots.js";
import { MAP_SIZE, TICK_MS, TICK_RATE_HZ, aimVector } from "./simulation.js";

const INPUTS_PER_SEND = 2;
const CENTRE = { x: MAP_SIZE / 2, y: MAP_SIZE / 2 };
/** A page that stood still longer than this tells nobody what it would have done meanwhile: the server has moved on. */
const LIVE_TICKS_MAX = 8;
/** Further ahead of the server no input is taken: it stood still, and this page did not. */
const LEAD_TICKS_MAX = 120;
const STILL = { moveX: 0, moveY: 0, aim: 0, buttons: 0 };

export class Match {
  /** `tools`: renderer, input, hud, panel, sound; `callbacks`: onReady, onLost, onBack, onOver, onFailed. */
  constructor(seat, tools, callbacks) {
    Object.assign(this, tools);
    this.seat = seat;
    this.callbacks = callbacks;
    this.roster = new Map();
    this.frame = null;
    this.others = [];
    this.pending = [];
    this.effects = new Effects();
    this.stats = new NetworkStats();
    this.lastInput = STILL;
    this.connection = new RoomConnection(seat, {
      onWelcome: (welcome) => this.onWelcome(welcome),
      onRoster: ({ entries }) => this.onRoster(entries),
      onRosterChange: (change) => this.onRosterChange(change),
      onState: (state) => this.onState(state),
      onEvents: (message) => this.events?.push(message),
      onOver: ({ results }) => callbacks.onOver(results),
      onLost: () => this.onLost(),
      onClosed: () => this.stop(),
      onFailed: (message, code) => callbacks.onFailed(message, code),
    });
  }

  start() {
    this.connection.open();
    this.lastMs = performance.now();
    const loop = (nowMs) => {
      if (this.stopped) return;
      this.advance(nowMs);
      requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  }

  stop() {
    this.stopped = true;
    this.connection.stop();
  }

  leave() {
    this.connection.leave();
    this.stop();
  }

  onWelcome(welcome) {
    this.slot = welcome.slot;
    this.walls = welcome.walls;
    this.renderer.arena.setWalls(welcome.walls);
    this.beginAnew();
  }

  beginAnew() {
    this.arrival = new ArrivalClock();
    this.playback = new PlaybackClock();
    this.inputClock = new InputClock();
    this.interpolation = new Interpolation(this.walls);
    this.followers = new Followers();
    this.prediction = new Prediction(this.walls);
    this.shots = new Shots(this.walls, this.slot);
    this.events = new Events(this);
    this.pending = [];
    this.frame = null;
    this.playbackTick = undefined;
    this.roster = new Map();
  }

  /** The picture stands still until the seat is back; Welcome then begins anew. */
  onLost() {
    this.frame = null;
    this.callbacks.onLost();
  }

  /** All of it, from a server of the version before this page's. */
  onRoster(entries) {
    this.roster = new Map(entries.map((entry) => [entry.slot, entry]));
  }

  onRosterChange({ gone, entries }) {
    for (const slot of this.roster.keys()) if (gone & (1 << slot)) this.roster.delete(slot);
    for (const entry of entries) this.roster.set(entry.slot, entry);
  }

  onState({ head, frame, own }) {
    const nowMs = performance.now();
    if (this.frame !== null && this.inputClock.tick - head.tick > LEAD_TICKS_MAX) this.beginAnew();
    const first = this.frame === null;
    this.frame = frame;
    this.arrival.observe(frame.tick, nowMs);
    this.interpolation.push(frame);
    this.shots.sync(frame);
    this.reconcile(head, own, nowMs);
    if (first) this.begin(frame, nowMs);
    else this.skip(this.inputClock.onMargin(head.marginTicks, frame.tick));
    this.marginTicks = head.marginTicks;
  }

  /** The inputs of these ticks could only come too late. */
  skip(ticks) {
    if (ticks > 0) this.prediction.skip(this.inputClock.tick - ticks + 1, ticks, { ...this.lastInput, buttons: 0 });
  }

  reconcile(head, own, nowMs) {
    const { corrections } = this.prediction;
    if (own) this.prediction.reconcile(head.tick, own, this.isAlive(this.frame.players.get(this.slot)));
    const corrected = this.prediction.corrections > corrections;
    const lateMs = (this.arrival.tickAt(nowMs) - head.tick) * TICK_MS;
    this.stats.onState(head, lateMs, corrected ? this.prediction.lastCorrectionUnits : 0);
  }

  begin(frame, nowMs) {
    this.inputClock.start(frame.tick, nowMs);
    this.callbacks.onReady(this.slot, this.nameOf(this.slot));
  }

  isAlive(player) {
    return Boolean(player && player.flags & Flag.ALIVE);
  }

  nameOf(slot) {
    if (slot === SPECTATOR) return "Watching";
    return this.roster.get(slot)?.name ?? `Player ${slot + 1}`;
  }

  get playing() {
    return this.frame?.phase === Phase.PLAYING;
  }

  advance(nowMs) {
    const elapsedMs = Math.max(nowMs - this.lastMs, 0);
    this.lastMs = nowMs;
    if (this.frame === null) return;
    this.stepTo(this.inputClock.advance(nowMs, this.frame.tick));
    this.prediction.advance(elapsedMs, this.inputClock.phase);
    this.effects.advance(elapsedMs);
    this.playbackTick = this.playback.advance(nowMs, this.arrival.tickAt(nowMs) - this.arrival.delayTicks);
    this.stats.onTotals(nowMs, this.connection.bytesReceived, this.connection.bytesSent);
    this.draw(nowMs, elapsedMs);
  }

  /** Simulates the ticks that are due; for those that are long past, what the server has done with them: the same again. */
  stepTo(due) {
    if (due === null) this.prediction.forget();
    for (let left = due ?? 0; left > 0; left -= 1) {
      const tick = this.inputClock.tick - left + 1;
      if (left > LIVE_TICKS_MAX) this.prediction.step(tick, { ...this.lastInput, buttons: 0 });
      else this.step(tick);
    }
  }

  /** How much older than the own player, at `tick`, the others on screen are. */
  viewAgeTicksAt(tick) {
    return this.playbackTick === undefined ? 0 : Math.max(0, tick - this.playbackTick);
  }

  get viewAgeTicks() {
    return this.viewAgeTicksAt(this.inputClock.tick);
  }

  step(tick) {
    const acts = this.playing && this.prediction.alive;
    const wanted = acts ? this.input.sample(this.view(tick)) : this.idleInput();
    const input = { ...wanted, buttons: withViewAge(wanted.buttons, this.viewAgeTicksAt(tick)) };
    this.lastInput = input;
    const shot = this.prediction.step(tick, input);
    if (shot && this.playing) {
      this.shots.addPredicted(shot);
      this.sound.play("shot");
    }
    this.queue(tick, input);
  }

  idleInput() {
    return { ...STILL, aim: Math.round(this.input.aim) & 255 };
  }

  /** Sends two ticks at a time; a gap in the ticks begins a new message. */
  queue(tick, input) {
    const last = this.pending[this.pending.length - 1];
    if (last && last.tick + 1 !== tick) this.flush();
    this.pending.push({ tick, input });
    if (this.pending.length >= INPUTS_PER_SEND) this.flush();
  }

  flush() {
    if (this.pending.length === 0) return;
    this.connection.sendInputs(this.pending[0].tick, this.pending.map((entry) => entry.input));
    this.pending = [];
  }

  /** What the input of this tick needs to aim. */
  view(tick) {
    return {
      own: this.prediction.shown(1) ?? CENTRE,
      others: this.others.filter((player) => this.isAlive(player)),
      walls: this.walls,
      leadTicks: this.viewAgeTicksAt(tick),
      camera: this.renderer.camera,
    };
  }

  draw(nowMs, elapsedMs) {
    const others = this.interpolation.at(this.playbackTick).filter((player) => player.slot !== this.slot);
    this.others = this.followers.follow(others, elapsedMs);
    this.events.play(nowMs);
    const own = this.ownPlayer();
    this.drawn = { atMs: nowMs, own, others: this.others };
    const players = own ? [...this.others, own] : this.others;
    const aimsWithoutMouse = own && this.input.mode !== "mouse" && this.isAlive(own) && this.playing;
    this.renderer.draw({
      nowMs,
      players: players.map((player) => this.dressed(player, nowMs)),
      shots: this.shots.visible(this.playbackTick, this.inputClock.exactTick, (x, y, slot) => this.effects.burst(x, y, slot, 6, 130)),
      focus: own ?? CENTRE,
      effects: this.effects,
      aimFrom: aimsWithoutMouse ? { x: own.x, y: own.y, direction: aimVector(this.input.aim) } : null,
      sticks: this.playing ? this.input.touch.shown() : [],
    });
    this.hud.update(this.hudView(), this.input.holds("Tab"), nowMs);
    this.panel.update(this, nowMs);
  }

  /** The own player: state from the newest frame, position from prediction. */
  ownPlayer() {
    const state = this.frame.players.get(this.slot);
    const place = this.prediction.shown(this.inputClock.phase);
    if (!state || !place) return null;
    return { ...state, ...place, aim: this.input.aim };
  }

  dressed(player, nowMs) {
    return {
      ...player,
      name: this.nameOf(player.slot),
      own: player.slot === this.slot,
      flash: this.effects.flashOf(player.slot, nowMs),
    };
  }

  hudView() {
    const own = this.frame.players.get(this.slot);
    const serverTick = this.arrival.tickAt(performance.now());
    const respawns = this.playing && own && !this.isAlive(own) && own.respawnTick > 0;
    return {
      own,
      players: [...this.frame.players.values()].map((player) => ({
        ...player, player: this.roster.get(player.slot)?.player, name: this.nameOf(player.slot), bot: Boolean(player.flags & Flag.BOT),
      })),
      secondsLeft: this.playing ? (this.frame.phaseEndsTick - serverTick) / TICK_RATE_HZ : 0,
      respawnTicks: respawns ? own.respawnTick - serverTick : null,
      killer: this.events.killerName,
      roundTripMs: this.connection.roundTripMs,
    };
  }
}
