// Keyboard, mouse and touch as one input per tick.

import { aimTowards } from "./simulation.js";
import { aimAhead, nearestTarget, pulledAim, turnBetween } from "./assist.js";
import { BUTTON_FIRE } from "./protocol.js";
import { Touch } from "./touch.js";

const MOVE_KEYS = {
  KeyW: [0, -1], ArrowUp: [0, -1], KeyS: [0, 1], ArrowDown: [0, 1],
  KeyA: [-1, 0], ArrowLeft: [-1, 0], KeyD: [1, 0], ArrowRight: [1, 0],
};
const GAME_KEYS = new Set([...Object.keys(MOVE_KEYS), "Space", "KeyQ", "KeyE", "Tab"]);
/** A turn by Q or E takes a second and a half; the assist turns a little faster. */
const TURN_PER_TICK = 2.8;
const ASSIST_TURN_PER_TICK = 5;
const MANUAL_TICKS = 120;
/** After this long without a mouse movement, Space fires with the assist. */
const MOUSE_IDLE_MS = 2500;

export class Input {
  constructor(canvas, onKey) {
    this.keys = new Set();
    this.onKey = onKey;
    this.enabled = false;
    this.touch = new Touch(canvas);
    this.mouse = { x: 0, y: 0, down: false, movedAtMs: -Infinity };
    this.mode = "assist";
    this.manualTicks = 0;
    this.aim = 0;
    this.listen(canvas);
  }

  listen(canvas) {
    addEventListener("keydown", (event) => this.onKeyDown(event));
    addEventListener("keyup", (event) => this.keys.delete(event.code));
    addEventListener("blur", () => this.release());
    addEventListener("mouseup", () => { this.mouse.down = false; });
    canvas.addEventListener("pointermove", (event) => this.onMouse(event));
    canvas.addEventListener("pointerdown", (event) => {
      this.onMouse(event);
      if (event.pointerType !== "touch" && event.button === 0) this.mouse.down = true;
    });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  onMouse(event) {
    if (event.pointerType === "touch") return;
    this.mouse.x = event.clientX;
    this.mouse.y = event.clientY;
    this.mouse.movedAtMs = performance.now();
    this.mode = "mouse";
  }

  onKeyDown(event) {
    if (!this.enabled || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (this.onKey(event)) {
      event.preventDefault();
      return;
    }
    if (!GAME_KEYS.has(event.code)) return;
    event.preventDefault();
    this.keys.add(event.code);
    this.chooseMode(event.code);
  }

  chooseMode(code) {
    if (code === "KeyQ" || code === "KeyE") {
      this.mode = "manual";
      this.manualTicks = MANUAL_TICKS;
    } else if (code === "Space" && performance.now() - this.mouse.movedAtMs > MOUSE_IDLE_MS && this.mode === "mouse") {
      this.mode = "assist";
    }
  }

  /** Nothing may stay pressed when the window loses the keyboard. */
  release() {
    this.keys.clear();
    this.mouse.down = false;
    this.touch.release();
  }

  holds(code) {
    return this.keys.has(code);
  }

  /** The input of one tick. `view`: own position, others alive and how old they are, walls, camera. */
  sample(view) {
    const move = this.wantedMove();
    this.turn(view, move);
    const firing = this.keys.has("Space") || this.mouse.down || this.touch.firing;
    return {
      moveX: Math.round(move.x * 127),
      moveY: Math.round(move.y * 127),
      aim: Math.round(this.aim) & 255,
      buttons: firing ? BUTTON_FIRE : 0,
    };
  }

  wantedMove() {
    const move = { x: 0, y: 0 };
    for (const code of this.keys) {
      const [x, y] = MOVE_KEYS[code] ?? [0, 0];
      move.x += x;
      move.y += y;
    }
    if (move.x === 0 && move.y === 0) return this.touch.move;
    return { x: Math.sign(move.x), y: Math.sign(move.y) };
  }

  turn(view, move) {
    const touchAim = this.touch.aim;
    if (touchAim) {
      this.mode = "assist";
      this.aim = pulledAim(view, aimTowards(touchAim.x, touchAim.y));
    } else if (this.touch.firing) {
      this.assist(view, move);
    } else if (this.mode === "mouse") {
      const target = view.camera.toWorld(this.mouse.x, this.mouse.y);
      this.aim = aimTowards(target.x - view.own.x, target.y - view.own.y);
    } else if (this.mode === "manual") {
      this.turnByHand();
    } else {
      this.assist(view, move);
    }
  }

  turnByHand() {
    const direction = (this.keys.has("KeyE") ? 1 : 0) - (this.keys.has("KeyQ") ? 1 : 0);
    this.aim = (this.aim + direction * TURN_PER_TICK + 256) % 256;
    this.manualTicks = direction === 0 ? this.manualTicks - 1 : MANUAL_TICKS;
    if (this.manualTicks <= 0) this.mode = "assist";
  }

  /** Turns to where a shot meets the nearest visible player; else the way the player walks. */
  assist(view, move) {
    const target = nearestTarget(view);
    if (target) this.turnTowards(aimAhead(view.own, target, view.leadTicks));
    else if (move.x !== 0 || move.y !== 0) this.turnTowards(aimTowards(move.x, move.y));
  }

  turnTowards(aim) {
    const turn = turnBetween(this.aim, aim);
    const step = Math.max(-ASSIST_TURN_PER_TICK, Math.min(ASSIST_TURN_PER_TICK, turn));
    this.aim = (this.aim + step + 256) % 256;
  }
}

const isTyping = (element) => Boolean(element?.closest?.("input, dialog"));
