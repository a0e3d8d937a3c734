// Two floating sticks: the left thumb moves, the right thumb aims and fires.

const STICK_RADIUS = 54;
const DEAD_SHARE = 0.18;
const REST_INSET = 92;
const COLOURS = { left: "#5cc8ff", right: "#ffb454" };

export class Touch {
  constructor(canvas) {
    this.canvas = canvas;
    this.sticks = { left: null, right: null };
    this.used = false;
    canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.onUp(event));
  }

  onDown(event) {
    if (event.pointerType !== "touch") return;
    event.preventDefault();
    this.used = true;
    const side = event.clientX < innerWidth / 2 ? "left" : "right";
    if (this.sticks[side]) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.sticks[side] = { id: event.pointerId, x: event.clientX, y: event.clientY, dx: 0, dy: 0 };
  }

  onMove(event) {
    for (const stick of Object.values(this.sticks)) {
      if (stick?.id === event.pointerId) drag(stick, event.clientX, event.clientY);
    }
  }

  onUp(event) {
    for (const side of ["left", "right"]) {
      if (this.sticks[side]?.id === event.pointerId) this.sticks[side] = null;
    }
  }

  release() {
    this.sticks = { left: null, right: null };
  }

  /** Wanted direction with length 0 to 1. */
  get move() {
    const stick = this.sticks.left;
    return stick && reach(stick) > DEAD_SHARE ? { x: stick.dx, y: stick.dy } : { x: 0, y: 0 };
  }

  get firing() {
    return this.sticks.right !== null;
  }

  /** Null while the right thumb only holds: then the nearest player is the target. */
  get aim() {
    const stick = this.sticks.right;
    return stick && reach(stick) > DEAD_SHARE ? { x: stick.dx, y: stick.dy } : null;
  }

  /** What to draw; resting places show where the thumbs go. */
  shown() {
    if (!this.used && !matchMedia("(pointer: coarse)").matches) return [];
    return ["left", "right"].map((side) => {
      const stick = this.sticks[side];
      const restX = side === "left" ? REST_INSET : innerWidth - REST_INSET;
      const x = stick?.x ?? restX;
      const y = stick?.y ?? innerHeight - REST_INSET - 20;
      const knobX = x + (stick?.dx ?? 0) * STICK_RADIUS;
      const knobY = y + (stick?.dy ?? 0) * STICK_RADIUS;
      return { x, y, knobX, knobY, radius: STICK_RADIUS, active: stick !== null, colour: COLOURS[side] };
    });
  }
}

const reach = (stick) => Math.hypot(stick.dx, stick.dy);

/** The base follows a thumb that goes further than the stick, so that turning back is immediate. */
function drag(stick, x, y) {
  const dx = (x - stick.x) / STICK_RADIUS;
  const dy = (y - stick.y) / STICK_RADIUS;
  const length = Math.max(1, Math.hypot(dx, dy));
  stick.dx = dx / length;
  stick.dy = dy / length;
  stick.x = x - stick.dx * STICK_RADIUS;
  stick.y = y - stick.dy * STICK_RADIUS;
}
