// The arena itself: floor, grid and walls, drawn once per size into a picture of its own.

import { MAP_SIZE } from "./simulation.js";

const GRID_UNITS = 50;
const BORDER_UNITS = 24;

export class Arena {
  constructor() {
    this.picture = document.createElement("canvas");
    this.walls = [];
    this.scale = 0;
  }

  setWalls(walls) {
    this.walls = walls;
    this.scale = 0;
  }

  /** Draws into a context that is already in world units. */
  draw(context, scale) {
    if (scale !== this.scale) this.paint(scale);
    const size = MAP_SIZE + 2 * BORDER_UNITS;
    context.drawImage(this.picture, -BORDER_UNITS, -BORDER_UNITS, size, size);
  }

  paint(scale) {
    this.scale = scale;
    const pixels = Math.ceil((MAP_SIZE + 2 * BORDER_UNITS) * scale);
    this.picture.width = pixels;
    this.picture.height = pixels;
    const context = this.picture.getContext("2d");
    context.scale(scale, scale);
    context.translate(BORDER_UNITS, BORDER_UNITS);
    paintFloor(context);
    paintGrid(context, scale);
    paintBorder(context, scale);
    for (const group of [paintWallGlow, paintWallBody]) group(context, this.walls, scale);
  }
}

function paintFloor(context) {
  const half = MAP_SIZE / 2;
  const light = context.createRadialGradient(half, half, 40, half, half, MAP_SIZE * 0.75);
  light.addColorStop(0, "#172133");
  light.addColorStop(0.6, "#111827");
  light.addColorStop(1, "#0c111b");
  context.fillStyle = light;
  context.fillRect(0, 0, MAP_SIZE, MAP_SIZE);
}

function paintGrid(context, scale) {
  context.fillStyle = "#2c3a52";
  const dot = Math.max(1.4, 1.2 / scale);
  for (let x = GRID_UNITS; x < MAP_SIZE; x += GRID_UNITS) {
    for (let y = GRID_UNITS; y < MAP_SIZE; y += GRID_UNITS) context.fillRect(x - dot / 2, y - dot / 2, dot, dot);
  }
  context.strokeStyle = "#ffffff0a";
  context.lineWidth = 1 / scale;
  context.beginPath();
  context.arc(MAP_SIZE / 2, MAP_SIZE / 2, 330, 0, 2 * Math.PI);
  context.moveTo(MAP_SIZE / 2 + 180, MAP_SIZE / 2);
  context.arc(MAP_SIZE / 2, MAP_SIZE / 2, 180, 0, 2 * Math.PI);
  context.stroke();
}

function paintBorder(context, scale) {
  context.save();
  context.shadowColor = "#5cc8ff";
  context.shadowBlur = 14 * scale;
  context.strokeStyle = "#4d9fd0";
  context.lineWidth = 2.5;
  context.strokeRect(0, 0, MAP_SIZE, MAP_SIZE);
  context.restore();
}

function paintWallGlow(context, walls, scale) {
  context.save();
  context.shadowColor = "#5cc8ff";
  context.shadowBlur = 16 * scale;
  context.strokeStyle = "#4d9fd0";
  context.lineWidth = 4;
  for (const wall of walls) context.strokeRect(wall.x, wall.y, wall.width, wall.height);
  context.restore();
}

/** Bodies come after all outlines, so that overlapping walls look like one. */
function paintWallBody(context, walls) {
  context.fillStyle = "#20304a";
  for (const wall of walls) context.fillRect(wall.x, wall.y, wall.width, wall.height);
  context.fillStyle = "#ffffff0d";
  for (const wall of walls) context.fillRect(wall.x, wall.y, wall.width, 3);
}
