// The network panel: figures of the connection and a strip of the last ten seconds, behind a key and a button.

import { byId, element, setText } from "./dom.js";
import { TICK_MS } from "./simulation.js";
import { networkOf } from "./network.js";

const REFRESH_MS = 250;
const BAR_FULL_MS = 250;
const MARK_FULL_UNITS = 40;
const COLOURS = { onTime: "#4fd8a4", late: "#ffb454", missing: "#ff7a6b", correction: "#5cc8ff" };
/** A frame that is later than this was not on time: the page draws others two frames late on a good line. */
const LATE_MS = 100;

const ROWS = [
  ["Round trip", (net) => `${net.roundTripMs.toFixed(0)} ms ± ${net.roundTripJitterMs.toFixed(0)}`],
  ["Frames", (net) => `${net.statesPerSecond.toFixed(0)}/s, jitter ${milliseconds(net.jitterTicks)} ms`],
  ["Buffer", (net) => `${milliseconds(net.bufferTicks)} of ${milliseconds(net.delayTicks)} ms`],
  ["Inputs early", (net) => `${net.marginTicks} of ${net.marginTargetTicks} ticks`],
  ["Late inputs", (net) => `${net.lateTicks} ticks`],
  ["Corrections", (net) => `${net.corrections}, up to ${net.largestCorrectionUnits.toFixed(0)} units`],
  ["Picture age", (net) => `${milliseconds(net.viewAgeTicks)} ms`],
  ["Down", (net) => `${kilobytes(net.receivedPerSecond)} kB/s`],
  ["Up", (net) => `${kilobytes(net.sentPerSecond)} kB/s`],
  ["Server", (net) => `+${net.serverLateMs.toFixed(1)} ms`],
];

const milliseconds = (ticks) => Math.round(ticks * TICK_MS);
const kilobytes = (bytes) => (bytes / 1000).toFixed(2);

export class NetworkPanel {
  constructor() {
    this.root = byId("network");
    this.button = byId("open-network");
    this.strip = byId("network-strip");
    this.shownMs = 0;
    this.values = ROWS.map(([label]) => this.addRow(label));
  }

  addRow(label) {
    const value = element("dd");
    const line = element("div");
    line.append(element("dt", "", label), value);
    byId("network-figures").append(line);
    return value;
  }

  toggle() {
    this.root.hidden = !this.root.hidden;
    this.button.setAttribute("aria-pressed", String(!this.root.hidden));
    this.shownMs = 0;
  }

  update(match, nowMs) {
    if (this.root.hidden || nowMs - this.shownMs < REFRESH_MS) return;
    this.shownMs = nowMs;
    const net = networkOf(match);
    if (net === null) return;
    ROWS.forEach(([, text], index) => setText(this.values[index], text(net)));
    this.drawStrip(match.stats.history);
  }

  /** One column per frame: how late it came, red below where the server had no input, blue dots for corrections. */
  drawStrip(history) {
    const context = this.strip.getContext("2d");
    const { width, height } = this.strip;
    context.clearRect(0, 0, width, height);
    const first = width - history.length * 2;
    history.forEach(({ lateMs, correctionUnits, missing }, index) => {
      const x = first + index * 2;
      const bar = 2 + Math.min(lateMs / BAR_FULL_MS, 1) * (height - 8);
      context.fillStyle = lateMs > LATE_MS ? COLOURS.late : COLOURS.onTime;
      context.fillRect(x, height - 5 - bar, 1.5, bar);
      if (missing > 0) {
        context.fillStyle = COLOURS.missing;
        context.fillRect(x, height - 4, 1.5, 4);
      }
      if (correctionUnits > 0) {
        context.fillStyle = COLOURS.correction;
        context.fillRect(x - 1, (height - 8) * (1 - Math.min(correctionUnits / MARK_FULL_UNITS, 1)), 3, 3);
      }
    });
  }
}
