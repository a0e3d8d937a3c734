// The server's movement arithmetic, bit for bit: every step is rounded to f32 as sim.rs does it.

export const TICK_RATE_HZ = 60;
export const TICK_MS = 1000 / TICK_RATE_HZ;
export const STATE_EVERY_TICKS = 3;
export const MAP_SIZE = 1000;
export const POSITION_STEPS_PER_UNIT = 64;
export const VELOCITY_STEPS_PER_UNIT = 16;
export const PLAYER_RADIUS = 16;
export const PROJECTILE_RADIUS = 5;
export const PROJECTILE_SPEED = 640;
export const PROJECTILE_LIFE_TICKS = 75;
export const FIRE_COOLDOWN_TICKS = 14;
export const HEALTH_MAX = 100;

const f32 = Math.fround;
export const PLAYER_SPEED = 240;
const VELOCITY_BLEND = 0.25;
const DT = f32(1 / TICK_RATE_HZ);

/** The wanted direction, at most of length one. */
function wish(moveX, moveY) {
  const x = f32(moveX / 127);
  const y = f32(moveY / 127);
  const lengthSquared = f32(f32(x * x) + f32(y * y));
  if (lengthSquared <= 1) return [x, y];
  const length = f32(Math.sqrt(lengthSquared));
  return [f32(x / length), f32(y / length)];
}

const quantise = (value, steps) => f32(Math.floor(f32(f32(value * steps) + 0.5)) / steps);

function blend(velocity, direction) {
  const wanted = f32(direction * PLAYER_SPEED);
  const mixed = f32(velocity + f32(f32(wanted - velocity) * VELOCITY_BLEND));
  return quantise(mixed, VELOCITY_STEPS_PER_UNIT);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Moves a centre that is inside a wall out along the shallowest side: left, right, top, bottom. */
function leaveWall(position, wall) {
  const right = wall.x + wall.width;
  const bottom = wall.y + wall.height;
  const depths = [f32(position.x - wall.x), f32(right - position.x), f32(position.y - wall.y), f32(bottom - position.y)];
  const shallowest = depths.indexOf(Math.min(...depths));
  if (shallowest === 0) position.x = wall.x - PLAYER_RADIUS;
  else if (shallowest === 1) position.x = right + PLAYER_RADIUS;
  else if (shallowest === 2) position.y = wall.y - PLAYER_RADIUS;
  else position.y = bottom + PLAYER_RADIUS;
}

function pushOut(position, wall) {
  const nearestX = clamp(position.x, wall.x, wall.x + wall.width);
  const nearestY = clamp(position.y, wall.y, wall.y + wall.height);
  const dx = f32(position.x - nearestX);
  const dy = f32(position.y - nearestY);
  const distanceSquared = f32(f32(dx * dx) + f32(dy * dy));
  if (distanceSquared >= PLAYER_RADIUS * PLAYER_RADIUS) return;
  if (distanceSquared === 0) {
    leaveWall(position, wall);
    return;
  }
  const scale = f32(PLAYER_RADIUS / f32(Math.sqrt(distanceSquared)));
  position.x = f32(nearestX + f32(dx * scale));
  position.y = f32(nearestY + f32(dy * scale));
}

/** The nearest place where a player can stand. */
export function outOfWalls(place, walls) {
  const position = { ...place };
  for (const wall of walls) pushOut(position, wall);
  return {
    x: clamp(position.x, PLAYER_RADIUS, MAP_SIZE - PLAYER_RADIUS),
    y: clamp(position.y, PLAYER_RADIUS, MAP_SIZE - PLAYER_RADIUS),
  };
}

/** One tick of one living player; returns a new `{ x, y, velocityX, velocityY }`. */
export function stepPlayer(state, input, walls) {
  const [wishX, wishY] = wish(input.moveX, input.moveY);
  const velocityX = blend(state.velocityX, wishX);
  const velocityY = blend(state.velocityY, wishY);
  const position = {
    x: clamp(f32(state.x + f32(velocityX * DT)), PLAYER_RADIUS, MAP_SIZE - PLAYER_RADIUS),
    y: clamp(f32(state.y + f32(velocityY * DT)), PLAYER_RADIUS, MAP_SIZE - PLAYER_RADIUS),
  };
  for (const wall of walls) pushOut(position, wall);
  return {
    x: quantise(position.x, POSITION_STEPS_PER_UNIT),
    y: quantise(position.y, POSITION_STEPS_PER_UNIT),
    velocityX,
    velocityY,
  };
}

/** Unit vector of one of the 256 aim directions; 0 is right, 64 is down. */
export function aimVector(aim) {
  const angle = (aim / 256) * 2 * Math.PI;
  return { x: Math.cos(angle), y: Math.sin(angle) };
}

/** The aim direction nearest to a vector. */
export function aimTowards(dx, dy) {
  return Math.round((Math.atan2(dy, dx) / (2 * Math.PI)) * 256) & 255;
}

/** Ticks until a point moving along a unit vector meets a grown wall or the border, at most a projectile's life. */
export function flightTicks(x, y, direction, walls) {
  const perTick = PROJECTILE_SPEED / TICK_RATE_HZ;
  const reach = perTick * PROJECTILE_LIFE_TICKS;
  let distance = Math.min(reach, borderDistance(x, direction.x), borderDistance(y, direction.y));
  for (const wall of walls) distance = Math.min(distance, wallDistance(x, y, direction, wall));
  return distance / perTick;
}

function borderDistance(at, speed) {
  if (speed > 0) return (MAP_SIZE - PROJECTILE_RADIUS - at) / speed;
  return speed < 0 ? (PROJECTILE_RADIUS - at) / speed : Infinity;
}

/** Where a ray enters a rectangle grown by the projectile's radius; Infinity when it misses. */
function wallDistance(x, y, direction, wall) {
  const spans = [
    span(x, direction.x, wall.x - PROJECTILE_RADIUS, wall.x + wall.width + PROJECTILE_RADIUS),
    span(y, direction.y, wall.y - PROJECTILE_RADIUS, wall.y + wall.height + PROJECTILE_RADIUS),
  ];
  const enter = Math.max(spans[0][0], spans[1][0]);
  const leave = Math.min(spans[0][1], spans[1][1]);
  return enter <= leave && enter >= 0 ? enter : Infinity;
}

function span(at, speed, low, high) {
  if (Math.abs(speed) < 1e-9) return at > low && at < high ? [-Infinity, Infinity] : [Infinity, -Infinity];
  const a = (low - at) / speed;
  const b = (high - at) / speed;
  return a < b ? [a, b] : [b, a];
}

/** Whether nothing solid lies between two points; for the aim assist. */
export function inSight(from, to, walls) {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const distance = Math.hypot(dx, dy) || 1;
  const direction = { x: dx / distance, y: dy / distance };
  return walls.every((wall) => wallDistance(from.x, from.y, direction, wall) > distance);
}
