// Draws the players: ring, shape, barrel, health, name; and their shots.

import { PLAYER_RADIUS, HEALTH_MAX } from "./simulation.js";
import { Flag } from "./protocol.js";
import { colourOf, fillShape } from "./palette.js";

const GLOW_PIXELS = 96;
const glows = new Map();

/** A soft disc of one colour, made once: shadows on every frame would be too slow. */
function glowOf(colour) {
  const known = glows.get(colour);
  if (known) return known;
  const canvas = document.createElement("canvas");
  canvas.width = GLOW_PIXELS;
  canvas.height = GLOW_PIXELS;
  const context = canvas.getContext("2d");
  const half = GLOW_PIXELS / 2;
  const gradient = context.createRadialGradient(half, half, 0, half, half, half);
  gradient.addColorStop(0, `${colour}88`);
  gradient.addColorStop(0.4, `${colour}33`);
  gradient.addColorStop(1, `${colour}00`);
  context.fillStyle = gradient;
  context.fillRect(0, 0, GLOW_PIXELS, GLOW_PIXELS);
  glows.set(colour, canvas);
  return canvas;
}

export function drawGlow(context, x, y, radius, colour) {
  context.globalCompositeOperation = "lighter";
  context.drawImage(glowOf(colour), x - radius, y - radius, radius * 2, radius * 2);
  context.globalCompositeOperation = "source-over";
}

function drawBarrel(context, aim, colour) {
  context.save();
  context.rotate((aim / 256) * 2 * Math.PI);
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(PLAYER_RADIUS - 3, -3.2, 11, 6.4, 2);
  context.fill();
  context.restore();
}

function drawBody(context, player, colour, flash) {
  context.fillStyle = "#0c121d";
  context.strokeStyle = flash > 0 ? "#ffffff" : colour;
  context.lineWidth = 3;
  context.beginPath();
  context.arc(0, 0, PLAYER_RADIUS - 1.5, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.fillStyle = flash > 0 ? "#ffffff" : colour;
  fillShape(context, player.slot, 8.2);
}

/** What is left of the health, as an arc around the ring. */
function drawHealth(context, player) {
  const share = player.health / HEALTH_MAX;
  context.lineWidth = 2.6;
  context.lineCap = "round";
  context.strokeStyle = "#00000088";
  context.beginPath();
  context.arc(0, 0, PLAYER_RADIUS + 4.5, 0.25 * Math.PI, 0.75 * Math.PI);
  context.stroke();
  context.strokeStyle = share > 0.4 ? "#5ff0c0" : "#ff6b5e";
  context.beginPath();
  context.arc(0, 0, PLAYER_RADIUS + 4.5, (0.75 - 0.5 * share) * Math.PI, 0.75 * Math.PI);
  context.stroke();
}

function drawProtection(context, nowMs) {
  context.strokeStyle = "#ffffff";
  context.globalAlpha = 0.35 + 0.25 * Math.sin(nowMs / 110);
  context.lineWidth = 1.6;
  context.setLineDash([7, 5]);
  context.lineDashOffset = -nowMs / 40;
  context.beginPath();
  context.arc(0, 0, PLAYER_RADIUS + 9, 0, 2 * Math.PI);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function drawName(context, player, scale) {
  const size = Math.max(11, 12 / scale);
  context.font = `600 ${size}px "Avenir Next", "Segoe UI", "Helvetica Neue", "Liberation Sans", Roboto, sans-serif`;
  context.textAlign = "center";
  context.lineJoin = "round";
  context.lineWidth = size / 4;
  context.strokeStyle = "#080b11cc";
  context.fillStyle = player.own ? "#ffffff" : "#cfd8e8";
  const y = -PLAYER_RADIUS - 9;
  context.strokeText(player.name, 0, y);
  context.fillText(player.name, 0, y);
}

/** `player` has a `name`, `own` and `flash` (0 to 1) beside its state. */
export function drawPlayer(context, player, nowMs, scale) {
  if (!(player.flags & Flag.ALIVE)) return;
  const colour = colourOf(player.slot);
  drawGlow(context, player.x, player.y, player.own ? 52 : 40, colour);
  context.save();
  context.translate(player.x, player.y);
  if (player.flags & Flag.ABSENT) context.globalAlpha = 0.45;
  if (player.own) drawOwnMark(context);
  drawBarrel(context, player.aim, player.flash > 0 ? "#ffffff" : colour);
  drawBody(context, player, colour, player.flash);
  drawHealth(context, player);
  if (player.flags & Flag.PROTECTED) drawProtection(context, nowMs);
  drawName(context, player, scale);
  context.restore();
}

/** A white hairline that only the own player has. */
function drawOwnMark(context) {
  context.strokeStyle = "#ffffffd0";
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(0, 0, PLAYER_RADIUS + 1.2, 0, 2 * Math.PI);
  context.stroke();
}

export function drawShot(context, shot) {
  const colour = colourOf(shot.owner);
  drawGlow(context, shot.x, shot.y, 17, colour);
  context.lineCap = "round";
  context.strokeStyle = colour;
  context.lineWidth = 5;
  context.beginPath();
  context.moveTo(shot.x, shot.y);
  context.lineTo(shot.x - shot.direction.x * 13, shot.y - shot.direction.y * 13);
  context.stroke();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 2.4;
  context.beginPath();
  context.moveTo(shot.x, shot.y);
  context.lineTo(shot.x - shot.direction.x * 5, shot.y - shot.direction.y * 5);
  context.stroke();
}
