// Which part of the map is on screen: all of it where there is room, else what is around the own player.

import { MAP_SIZE } from "./simulation.js";

const MARGIN_UNITS = 20;
/** Below this many pixels per unit the whole map is too small to play. */
const WHOLE_MAP_SCALE_MIN = 0.55;
const FOLLOW_UNITS_SHORT_SIDE = 560;
const FOLLOW_EDGE_UNITS = 90;
/** In portrait the thumbs cover the lower end, so the view may go this much further down. */
const THUMBS_UNITS = 230;

export class Camera {
  constructor() {
    this.scale = 1;
    this.x = MAP_SIZE / 2;
    this.y = MAP_SIZE / 2;
    this.width = 1;
    this.height = 1;
    this.follows = false;
  }

  /** Sizes in CSS pixels. */
  resize(width, height) {
    this.width = width;
    this.height = height;
    const short = Math.min(width, height);
    const whole = short / (MAP_SIZE + 2 * MARGIN_UNITS);
    this.follows = whole < WHOLE_MAP_SCALE_MIN;
    this.scale = this.follows ? short / FOLLOW_UNITS_SHORT_SIDE : whole;
  }

  lookAt(point) {
    const below = this.height > this.width ? FOLLOW_EDGE_UNITS + THUMBS_UNITS : FOLLOW_EDGE_UNITS;
    this.x = this.follows ? bounded(point.x, this.width / this.scale, FOLLOW_EDGE_UNITS) : MAP_SIZE / 2;
    this.y = this.follows ? bounded(point.y, this.height / this.scale, below) : MAP_SIZE / 2;
  }

  toWorld(screenX, screenY) {
    return {
      x: (screenX - this.width / 2) / this.scale + this.x,
      y: (screenY - this.height / 2) / this.scale + this.y,
    };
  }

  /** Makes the context draw in world units; `shake` is an offset in units. */
  apply(context, pixelRatio, shake) {
    const scale = this.scale * pixelRatio;
    const left = (this.width / 2) * pixelRatio - (this.x + shake.x) * scale;
    const top = (this.height / 2) * pixelRatio - (this.y + shake.y) * scale;
    context.setTransform(scale, 0, 0, scale, left, top);
  }
}

/** Follows without showing more than a strip outside of the map: `beyond` units at its far end. */
function bounded(at, units, beyond) {
  const low = units / 2 - FOLLOW_EDGE_UNITS;
  const high = MAP_SIZE - units / 2 + beyond;
  return low > high ? MAP_SIZE / 2 : Math.min(Math.max(at, low), high);
}
