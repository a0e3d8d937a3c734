// Hits, kills and respawns, shown when the players they concern are shown at that tick.

import { EventKind } from "./protocol.js";

const WAITING_MAX = 128;

export class Events {
  constructor(match) {
    this.match = match;
    this.waiting = [];
    this.killerName = null;
  }

  push({ tick, events }) {
    for (const event of events) this.waiting.push({ tick, ...event });
    if (this.waiting.length > WAITING_MAX) this.waiting.splice(0, this.waiting.length - WAITING_MAX);
  }

  /** Others live a little in the past; what happens to the own player is shown at once. */
  play(nowMs) {
    const due = (event) => this.concernsSelf(event) || event.tick <= this.match.playbackTick;
    const now = this.waiting.filter(due);
    this.waiting = this.waiting.filter((event) => !due(event));
    for (const event of now) this.show(event, nowMs);
  }

  concernsSelf(event) {
    const own = this.match.slot;
    return event.kind === EventKind.RESPAWN ? event.a === own : event.b === own;
  }

  show(event, nowMs) {
    if (event.kind === EventKind.HIT) this.hit(event.a, event.b, nowMs);
    else if (event.kind === EventKind.KILL) this.kill(event.a, event.b, nowMs);
    else if (event.kind === EventKind.RESPAWN) this.respawn(event.a);
  }

  placeOf(slot) {
    const { match } = this;
    return slot === match.slot ? match.prediction.shown(1) : match.others.find((player) => player.slot === slot);
  }

  hit(shooter, victim, nowMs) {
    const { effects, sound, slot } = this.match;
    const place = this.placeOf(victim);
    if (!place) return;
    effects.flash(victim, nowMs);
    effects.burst(place.x, place.y, victim, 8, 190);
    if (victim === slot) {
      effects.hurt(nowMs);
      sound.play("hurt");
    } else if (shooter === slot) {
      effects.ring(place.x, place.y, shooter, 30, 200);
      sound.play("hit");
    }
  }

  kill(killer, victim, nowMs) {
    const { effects, sound, slot, hud } = this.match;
    const place = this.placeOf(victim);
    const named = (seat) => ({ slot: seat, name: this.match.nameOf(seat) });
    hud.kill(named(killer), named(victim), killer === slot || victim === slot);
    if (place) {
      effects.burst(place.x, place.y, victim, 34, 300);
      effects.ring(place.x, place.y, victim, 80, 420);
    }
    if (victim === slot) {
      this.killerName = this.match.nameOf(killer);
      effects.hurt(nowMs);
      effects.shake(5);
      sound.play("death");
    } else {
      sound.play("kill", killer === slot ? 1 : 0.25);
    }
  }

  respawn(slot) {
    const place = this.placeOf(slot);
    if (slot === this.match.slot) {
      this.killerName = null;
      this.match.sound.play("spawn");
    }
    if (place) this.match.effects.ring(place.x, place.y, slot, 60, 360);
  }
}
