// Asks the lobby for a seat over `/lobby` and keeps asking when the connection drops.

import { playerKey, savePlayer } from "./identity.js";
import { openSocket, parseJson, refusalOf, retryDelayMs } from "./sockets.js";
import { cleanName } from "./text.js";

const ATTEMPTS_MAX = 8;

/** One wait for a seat; calls back `onWaiting(reason, waitedMs)`, then once `onSeated(seat)` or `onFailed(message)`. */
export class Matchmaking {
  constructor(callbacks) {
    this.callbacks = callbacks;
    this.attempt = 0;
    this.done = false;
  }

  start(name) {
    this.name = cleanName(name);
    this.connect();
  }

  cancel() {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: "cancel" }));
    this.finish();
  }

  connect() {
    this.socket = openSocket("lobby");
    this.opened = false;
    this.socket.onopen = () => {
      this.opened = true;
      this.socket.send(JSON.stringify({ type: "play", key: playerKey(), name: this.name, party: "", pool: "public" }));
    };
    this.socket.onmessage = (event) => this.onMessage(parseJson(event.data));
    this.socket.onclose = () => this.onClose();
  }

  onMessage(message) {
    if (this.done || message === null) return;
    if (message.type === "waiting") {
      this.attempt = 0;
      this.callbacks.onWaiting(message.reason, message.waited_ms);
    } else if (message.type === "seated") {
      savePlayer(message.player);
      this.finish();
      this.callbacks.onSeated({ ticket: message.ticket, player: message.player, room: message.room });
    } else if (message.type === "error") {
      this.finish();
      this.callbacks.onFailed(message.message || "The lobby refused this request.");
    }
  }

  onClose() {
    if (this.done) return;
    if (this.attempt >= ATTEMPTS_MAX) {
      this.finish();
      this.callbacks.onFailed("The server does not answer. Is it running?");
      return;
    }
    if (!this.opened) this.askWhy();
    this.callbacks.onWaiting("Reaching the server…", 0);
    this.timer = setTimeout(() => this.connect(), retryDelayMs(this.attempt));
    this.attempt += 1;
  }

  /** A refusal ends the wait: it would be the same again. */
  async askWhy() {
    const refusal = await refusalOf("lobby");
    if (this.done || refusal === null) return;
    this.finish();
    this.callbacks.onFailed(refusal);
  }

  finish() {
    this.done = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }
}
