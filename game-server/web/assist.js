// Aims for those who have no mouse: at the nearest player in sight, ahead of one who moves.

import { PLAYER_RADIUS, PROJECTILE_RADIUS, PROJECTILE_SPEED, TICK_RATE_HZ, aimTowards, inSight } from "./simulation.js";
import { elapsedTicksOf } from "./shots.js";

const UNITS_PER_TICK = PROJECTILE_SPEED / TICK_RATE_HZ;
/** The meeting point moves little after this many corrections of the flight time. */
const ROUNDS = 4;
/** A thumb that points this near to a target means it: 11 degrees, in 256ths of a turn. */
const PULL = 8;

/** Null when nobody is in sight. `view`: own place, others alive, walls, how old the others are. */
export function nearestTarget(view) {
  let best = null;
  let bestDistance = Infinity;
  for (const other of view.others) {
    const distance = Math.hypot(other.x - view.own.x, other.y - view.own.y);
    if (distance < bestDistance && inSight(view.own, other, view.walls)) {
      best = other;
      bestDistance = distance;
    }
  }
  return best;
}

/** The direction in which a shot fired now meets the target if it keeps its velocity. */
export function aimAhead(own, target, leadTicks) {
  let [dx, dy] = [target.x - own.x, target.y - own.y];
  for (let round = 0; round < ROUNDS; round += 1) {
    const way = Math.max(0, Math.hypot(dx, dy) - PLAYER_RADIUS - PROJECTILE_RADIUS);
    const elapsed = elapsedTicksOf(way / UNITS_PER_TICK, leadTicks);
    dx = target.x + target.velocityX * elapsed - own.x;
    dy = target.y + target.velocityY * elapsed - own.y;
  }
  return aimTowards(dx, dy);
}

/** A thumb's direction, pulled to the meeting point with a target that it nearly points at. */
export function pulledAim(view, aim) {
  let best = aim;
  let bestTurn = PULL + 1;
  for (const other of view.others) {
    const ahead = aimAhead(view.own, other, view.leadTicks);
    const turn = Math.abs(turnBetween(aim, ahead));
    if (turn < bestTurn && inSight(view.own, other, view.walls)) {
      best = ahead;
      bestTurn = turn;
    }
  }
  return best;
}

/** The smaller way round from one of 256 directions to another. */
export const turnBetween = (from, to) => ((to - from + 384) % 256) - 128;
