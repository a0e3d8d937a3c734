// The binary messages of `/room` (the server's protocol/client.rs); State bodies are in delta.js.

export const PROTOCOL_VERSION = 2;
export const INPUTS_PER_MESSAGE_MAX = 8;

export const Kind = { WELCOME: 1, ROSTER: 2, STATE: 3, EVENTS: 4, PONG: 5, OVER: 6, ERROR: 7, ROSTER_CHANGE: 8 };
export const EventKind = { HIT: 1, KILL: 2, RESPAWN: 3 };
export const ErrorCode = {
  MALFORMED: 1, VERSION: 2, TICKET: 3, ROOM_GONE: 4, ROOM_FULL: 5, TOO_FAST: 6, TOO_SLOW: 7, DRAINING: 8, INTERNAL: 9,
  REPLACED: 10, UNREACHABLE: 11, TOO_SOON: 12,
};
export const Flag = { ALIVE: 1, PROTECTED: 2, BOT: 4, ABSENT: 8 };
/** The slot of who watches a replay: after those of the ten players, so on no map. */
export const SPECTATOR = 10;
export const BUTTON_FIRE = 1;
const VIEW_AGE_SHIFT = 1;
const VIEW_AGE_MAX = 127;

/** An input's buttons with the ticks that the others on screen are older than the input. */
export function withViewAge(buttons, ageTicks) {
  const age = Math.min(Math.max(Math.round(ageTicks), 0), VIEW_AGE_MAX);
  return (buttons & BUTTON_FIRE) | (age << VIEW_AGE_SHIFT);
}

const CLIENT_KIND = { HELLO: 1, INPUT: 2, PING: 3, LEAVE: 4 };
const utf8Decoder = new TextDecoder();

/** Reads little-endian fields from one message; throws RangeError past its end. */
export class Reader {
  constructor(buffer) {
    this.view = buffer instanceof ArrayBuffer
      ? new DataView(buffer)
      : new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.at = 0;
  }

  get left() {
    return this.view.byteLength - this.at;
  }

  u8() {
    return this.view.getUint8(this.at++);
  }

  i8() {
    return this.view.getInt8(this.at++);
  }

  u16() {
    this.at += 2;
    return this.view.getUint16(this.at - 2, true);
  }

  i16() {
    this.at += 2;
    return this.view.getInt16(this.at - 2, true);
  }

  u32() {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  /** A 64-bit id as a decimal string: JavaScript numbers cannot hold it. */
  id64() {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, true).toString();
  }

  text() {
    const length = this.u8();
    if (length > this.left) throw new RangeError("text is longer than its message");
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + this.at, length);
    this.at += length;
    return utf8Decoder.decode(bytes);
  }

  list(readOne) {
    return Array.from({ length: this.u8() }, () => readOne(this));
  }
}

/** The first message on a room socket. */
export function encodeHello(ticket, version = PROTOCOL_VERSION) {
  const bytes = new Uint8Array(4 + ticket.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, CLIENT_KIND.HELLO);
  view.setUint8(1, version);
  view.setUint16(2, ticket.length, true);
  for (let index = 0; index < ticket.length; index += 1) bytes[4 + index] = ticket.charCodeAt(index);
  return bytes;
}

/** Inputs for the consecutive ticks from `firstTick`, with the newest State this page has decoded. */
export function encodeInput(ackedTick, firstTick, inputs) {
  const sent = inputs.slice(0, INPUTS_PER_MESSAGE_MAX);
  const view = new DataView(new ArrayBuffer(10 + 4 * sent.length));
  view.setUint8(0, CLIENT_KIND.INPUT);
  view.setUint32(1, ackedTick, true);
  view.setUint32(5, firstTick, true);
  view.setUint8(9, sent.length);
  sent.forEach((input, index) => {
    const at = 10 + 4 * index;
    view.setInt8(at, input.moveX);
    view.setInt8(at + 1, input.moveY);
    view.setUint8(at + 2, input.aim);
    view.setUint8(at + 3, input.buttons);
  });
  return new Uint8Array(view.buffer);
}

export function encodePing(clientTimeMs) {
  const view = new DataView(new ArrayBuffer(5));
  view.setUint8(0, CLIENT_KIND.PING);
  view.setUint32(1, clientTimeMs >>> 0, true);
  return new Uint8Array(view.buffer);
}

export function encodeLeave() {
  return new Uint8Array([CLIENT_KIND.LEAVE]);
}

const readWall = (reader) => ({ x: reader.u16(), y: reader.u16(), width: reader.u16(), height: reader.u16() });

function readWelcome(reader) {
  return {
    version: reader.u8(),
    slot: reader.u8(),
    room: reader.id64(),
    tick: reader.u32(),
    mapSize: reader.u16(),
    matchTicks: reader.u32(),
    walls: reader.list(readWall),
  };
}

const readRosterEntry = (reader) => ({
  slot: reader.u8(), bot: (reader.u8() & 1) !== 0, player: reader.id64(), name: reader.text(),
});
const readEvent = (reader) => ({ kind: reader.u8(), a: reader.u8(), b: reader.u8(), c: reader.u8() });
const readResult = (reader) => ({
  slot: reader.u8(),
  bot: (reader.u8() & 1) !== 0,
  player: reader.id64(),
  kills: reader.u16(),
  deaths: reader.u16(),
  name: reader.text(),
});

/** Decodes every message but State; `reader` stands behind the kind byte. Null for what only a newer server says. */
export function decodeMessage(kind, reader) {
  switch (kind) {
    case Kind.WELCOME:
      return readWelcome(reader);
    case Kind.ROSTER:
      return { entries: reader.list(readRosterEntry) };
    case Kind.ROSTER_CHANGE:
      return { gone: reader.u16(), entries: reader.list(readRosterEntry) };
    case Kind.EVENTS:
      return { tick: reader.u32(), events: reader.list(readEvent) };
    case Kind.PONG:
      return { clientTimeMs: reader.u32(), tick: reader.u32(), tickGapExcessP99Us: reader.u32() };
    case Kind.OVER:
      return { results: reader.list(readResult) };
    case Kind.ERROR:
      return { code: reader.u8(), message: reader.text() };
    default:
      return null;
  }
}
