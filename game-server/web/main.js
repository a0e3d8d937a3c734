// The page: which screen shows, and the way from the lobby through a match and its results back to the lobby.

import { Backdrop } from "./backdrop.js";
import { Chat } from "./chat.js";
import { exposeState } from "./diagnosis.js";
import { byId, element } from "./dom.js";
import { Hud } from "./hud.js";
import { saveName, savedName, savedPlayer } from "./identity.js";
import { Input } from "./input.js";
import { forgetSeat, keepSeat, keptSeat, wishToPlay, wishedToPlay } from "./intent.js";
import { matchTable, showRanking } from "./leaderboard.js";
import { Matchmaking } from "./matchmaking.js";
import { NetworkPanel } from "./network_panel.js";
import { Match } from "./play.js";
import { ErrorCode } from "./protocol.js";
import { Renderer } from "./render.js";
import { outcomeOf } from "./results.js";
import { Sound } from "./sound.js";
import { cleanName } from "./text.js";
import { reloadIfUpgraded } from "./upgrade.js";

/** The server counts a match a moment after it ends. */
const RANKING_AFTER_MS = 1200;

class Page {
  constructor() {
    this.match = null;
    this.matchmaking = null;
    this.renderer = new Renderer(byId("arena"));
    this.backdrop = new Backdrop(this.renderer);
    this.hud = new Hud();
    this.panel = new NetworkPanel();
    this.sound = new Sound();
    this.input = new Input(byId("arena"), (event) => this.onKey(event));
    this.chat = new Chat(() => this.match ? [...this.match.roster.values()] : []);
    this.listen();
    byId("name").value = savedName();
    this.showSound(this.sound.wanted);
    this.showLobby();
    this.goOn();
    if (matchMedia("(pointer: fine)").matches) byId("name").focus();
  }

  listen() {
    const on = (id, name, action) => byId(id).addEventListener(name, action);
    on("play-form", "submit", (event) => {
      event.preventDefault();
      this.play();
    });
    on("cancel", "click", () => this.cancel());
    on("again", "click", () => this.again());
    on("to-lobby", "click", () => this.toLobby());
    on("give-up", "click", () => this.leaveMatch());
    on("leave", "click", () => this.askToLeave());
    on("open-chat", "click", () => this.chat.openForm());
    on("open-scores", "click", () => { this.hud.scoresPinned = !this.hud.scoresPinned; });
    on("open-network", "click", () => this.panel.toggle());
    on("toggle-sound", "click", () => this.showSound(this.sound.toggle()));
    on("leave-dialog", "close", () => {
      if (byId("leave-dialog").returnValue === "leave") this.leaveMatch();
    });
    for (const button of document.querySelectorAll(".actions button")) {
      button.addEventListener("click", () => button.blur());
    }
  }

  /** A reloaded page returns to its seat, or into the match it was reloaded for. */
  goOn() {
    const seat = keptSeat();
    this.isOnTheWay = false;
    if (wishedToPlay()) this.play();
    else if (seat) this.enter(seat, savedName() || "Guest");
  }

  get screen() {
    return document.body.dataset.screen;
  }

  show(screen) {
    document.body.dataset.screen = screen;
    byId("results").hidden = screen !== "results";
    byId("lost").hidden = true;
    this.input.enabled = screen === "play";
    this.input.release();
  }

  /** Keys that are no inputs of the game; true when the key was used. */
  onKey(event) {
    if (event.code === "Escape") this.askToLeave();
    else if (event.code === "KeyT" || event.code === "Enter") this.chat.openForm();
    else if (event.code === "KeyN") this.panel.toggle();
    else if (event.code === "KeyM") this.showSound(this.sound.toggle());
    else return false;
    return true;
  }

  showSound(wanted) {
    byId("toggle-sound").setAttribute("aria-pressed", String(wanted));
  }

  askToLeave() {
    this.input.release();
    byId("leave-dialog").returnValue = "stay";
    byId("leave-dialog").showModal();
  }

