// Puts one moment of the game on the canvas, sharp on every screen.

import { Arena } from "./arena.js";
import { Camera } from "./camera.js";
import { drawPlayer, drawShot } from "./players.js";

const PIXEL_RATIO_MAX = 2.5;
const NO_SHAKE = { x: 0, y: 0 };

export class Renderer {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.arena = new Arena();
    this.camera = new Camera();
    this.resize();
    addEventListener("resize", () => this.resize());
  }

  resize() {
    this.pixelRatio = Math.min(devicePixelRatio || 1, PIXEL_RATIO_MAX);
    this.canvas.width = Math.round(innerWidth * this.pixelRatio);
    this.canvas.height = Math.round(innerHeight * this.pixelRatio);
    this.camera.resize(innerWidth, innerHeight);
  }

  /** `scene`: players, shots, focus, effects, aim line, sticks, and the time. */
  draw(scene) {
    const { context, camera } = this;
    camera.lookAt(scene.focus);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#0a0d13";
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    camera.apply(context, this.pixelRatio, scene.effects?.shakeOffset ?? NO_SHAKE);
    this.arena.draw(context, camera.scale * this.pixelRatio);
    if (scene.aimFrom) drawAimLine(context, scene.aimFrom);
    for (const shot of scene.shots) drawShot(context, shot);
    for (const player of scene.players) drawPlayer(context, player, scene.nowMs, camera.scale);
    scene.effects?.draw(context);
    this.drawOverlay(scene);
  }

  drawOverlay(scene) {
    const { context } = this;
    context.setTransform(this.pixelRatio, 0, 0, this.pixelRatio, 0, 0);
    const hurt = scene.effects?.hurtShare(scene.nowMs) ?? 0;
    if (hurt > 0) drawHurt(context, this.camera, hurt);
    for (const stick of scene.sticks ?? []) drawStick(context, stick);
  }
}

/** A faint line shows where keyboard and touch aim. */
function drawAimLine(context, from) {
  context.strokeStyle = "#ffffff2e";
  context.lineWidth = 1.5;
  context.setLineDash([4, 8]);
  context.beginPath();
  context.moveTo(from.x + from.direction.x * 30, from.y + from.direction.y * 30);
  context.lineTo(from.x + from.direction.x * 190, from.y + from.direction.y * 190);
  context.stroke();
  context.setLineDash([]);
}

function drawHurt(context, camera, share) {
  const { width, height } = camera;
  const edge = context.createRadialGradient(width / 2, height / 2, Math.min(width, height) * 0.3,
    width / 2, height / 2, Math.max(width, height) * 0.7);
  edge.addColorStop(0, "#ff503c00");
  edge.addColorStop(1, "#ff503c");
  context.globalAlpha = share * 0.4;
  context.fillStyle = edge;
  context.fillRect(0, 0, width, height);
  context.globalAlpha = 1;
}

function drawStick(context, stick) {
  context.lineWidth = 2;
  context.strokeStyle = stick.active ? "#ffffff66" : "#ffffff26";
  context.fillStyle = "#ffffff10";
  context.beginPath();
  context.arc(stick.x, stick.y, stick.radius, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.fillStyle = stick.colour;
  context.globalAlpha = stick.active ? 0.75 : 0.25;
  context.beginPath();
  context.arc(stick.knobX, stick.knobY, stick.radius * 0.42, 0, 2 * Math.PI);
  context.fill();
  context.globalAlpha = 1;
}
