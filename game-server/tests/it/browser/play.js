// Runs in the page: plays for a while, running in squares, and measures what was drawn from picture to picture.

const KEYS = ["KeyD", "KeyS", "KeyA", "KeyW"];
const TURN_EVERY_MS = 700;
const ALIVE = 1;

const copyOf = ({ slot, x, y, flags }) => ({ slot, x, y, alive: (flags & ALIVE) !== 0 });

function press(type, code) {
  document.body.dispatchEvent(new KeyboardEvent(type, { code, bubbles: true, cancelable: true }));
}

function record(milliseconds) {
  return new Promise((done) => {
    const frames = [];
    const began = performance.now();
    let turns = 0;
    const loop = () => {
      const nowMs = performance.now();
      if (nowMs - began >= turns * TURN_EVERY_MS) {
        if (turns > 0) press("keyup", KEYS[(turns - 1) % KEYS.length]);
        press("keydown", KEYS[turns % KEYS.length]);
        turns += 1;
      }
      const { drawn } = game;
      if (drawn?.own && drawn.atMs !== frames.at(-1)?.atMs) {
        frames.push({ atMs: drawn.atMs, own: copyOf(drawn.own), others: drawn.others.map(copyOf) });
      }
      if (nowMs - began < milliseconds) requestAnimationFrame(loop);
      else {
        for (const code of KEYS) press("keyup", code);
        done(frames);
      }
    };
    loop();
  });
}

const distance = (from, to) => Math.hypot(to.x - from.x, to.y - from.y);

/** Steps of one player over all pairs of pictures in which it lives: `[units, milliseconds]`. */
function stepsOf(frames, find) {
  const steps = [];
  for (let index = 1; index < frames.length; index += 1) {
    const [from, to] = [find(frames[index - 1]), find(frames[index])];
    if (from?.alive && to?.alive) steps.push([distance(from, to), frames[index].atMs - frames[index - 1].atMs]);
  }
  return steps;
}

const total = (steps, column) => steps.reduce((sum, step) => sum + step[column], 0);
const excess = (steps, unitsPerMs) => Math.max(...steps.map(([units, ms]) => units - unitsPerMs * ms));

/** `limits`: units per second that the own player and others may be drawn to move at. */
async function playAndMeasure(milliseconds, limits) {
  const frames = await record(milliseconds);
  const own = stepsOf(frames, (frame) => frame.own);
  const slots = new Set(frames.flatMap((frame) => frame.others.map((other) => other.slot)));
  const others = [...slots].map((slot) => stepsOf(frames, (frame) => frame.others.find((other) => other.slot === slot)));
  const all = others.flat();
  return {
    pictures: frames.length,
    ownMs: total(own, 1),
    ownUnits: total(own, 0),
    ownExcess: excess(own, limits.own / 1000),
    othersMs: total(all, 1),
    othersUnits: total(all, 0),
    othersExcess: excess(all, limits.others / 1000),
    othersMovingShare: total(all.filter(([units]) => units > 0), 1) / total(all, 1),
    network: game.network,
  };
}
