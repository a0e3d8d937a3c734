// Hides jumps: what is drawn moves on at a bounded speed while an error behind it fades.

import { PLAYER_SPEED } from "./simulation.js";
import { Flag } from "./protocol.js";

/** Errors below the first size shrink by 5 % in a 60th of a second, above the second by 15 %, blended in between. */
const NEAR_UNITS = 8;
const FAR_UNITS = 32;
const KEEP_NEAR = 0.95;
const KEEP_FAR = 0.85;
const FRAME_MS = 1000 / 60;
/** Beside an own step, a correction never moves the picture faster than this. */
export const CORRECTION_UNITS_PER_S = 200;
/** What is further off than a second of running the other way is another place, not an error. */
const JUMP_UNITS = 2 * PLAYER_SPEED;
/** Others catch up at this pace at most, half as fast again as anybody runs. */
export const FOLLOW_UNITS_PER_S = 1.5 * PLAYER_SPEED;

/** The offset between what is drawn and what is now known to be true. */
export class Correction {
  constructor() {
    this.x = 0;
    this.y = 0;
  }

  /** Begins to hide a difference; returns how large it is. */
  hide(x, y) {
    const size = Math.hypot(x, y);
    const hidden = size <= JUMP_UNITS;
    this.x = hidden ? x : 0;
    this.y = hidden ? y : 0;
    return size;
  }

  decay(elapsedMs) {
    const size = Math.hypot(this.x, this.y);
    if (size === 0) return;
    const far = Math.min(Math.max((size - NEAR_UNITS) / (FAR_UNITS - NEAR_UNITS), 0), 1);
    const kept = size * (KEEP_NEAR + (KEEP_FAR - KEEP_NEAR) * far) ** (elapsedMs / FRAME_MS);
    const share = Math.max(kept, size - (CORRECTION_UNITS_PER_S * elapsedMs) / 1000, 0) / size;
    this.x *= share;
    this.y *= share;
  }
}

/** Lets the other players follow their interpolated places without a leap, even when a guess about them was wrong. */
export class Followers {
  constructor() {
    this.shown = new Map();
  }

  /** The players with the places to draw them at. */
  follow(players, elapsedMs) {
    const reach = (FOLLOW_UNITS_PER_S * elapsedMs) / 1000;
    const drawn = players.map((player) => {
      const before = this.shown.get(player.slot);
      return before && canFollow(before, player) ? step(before, player, reach) : player;
    });
    this.shown = new Map(drawn.map((player) => [player.slot, player]));
    return drawn;
  }
}

/** Whoever returns from the dead, or was exchanged for somebody else, appears where they are. */
function canFollow(before, player) {
  const wasThere = before.flags & player.flags & Flag.ALIVE;
  return wasThere && Math.hypot(player.x - before.x, player.y - before.y) <= JUMP_UNITS;
}

function step(before, player, reach) {
  const dx = player.x - before.x;
  const dy = player.y - before.y;
  const distance = Math.hypot(dx, dy);
  if (distance <= reach) return player;
  return { ...player, x: before.x + (dx / distance) * reach, y: before.y + (dy / distance) * reach };
}
