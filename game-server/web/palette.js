// One colour and one shape per seat, so that nobody is told apart by colour alone.

export const COLOURS = [
  "#ffb454", "#56b4e9", "#2fd6a1", "#ff6b5e", "#f0e442", "#d58bff", "#6f9bff", "#ff8fc7", "#a8e05f", "#e4e9f2",
];

const polygon = (corners, turn = 0) => (context, radius) => {
  for (let index = 0; index < corners; index += 1) {
    const angle = ((index / corners) + turn - 0.25) * 2 * Math.PI;
    context.lineTo(Math.cos(angle) * radius, Math.sin(angle) * radius);
  }
};

const star = (points, inner) => (context, radius) => {
  for (let index = 0; index < points * 2; index += 1) {
    const angle = (index / (points * 2) - 0.25) * 2 * Math.PI;
    const reach = index % 2 === 0 ? radius : radius * inner;
    context.lineTo(Math.cos(angle) * reach, Math.sin(angle) * reach);
  }
};

function cross(context, radius) {
  const arm = radius * 0.36;
  const corners = [[-arm, -radius], [arm, -radius], [arm, -arm], [radius, -arm], [radius, arm], [arm, arm],
    [arm, radius], [-arm, radius], [-arm, arm], [-radius, arm], [-radius, -arm], [-arm, -arm]];
  for (const [x, y] of corners) context.lineTo(x, y);
}

const bars = (context, radius) => {
  context.rect(-radius, -radius * 0.8, radius * 2, radius * 0.55);
  context.rect(-radius, radius * 0.25, radius * 2, radius * 0.55);
};

const SHAPES = [
  polygon(3), polygon(4, 1 / 8), polygon(4), star(5, 0.45), cross, polygon(6), star(4, 0.38), bars, polygon(3, 0.5),
  (context, radius) => context.arc(0, 0, radius * 0.8, 0, 2 * Math.PI),
];

export const colourOf = (slot) => COLOURS[slot % COLOURS.length];

/** Fills the seat's shape around the origin. */
export function fillShape(context, slot, radius) {
  context.beginPath();
  SHAPES[slot % SHAPES.length](context, radius);
  context.closePath();
  context.fill();
}

/** Draws the seat's ring and shape into a small canvas element, for tables and the name plate. */
export function drawBadge(canvas, slot) {
  const context = canvas.getContext("2d");
  const half = canvas.width / 2;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.translate(half, half);
  context.strokeStyle = colourOf(slot);
  context.fillStyle = colourOf(slot);
  context.lineWidth = half * 0.16;
  context.beginPath();
  context.arc(0, 0, half * 0.84, 0, 2 * Math.PI);
  context.stroke();
  fillShape(context, slot, half * 0.52);
}

export function newBadge(slot) {
  const canvas = document.createElement("canvas");
  canvas.width = 40;
  canvas.height = 40;
  canvas.setAttribute("aria-hidden", "true");
  drawBadge(canvas, slot);
  return canvas;
}
