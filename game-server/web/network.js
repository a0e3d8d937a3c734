// What the line between this page and the server is like, measured as play goes on.

const WINDOW_MS = 1000;
const SAMPLES_MAX = 200;

/** Counts and short histories of one match; `NetworkPanel` shows them. */
export class NetworkStats {
  constructor() {
    this.lateTicks = 0;
    this.states = 0;
    this.lastStateTick = null;
    this.rates = { atMs: null, received: 0, sent: 0, states: 0 };
    this.perSecond = { received: 0, sent: 0, states: 0 };
    /** One entry per State: `{ lateMs, correctionUnits, missing }`, newest last. */
    this.history = [];
  }

  /** `lateMs`: how much later than the fastest recent frame this one came. */
  onState(head, lateMs, correctionUnits) {
    const since = this.lastStateTick ?? head.tick;
    const missing = Math.min(head.tick - since, head.tick - head.ackedInputTick);
    this.lastStateTick = head.tick;
    this.states += 1;
    this.lateTicks += missing;
    this.history.push({ lateMs, correctionUnits, missing });
    if (this.history.length > SAMPLES_MAX) this.history.shift();
  }

  /** Turns running totals into rates, once a second. */
  onTotals(nowMs, received, sent) {
    const { rates } = this;
    if (rates.atMs !== null && nowMs - rates.atMs < WINDOW_MS) return;
    if (rates.atMs !== null) {
      const seconds = (nowMs - rates.atMs) / 1000;
      this.perSecond = {
        received: (received - rates.received) / seconds,
        sent: (sent - rates.sent) / seconds,
        states: (this.states - rates.states) / seconds,
      };
    }
    this.rates = { atMs: nowMs, received, sent, states: this.states };
  }
}

/** Everything that tells how a match's connection does; null before its first frame. */
export function networkOf(match) {
  if (!match?.frame) return null;
  const { arrival, connection, inputClock, prediction, stats } = match;
  return {
    roundTripMs: connection.roundTripMs,
    roundTripJitterMs: connection.roundTripJitterMs,
    bytesReceived: connection.bytesReceived,
    receivedPerSecond: stats.perSecond.received,
    sentPerSecond: stats.perSecond.sent,
    statesPerSecond: stats.perSecond.states,
    jitterTicks: arrival.jitterTicks,
    delayTicks: arrival.delayTicks,
    bufferTicks: match.frame.tick - match.playbackTick,
    marginTicks: match.marginTicks,
    marginTargetTicks: inputClock.targetTicks,
    rate: inputClock.rate,
    leadTicks: inputClock.tick - match.frame.tick,
    viewAgeTicks: match.viewAgeTicks,
    lateTicks: stats.lateTicks,
    corrections: prediction.corrections,
    lastCorrectionUnits: prediction.lastCorrectionUnits,
    largestCorrectionUnits: prediction.largestCorrectionUnits,
    serverLateMs: connection.tickGapExcessUs / 1000,
  };
}
