// What moves behind the lobby: the empty arena with a few shapes strolling through it.

import { MAP_SIZE } from "./simulation.js";
import { Flag } from "./protocol.js";

const WALKERS = 6;
/** The shipped map's walls come with a match; until then these stand in. */
const WALLS = [
  { x: 460, y: 460, width: 80, height: 80 },
  { x: 430, y: 288, width: 140, height: 24 }, { x: 430, y: 688, width: 140, height: 24 },
  { x: 288, y: 430, width: 24, height: 140 }, { x: 688, y: 430, width: 24, height: 140 },
];

export class Backdrop {
  constructor(renderer) {
    this.renderer = renderer;
    this.running = false;
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.renderer.arena.setWalls(WALLS);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const loop = (nowMs) => {
      if (!this.running) return;
      this.draw(calm.matches ? 0 : nowMs);
      requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  }

  stop() {
    this.running = false;
  }

  draw(nowMs) {
    const players = Array.from({ length: WALKERS }, (_, slot) => walker(slot, nowMs));
    this.renderer.draw({ nowMs, players, shots: [], focus: { x: MAP_SIZE / 2, y: MAP_SIZE / 2 } });
  }
}

/** Everyone walks an own slow loop around the centre. */
function walker(slot, nowMs) {
  const pace = nowMs / (9000 + 1700 * slot) + slot * 1.9;
  const reach = 380 - 18 * slot;
  return {
    slot,
    x: MAP_SIZE / 2 + Math.cos(pace) * reach,
    y: MAP_SIZE / 2 + Math.sin(pace * 1.3) * reach,
    aim: ((pace * 40) + 64) % 256,
    health: 100,
    flags: Flag.ALIVE,
    name: "",
    own: false,
    flash: 0,
  };
}
