// The room socket: opens it with the ticket, decodes what comes, and returns to the same seat when it drops.

import { Kind, Reader, decodeMessage, encodeHello, encodeInput, encodeLeave, encodePing, ErrorCode } from "./protocol.js";
import { StateDecoder } from "./delta.js";
import { openSocket, retryDelayMs } from "./sockets.js";

const PING_EVERY_MS = 1000;
const SILENCE_MAX_MS = 5000;
/** Servers hold a seat for half a minute unless told otherwise; a little more covers the way there. */
const REJOIN_WITHIN_MS = 32000;
const BUFFERED_BYTES_MAX = 16384;
const NO_RETURN = new Set([ErrorCode.VERSION, ErrorCode.TICKET, ErrorCode.ROOM_GONE, ErrorCode.ROOM_FULL, ErrorCode.MALFORMED,
  ErrorCode.REPLACED]);

const REASONS = {
  [ErrorCode.MALFORMED]: "The server did not understand this page. Reload it to go on.",
  [ErrorCode.VERSION]: "The server was upgraded. Reload this page to go on.",
  [ErrorCode.TICKET]: "Your place was given away. Press Play for another.",
  [ErrorCode.ROOM_GONE]: "That match is over.",
  [ErrorCode.ROOM_FULL]: "That match is full. Press Play for another.",
  [ErrorCode.TOO_SLOW]: "The connection is too slow to keep up with the match.",
  [ErrorCode.UNREACHABLE]: "The server of that match cannot be reached.",
  [ErrorCode.DRAINING]: "The server is restarting. Try again in a moment.",
  [ErrorCode.REPLACED]: "You went on playing in another window.",
  [ErrorCode.TOO_SOON]: "You have just left that match. Press Play again in a moment.",
};

const TICKET_EXPIRED = "Your ticket ran out. If it was new, the clocks of the servers differ.";

const HANDLERS = {
  [Kind.WELCOME]: "onWelcome", [Kind.ROSTER]: "onRoster", [Kind.ROSTER_CHANGE]: "onRosterChange", [Kind.EVENTS]: "onEvents",
  [Kind.OVER]: "onOver",
};

export class RoomConnection {
  /** `isNew`: nobody has sat there yet, so that another seat is as good as a wait for this one. */
  constructor({ ticket, isNew = false }, handlers) {
    this.ticket = ticket;
    this.isNew = isNew;
    this.handlers = handlers;
    this.closed = false;
    this.over = false;
    this.lostAtMs = null;
    this.attempt = 0;
    this.roundTripMs = 0;
    this.tickGapExcessUs = 0;
    this.roundTripJitterMs = 0;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.refusal = null;
  }

  open() {
    this.decoder = new StateDecoder();
    this.socket = openSocket("room");
    this.socket.binaryType = "arraybuffer";
    this.heardAtMs = performance.now();
    this.socket.onopen = () => {
      this.socket.send(encodeHello(this.ticket));
      this.ping();
    };
    this.socket.onmessage = (event) => this.onMessage(event.data);
    this.socket.onclose = () => this.onClose();
    clearInterval(this.pinger);
    this.pinger = setInterval(() => this.ping(), PING_EVERY_MS);
  }

  /** Also notices a dead network, which can take a socket minutes. */
  ping() {
    if (performance.now() - this.heardAtMs > SILENCE_MAX_MS) {
      this.socket.onclose = null;
      this.socket.close();
      this.onClose();
      return;
    }
    this.send(encodePing(Math.round(performance.now())));
  }

  send(bytes) {
    if (this.socket.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > BUFFERED_BYTES_MAX) return;
    this.socket.send(bytes);
    this.bytesSent += bytes.byteLength;
  }

  sendInputs(firstTick, inputs) {
    this.send(encodeInput(this.decoder.newestTick, firstTick, inputs));
  }

  leave() {
    this.send(encodeLeave());
    this.stop();
  }

  stop() {
    this.closed = true;
    clearInterval(this.pinger);
    clearTimeout(this.retryTimer);
    this.socket.close();
  }

  onMessage(buffer) {
    if (this.closed || !(buffer instanceof ArrayBuffer)) return;
    this.heardAtMs = performance.now();
    this.bytesReceived += buffer.byteLength;
    try {
      const reader = new Reader(buffer);
      this.dispatch(reader.u8(), reader);
    } catch (error) {
      this.fail(`The server sent something this page does not understand (${error.message}).`);
    }
  }

  dispatch(kind, reader) {
    if (kind === Kind.STATE) {
      const state = this.decoder.decode(reader, this.slot);
      if (state) this.handlers.onState(state);
      return;
    }
    const message = decodeMessage(kind, reader);
    if (message === null) return;
    if (kind === Kind.PONG) this.onPong(message);
    else if (kind === Kind.ERROR) this.refusal = message;
    else this.onOther(kind, message);
  }

  onOther(kind, message) {
    if (kind === Kind.WELCOME) {
      this.isNew = false;
      this.slot = message.slot;
      this.lostAtMs = null;
      this.attempt = 0;
    }
    if (kind === Kind.OVER) this.over = true;
    this.handlers[HANDLERS[kind]](message);
  }

  onPong(message) {
    const sample = Math.round(performance.now()) - message.clientTimeMs;
    if (this.roundTripMs > 0) this.roundTripJitterMs += (Math.abs(sample - this.roundTripMs) - this.roundTripJitterMs) * 0.25;
    this.roundTripMs = this.roundTripMs === 0 ? sample : this.roundTripMs + (sample - this.roundTripMs) * 0.25;
    this.tickGapExcessUs = message.tickGapExcessP99Us;
  }

  onClose() {
    clearInterval(this.pinger);
    if (this.closed) return;
    if (this.over) {
      this.stop();
      this.handlers.onClosed();
      return;
    }
    if (this.isFinal(this.refusal?.code)) {
      this.fail(this.reason, this.refusal.code);
      return;
    }
    this.retry();
  }

  /** Why the server let this page go, in words. */
  get reason() {
    if (this.refusal?.message === "ticket_expired") return TICKET_EXPIRED;
    return REASONS[this.refusal?.code] ?? this.refusal?.message;
  }

  isFinal(code) {
    return NO_RETURN.has(code) || (this.isNew && code === ErrorCode.UNREACHABLE);
  }

  retry() {
    this.lostAtMs ??= performance.now();
    if (performance.now() - this.lostAtMs > REJOIN_WITHIN_MS) {
      this.fail(this.reason ?? "The connection could not be restored.");
      return;
    }
    this.refusal = null;
    this.handlers.onLost();
    this.retryTimer = setTimeout(() => this.open(), retryDelayMs(this.attempt));
    this.attempt += 1;
  }

  fail(message, code = 0) {
    this.stop();
    this.handlers.onFailed(message, code);
  }
}