  /** A page that was just loaded does not look for a newer one: in a rollout it could load itself without an end. */
  toLobby(notice = "") {
    this.showLobby(notice);
    reloadIfUpgraded();
  }

  showLobby(notice = "") {
    this.endMatch();
    this.show("lobby");
    this.backdrop.start();
    this.showWaiting(null);
    byId("notice").textContent = notice;
    byId("notice").hidden = notice === "";
    showRanking(byId("lobby-ranking"), savedPlayer());
  }

  showWaiting(reason, waitedMs = 0) {
    byId("waiting").hidden = reason === null;
    byId("play-form").hidden = reason !== null;
    byId("waiting-reason").textContent = reason ?? "";
    byId("waiting-time").textContent = waitedMs >= 1000 ? `Waiting for ${Math.round(waitedMs / 1000)} s` : "";
  }

  play() {
    const name = cleanName(byId("name").value) || "Guest";
    saveName(cleanName(byId("name").value));
    byId("notice").hidden = true;
    this.showWaiting("Connecting…");
    this.matchmaking?.finish();
    this.matchmaking = new Matchmaking({
      onWaiting: (reason, waitedMs) => this.showWaiting(reason, waitedMs),
      onSeated: (seat) => {
        this.isOnTheWay = true;
        keepSeat(seat);
        this.enter({ ...seat, isNew: true }, name);
      },
      onFailed: (message) => this.toLobby(message),
    });
    this.matchmaking.start(name);
  }

  cancel() {
    this.matchmaking?.cancel();
    this.showWaiting(null);
    byId("play").focus();
  }

  enter(seat, name) {
    this.showWaiting("Taking your seat…");
    const { renderer, input, hud, panel, sound } = this;
    const tools = { renderer, input, hud, panel, sound };
    this.match = new Match(seat, tools, {
      onReady: (slot, ownName) => this.onReady(seat, slot, ownName || name),
      onLost: () => this.onLost(),
      onOver: (results) => this.onOver(results),
      onFailed: (message, code) => this.onFailed(message, code),
    });
    this.match.start();
  }

  onReady(seat, slot, name) {
    this.isOnTheWay = false;
    this.backdrop.stop();
    this.show("play");
    this.hud.begin(seat.player, slot, name);
    this.chat.enter(seat, name);
    document.activeElement?.blur();
  }

  onLost() {
    if (this.screen === "play") byId("lost").hidden = false;
    else this.showWaiting("Taking your seat…");
  }

  /** A ticket can run out, or a room can go while somebody is on the way: the lobby then finds another seat. */
  onFailed(message, code) {
    forgetSeat();
    const away = code === ErrorCode.ROOM_GONE || code === ErrorCode.UNREACHABLE;
    const gone = code === ErrorCode.TICKET || (away && this.isOnTheWay);
    const retry = gone && !this.retriedSeat;
    this.retriedSeat = retry;
    this.toLobby(message);
    if (retry) this.play();
  }

  onOver(results) {
    forgetSeat();
    const own = this.match.seat.player;
    const { heading, rated } = outcomeOf(results, own);
    this.show("results");
    byId("leave-dialog").close();
    this.hud.end();
    byId("results-heading").textContent = heading;
    byId("practice").hidden = rated;
    byId("results-table").replaceChildren(matchTable(results, own));
    byId("results-ranking").replaceChildren(element("p", "empty", rated ? "Counting this match…" : ""));
    setTimeout(() => showRanking(byId("results-ranking"), savedPlayer()), RANKING_AFTER_MS);
    byId("again").focus();
    this.retriedSeat = false;
  }

  async again() {
    wishToPlay();
    if (await reloadIfUpgraded()) return;
    wishedToPlay();
    this.toLobby();
    this.play();
  }

  leaveMatch() {
    forgetSeat();
    this.match?.leave();
    this.toLobby();
  }

  endMatch() {
    this.match?.stop();
    this.match = null;
    this.hud.end();
    this.chat.leave();
  }
}

const page = new Page();
exposeState(page);
