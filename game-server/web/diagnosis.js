// `window.game`: a read-only look into the running page, for tests and for whoever hunts a problem.

import { networkOf } from "./network.js";

/** Defines `window.game`; every property is computed when it is read. */
export function exposeState(page) {
  const match = () => page.match;
  const state = Object.defineProperties({}, {
    screen: { get: () => page.screen, enumerable: true },
    slot: { get: () => match()?.slot ?? null, enumerable: true },
    tick: { get: () => match()?.frame?.tick ?? 0, enumerable: true },
    room: { get: () => match()?.seat.room ?? null, enumerable: true },
    self: { get: () => match()?.prediction?.shown(1) ?? null, enumerable: true },
    others: { get: () => (match()?.others ?? []).map(placeOf), enumerable: true },
    names: { get: () => Object.fromEntries([...match()?.roster ?? []].map(([slot, { name }]) => [slot, name])), enumerable: true },
    network: { get: () => networkOf(match()), enumerable: true },
    drawn: { get: () => match()?.drawn ?? null, enumerable: true },
  });
  Object.defineProperty(window, "game", { value: Object.freeze(state) });
}

const placeOf = ({ slot, x, y, flags }) => ({ slot, x, y, flags });
