// `window.game`: a read-only look into the running page, for tests and for whoever hunts a problem.

/** Defines `window.game`; every property is computed when it is read. */
export function exposeState(page) {
  const match = () => page.match;
  const state = Object.defineProperties({}, {
    screen: { get: () => page.screen, enumerable: true },
    slot: { get: () => match()?.slot ?? null, enumerable: true },
    tick: { get: () => match()?.frame?.tick ?? 0, enumerable: true },
    room: { get: () => match()?.seat.room ?? null, enumerable: true },
    self: { get: () => match()?.prediction?.shown(1) ?? null, enumerable: true },
    others: { get: () => (match()?.others ?? []).map(({ slot, x, y, flags }) => ({ slot, x, y, flags })), enumerable: true },
    names: { get: () => Object.fromEntries([...match()?.roster ?? []].map(([slot, { name }]) => [slot, name])), enumerable: true },
    network: { get: () => network(match()), enumerable: true },
  });
  Object.defineProperty(window, "game", { value: Object.freeze(state) });
}

function network(match) {
  if (!match?.frame) return null;
  return {
    roundTripMs: match.connection.roundTripMs,
    bytesReceived: match.connection.bytesReceived,
    marginTicks: match.marginTicks,
    rate: match.inputClock.rate,
    leadTicks: match.inputClock.tick - match.frame.tick,
    delayTicks: match.arrival.delayTicks,
    corrections: match.prediction.corrections,
  };
}
