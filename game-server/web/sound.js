// A few short synthesised sounds; silent until the first key or tap, and when the player says so.

import { saveSoundWanted, soundWanted } from "./identity.js";

const MASTER_VOLUME = 0.16;
const SOUNDS = {
  shot: { from: 620, to: 220, seconds: 0.08, volume: 0.35, type: "square" },
  hit: { from: 980, to: 720, seconds: 0.07, volume: 0.7, type: "triangle" },
  hurt: { from: 210, to: 90, seconds: 0.16, volume: 0.9, type: "sawtooth" },
  kill: { from: 520, to: 1180, seconds: 0.22, volume: 0.8, type: "triangle" },
  death: { from: 340, to: 50, seconds: 0.45, volume: 0.9, type: "sawtooth" },
  spawn: { from: 300, to: 620, seconds: 0.2, volume: 0.5, type: "sine" },
};

export class Sound {
  constructor() {
    this.wanted = soundWanted();
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => this.wake(), { once: true });
  }

  /** Browsers only allow sound after the visitor did something. */
  wake() {
    if (this.context || typeof AudioContext === "undefined") return;
    this.context = new AudioContext();
    this.master = this.context.createGain();
    this.master.gain.value = MASTER_VOLUME;
    this.master.connect(this.context.destination);
  }

  toggle() {
    this.wanted = !this.wanted;
    saveSoundWanted(this.wanted);
    return this.wanted;
  }

  /** `loudness` is 1 for what concerns the own player, less for the others. */
  play(name, loudness = 1) {
    if (!this.wanted || this.context?.state !== "running") return;
    const sound = SOUNDS[name];
    const start = this.context.currentTime;
    const end = start + sound.seconds;
    const oscillator = this.context.createOscillator();
    const gain = this.context.createGain();
    oscillator.type = sound.type;
    oscillator.frequency.setValueAtTime(sound.from, start);
    oscillator.frequency.exponentialRampToValueAtTime(sound.to, end);
    gain.gain.setValueAtTime(sound.volume * loudness, start);
    gain.gain.exponentialRampToValueAtTime(0.001, end);
    oscillator.connect(gain).connect(this.master);
    oscillator.start(start);
    oscillator.stop(end);
  }
}
