// Chat over `/chat`: the room by default; what begins with a slash is a command and never leaves the page as a line.

import { playerKey } from "./identity.js";
import { openSocket, parseJson, retryDelayMs } from "./sockets.js";
import { byId, element } from "./dom.js";
import { cleanLine } from "./text.js";

const LINES_MAX = 60;
const LINE_FADES_MS = 9000;
const GLOBAL = "global";
const COMMANDS = [
  ["/g text", "say it to everyone"],
  ["/w name text", "whisper to one player"],
  ["/mute name", "hide what a player says"],
  ["/help", "show this"],
];

export class Chat {
  /** `players()` gives the room's `{ player, name, slot }`, for whispers and mutes. */
  constructor(players) {
    this.players = players;
    this.lines = byId("chat-lines");
    this.form = byId("chat-form");
    this.input = byId("chat-text");
    this.root = byId("chat");
    this.channel = null;
    this.attempt = 0;
    this.seen = new Set();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.closeForm();
      event.stopPropagation();
    });
    this.input.addEventListener("blur", () => this.closeForm());
  }

  /** Connects when needed and moves to the room's channel. */
  enter({ room, ticket }, name) {
    this.name = name;
    this.ticket = ticket;
    this.lines.replaceChildren();
    this.seen.clear();
    const before = this.channel;
    this.channel = `room:${room}`;
    if (this.socket?.readyState !== WebSocket.OPEN) {
      this.connect();
      return;
    }
    if (before && before !== this.channel) this.send({ type: "leave", channel: before });
    this.join();
  }

  /** The room's channel is open to whoever shows the ticket of a seat there. */
  join() {
    this.send({ type: "join", channel: this.channel, ticket: this.ticket });
  }

  leave() {
    if (this.channel) this.send({ type: "leave", channel: this.channel });
    this.channel = null;
    this.closeForm();
  }

  connect() {
    clearTimeout(this.timer);
    if (this.socket) this.socket.onclose = null;
    this.socket?.close();
    this.socket = openSocket("chat");
    // Only gateways of the build before read the name.
    this.socket.onopen = () => this.send({ type: "hello", key: playerKey(), name: this.name });
    this.socket.onmessage = (event) => this.onMessage(parseJson(event.data));
    this.socket.onclose = () => {
      if (this.channel === null) return;
      this.timer = setTimeout(() => this.connect(), retryDelayMs(this.attempt));
      this.attempt += 1;
    };
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  onMessage(message) {
    if (message?.type === "hello") {
      this.attempt = 0;
      if (this.channel) this.join();
    } else if (message?.type === "line") {
      this.onLine(message);
    } else if (message?.type === "refused") {
      this.note(String(message.message ?? message.reason));
    }
  }

  /** History comes again after a reconnect, so known lines are skipped. */
  onLine(message) {
    const key = `${message.channel} ${message.id}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    const where = message.channel === GLOBAL ? "all" : message.channel.startsWith("whisper:") ? "whisper" : "";
    const line = element("li");
    if (where) line.append(element("span", "note", `[${where}] `));
    // Isolated, so that a name or a line from right to left leaves the other where it is.
    line.append(element("bdi", "from", message.name), element("bdi", "", message.text));
    this.append(line);
  }

  note(text) {
    this.append(element("li", "note", text));
  }

  append(line) {
    this.lines.append(line);
    while (this.lines.children.length > LINES_MAX) this.lines.firstChild.remove();
    setTimeout(() => line.classList.add("old"), LINE_FADES_MS);
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  openForm() {
    this.form.hidden = false;
    this.root.classList.add("open");
    this.input.focus();
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  closeForm() {
    if (this.form.hidden) return;
    this.form.hidden = true;
    this.root.classList.remove("open");
    this.input.blur();
  }

  submit() {
    const text = cleanLine(this.input.value);
    this.input.value = "";
    this.closeForm();
    if (text !== "") this.say(text);
  }

  say(text) {
    if (!/^[/／]/u.test(text)) {
      this.send({ type: "say", channel: this.channel, text });
      return;
    }
    const [command, ...words] = text.slice(1).split(" ");
    if (command === "g") this.sayToAll(words.join(" "));
    else if (command === "w") this.whisper(words);
    else if (command === "mute") this.mute(words.join(" "));
    else this.showCommands(command === "help" ? "" : `There is no /${command}.`);
  }

  sayToAll(text) {
    if (text !== "") this.send({ type: "say", channel: GLOBAL, text });
  }

  showCommands(before) {
    if (before) this.note(before);
    for (const [command, does] of COMMANDS) this.note(`${command}: ${does}`);
  }

  /** Names may hold spaces, so the longest name that the words begin with is meant. */
  named(text) {
    const lower = text.toLowerCase();
    return this.players()
      .filter((player) => lower === player.name.toLowerCase() || lower.startsWith(`${player.name.toLowerCase()} `))
      .sort((a, b) => b.name.length - a.name.length)[0];
  }

  whisper(words) {
    const rest = words.join(" ");
    const target = this.named(rest);
    if (!target) {
      this.note("Nobody here has that name.");
      return;
    }
    const text = rest.slice(target.name.length).trim();
    if (text !== "") this.send({ type: "whisper", to: target.player, text });
  }

  mute(name) {
    const target = this.named(name);
    if (!target) {
      this.note("Nobody here has that name.");
      return;
    }
    this.send({ type: "mute", player: target.player });
    this.note(`${target.name} is muted.`);
  }
}
