// Runs in the page: checks its own modules against the golden files; returns what differs, so an empty list is good.
// `modules` holds the imported modules by name, `golden` the parsed files by name.

function bytesOf(hex) {
  return new Uint8Array(hex.match(/../g).map((pair) => parseInt(pair, 16)));
}

function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** From the page's names to those of the golden files: camelCase to snake_case, sorted keys, so that text compares. */
function normal(value) {
  if (value instanceof Map) return [...value.values()].map(normal);
  if (Array.isArray(value)) return value.map(normal);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([name, field]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), normal(field),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const text = (value) => JSON.stringify(normal(value));

function checkMovement({ stepPlayer, aimVector }, movement, differences) {
  const walls = movement.walls.map(([x, y, width, height]) => ({ x, y, width, height }));
  const quanta = (state) => [state.x * 64, state.y * 64, state.velocityX * 16, state.velocityY * 16];
  for (const { name, start, inputs, after } of movement.cases) {
    let state = { x: start[0] / 64, y: start[1] / 64, velocityX: start[2] / 16, velocityY: start[3] / 16 };
    const ticks = inputs.flatMap(([moveX, moveY, count]) => Array(count).fill({ moveX, moveY }));
    for (let index = 0; index < ticks.length; index += 1) {
      state = stepPlayer(state, ticks[index], walls);
      if (text(quanta(state)) === text(after[index])) continue;
      differences.push(`movement ${name}, tick ${index + 1}: ${text(quanta(state))}, not ${text(after[index])}`);
      break;
    }
  }
  movement.directions.forEach(([x, y], aim) => {
    const vector = aimVector(aim);
    if (Math.hypot(vector.x - x, vector.y - y) > 1e-6) differences.push(`direction ${aim}: ${text(vector)}`);
  });
}

function encode(protocol, fields) {
  if (fields.kind === "Hello") return protocol.encodeHello(fields.ticket, fields.version);
  if (fields.kind === "Ping") return protocol.encodePing(fields.client_time_ms);
  if (fields.kind === "Leave") return protocol.encodeLeave();
  const inputs = fields.inputs.map((input) => ({ ...input, moveX: input.move_x, moveY: input.move_y }));
  return protocol.encodeInput(fields.acked_tick, fields.first_tick, inputs);
}

/** The page keeps an event's three bytes; the golden file names them. */
function plainEvent(event) {
  const { a, b, c, kind } = event;
  return [{ kind: "Hit", shooter: a, victim: b, damage: c }, { kind: "Kill", killer: a, victim: b }, { kind: "Respawn", slot: a }][kind - 1];
}

function checkMessages(protocol, client, differences) {
  for (const { fields, hex } of client.from_client) {
    const made = hexOf(encode(protocol, fields));
    if (made !== hex) differences.push(`${fields.kind}: ${made}, not ${hex}`);
  }
  for (const { fields: { kind, ...fields }, hex } of client.from_server) {
    const reader = new protocol.Reader(bytesOf(hex));
    const number = protocol.Kind[kind.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toUpperCase()];
    if (reader.u8() !== number) differences.push(`${kind}: wrong kind byte`);
    const decoded = protocol.decodeMessage(number, reader);
    if (decoded.events) decoded.events = decoded.events.map(plainEvent);
    if (text(decoded) !== text(fields)) differences.push(`${kind}: ${text(decoded)}, not ${text(fields)}`);
    if (reader.left !== 0) differences.push(`${kind}: ${reader.left} bytes left`);
  }
}

function flatState({ head, frame, own }) {
  return {
    tick: frame.tick,
    acked_input_tick: head.ackedInputTick,
    base_tick: head.baseAge === 0 ? null : head.tick - head.baseAge,
    margin_ticks: head.marginTicks,
    own: { x: own.x * 64, y: own.y * 64, velocity_x: own.velocityX * 16, velocity_y: own.velocityY * 16 },
    phase: frame.phase === 0 ? "playing" : "over",
    phase_ends_tick: frame.phaseEndsTick,
    told: frame.told,
    players: [...frame.known.values()].map(({ quantaX, quantaY, ...player }) => ({ ...player, x: quantaX, y: quantaY })),
    projectiles: frame.projectiles,
  };
}

function checkStates(protocol, { StateDecoder }, state, differences) {
  const decoder = new StateDecoder();
  for (const { hex, ...wanted } of state.messages) {
    const reader = new protocol.Reader(bytesOf(hex));
    reader.u8();
    const decoded = decoder.decode(reader, state.slot);
    const found = decoded === null ? "base unknown" : text(flatState(decoded));
    if (found !== text(wanted)) differences.push(`state ${wanted.tick}: ${found}, not ${text(wanted)}`);
  }
}

function checkTexts({ cleanName, cleanLine }, { cases }, differences) {
  for (const { text: typed, name, line } of cases) {
    for (const [found, wanted] of [[cleanName(typed), name], [cleanLine(typed), line]]) {
      if (found !== wanted) differences.push(`text ${escape(typed)}: ${escape(found)}, not ${escape(wanted)}`);
    }
  }
}

function checkGolden(modules, golden) {
  const differences = [];
  checkMovement(modules.simulation, golden.movement, differences);
  checkMessages(modules.protocol, golden.client, differences);
  checkStates(modules.protocol, modules.delta, golden.state, differences);
  checkTexts(modules.text, golden.text, differences);
  return differences.slice(0, 10);
}
