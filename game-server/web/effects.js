// Sparks, rings and a little shake: what makes a hit felt. Everything is bounded and short.

import { colourOf } from "./palette.js";

const SPARKS_MAX = 240;
const RINGS_MAX = 24;
const SHAKE_UNITS_MAX = 5;
const SHAKE_HALF_LIFE_MS = 70;
const FLASH_MS = 220;

export class Effects {
  constructor() {
    this.sparks = [];
    this.rings = [];
    this.shakeUnits = 0;
    this.flashes = new Map();
    this.hurtUntilMs = 0;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  burst(x, y, slot, count, speed) {
    const share = this.calm.matches ? 0.4 : 1;
    for (let index = 0; index < count * share; index += 1) {
      const angle = Math.random() * 2 * Math.PI;
      const pace = speed * (0.3 + 0.7 * Math.random());
      const lifeMs = 180 + 260 * Math.random();
      this.sparks.push({ x, y, dx: Math.cos(angle) * pace, dy: Math.sin(angle) * pace, ageMs: 0, lifeMs, colour: colourOf(slot) });
    }
    if (this.sparks.length > SPARKS_MAX) this.sparks.splice(0, this.sparks.length - SPARKS_MAX);
  }

  ring(x, y, slot, radius, lifeMs) {
    this.rings.push({ x, y, radius, ageMs: 0, lifeMs, colour: colourOf(slot) });
    if (this.rings.length > RINGS_MAX) this.rings.shift();
  }

  /** The struck player turns white for a moment. */
  flash(slot, nowMs) {
    this.flashes.set(slot, nowMs + FLASH_MS);
  }

  flashOf(slot, nowMs) {
    return Math.max(0, ((this.flashes.get(slot) ?? 0) - nowMs) / FLASH_MS);
  }

  hurt(nowMs) {
    this.hurtUntilMs = nowMs + FLASH_MS;
    this.shake(3);
  }

  hurtShare(nowMs) {
    return Math.max(0, (this.hurtUntilMs - nowMs) / FLASH_MS);
  }

  shake(units) {
    if (!this.calm.matches) this.shakeUnits = Math.min(this.shakeUnits + units, SHAKE_UNITS_MAX);
  }

  get shakeOffset() {
    if (this.shakeUnits < 0.05) return { x: 0, y: 0 };
    return { x: (Math.random() - 0.5) * this.shakeUnits, y: (Math.random() - 0.5) * this.shakeUnits };
  }

  advance(elapsedMs) {
    this.shakeUnits *= 0.5 ** (elapsedMs / SHAKE_HALF_LIFE_MS);
    for (const spark of this.sparks) {
      spark.ageMs += elapsedMs;
      spark.x += (spark.dx * elapsedMs) / 1000;
      spark.y += (spark.dy * elapsedMs) / 1000;
    }
    for (const ring of this.rings) ring.ageMs += elapsedMs;
    this.sparks = this.sparks.filter((spark) => spark.ageMs < spark.lifeMs);
    this.rings = this.rings.filter((ring) => ring.ageMs < ring.lifeMs);
  }

  draw(context) {
    context.lineWidth = 2.5;
    for (const ring of this.rings) {
      const share = ring.ageMs / ring.lifeMs;
      context.globalAlpha = (1 - share) * 0.8;
      context.strokeStyle = ring.colour;
      context.beginPath();
      context.arc(ring.x, ring.y, ring.radius * (0.3 + 0.7 * share), 0, 2 * Math.PI);
      context.stroke();
    }
    for (const spark of this.sparks) {
      context.globalAlpha = 1 - spark.ageMs / spark.lifeMs;
      context.strokeStyle = spark.colour;
      context.beginPath();
      context.moveTo(spark.x, spark.y);
      context.lineTo(spark.x - spark.dx * 0.035, spark.y - spark.dy * 0.035);
      context.stroke();
    }
    context.globalAlpha = 1;
  }
}
