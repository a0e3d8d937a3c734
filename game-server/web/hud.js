// What lies over the arena during a match: health, time, standing, kill feed, scores, connection figures.

import { byId, clockText, element, setText } from "./dom.js";
import { byScore, matchTable } from "./leaderboard.js";
import { ordinal, placeOf } from "./results.js";
import { SPECTATOR } from "./protocol.js";
import { HEALTH_MAX, TICK_RATE_HZ } from "./simulation.js";
import { colourOf, drawBadge } from "./palette.js";

const FEED_LINES_MAX = 5;
const FEED_LINE_MS = 5000;
const LOW_HEALTH = 40;
const SOON_S = 30;
const NET_EVERY_MS = 250;
const SCORES_EVERY_MS = 200;

export class Hud {
  constructor() {
    this.root = byId("hud");
    this.health = byId("health");
    this.healthBar = this.health.querySelector("i");
    this.healthText = this.health.querySelector("b");
    this.scores = byId("scores");
    this.scoresPinned = false;
    this.netShownMs = 0;
    this.scoresShownMs = 0;
  }

  begin(player, slot, name) {
    this.player = player;
    this.root.hidden = false;
    this.scoresPinned = false;
    byId("feed").replaceChildren();
    this.banner("");
    byId("badge").hidden = this.health.hidden = slot === SPECTATOR;
    drawBadge(byId("badge"), slot);
    setText(byId("own-name"), name);
  }

  end() {
    this.root.hidden = true;
    this.scores.hidden = true;
  }

  /** `view`: own player, all players with names, seconds left, tick figures. */
  update(view, scoresHeld, nowMs) {
    this.showHealth(view.own);
    setText(byId("timer"), clockText(view.secondsLeft));
    byId("timer").classList.toggle("soon", view.secondsLeft <= SOON_S);
    const players = [...view.players].sort(byScore);
    this.showStanding(players);
    this.showScores(players, scoresHeld || this.scoresPinned, nowMs);
    this.showRespawn(view);
    if (nowMs - this.netShownMs > NET_EVERY_MS) {
      this.netShownMs = nowMs;
      setText(byId("net"), netText(view));
    }
  }

  showHealth(own) {
    const health = own?.health ?? 0;
    if (this.shownHealth === health) return;
    this.shownHealth = health;
    this.healthBar.style.transform = `scaleX(${health / HEALTH_MAX})`;
    this.health.classList.toggle("low", health <= LOW_HEALTH);
    this.health.setAttribute("aria-valuenow", String(health));
    setText(this.healthText, String(health));
  }

  showStanding(players) {
    const own = players.find((player) => player.player === this.player);
    if (!own) return;
    const { kills } = own;
    setText(byId("standing"), `${ordinal(placeOf(own, players))} of ${players.length} · ${kills} ${kills === 1 ? "kill" : "kills"}`);
  }

  showScores(players, wanted, nowMs) {
    const appeared = wanted && this.scores.hidden;
    this.scores.hidden = !wanted;
    if (!wanted || (!appeared && nowMs - this.scoresShownMs < SCORES_EVERY_MS)) return;
    this.scoresShownMs = nowMs;
    this.scores.replaceChildren(matchTable(players, this.player));
  }

  showRespawn(view) {
    if (view.respawnTicks === null) {
      if (this.respawning) this.banner("");
      this.respawning = false;
      return;
    }
    this.respawning = true;
    const seconds = Math.max(0, view.respawnTicks / TICK_RATE_HZ).toFixed(1);
    this.banner(view.killer ? `${view.killer} got you` : "You are out", `Back in ${seconds} s`);
  }

  banner(text, detail = "") {
    const banner = byId("banner");
    const wanted = text + detail;
    if (banner.textContent === wanted) return;
    banner.replaceChildren(text);
    if (detail) banner.append(element("small", "", detail));
  }

  kill(killer, victim, mine) {
    const line = element("li", mine ? "mine" : "");
    line.append(nameOf(killer), element("span", "arrow", "▸"), nameOf(victim));
    const feed = byId("feed");
    feed.append(line);
    while (feed.children.length > FEED_LINES_MAX) feed.firstChild.remove();
    setTimeout(() => line.remove(), FEED_LINE_MS);
  }
}

function nameOf(player) {
  const name = element("span", "", player.name);
  name.style.color = colourOf(player.slot);
  return name;
}

const netText = (view) => `${Math.round(view.roundTripMs)} ms`;
