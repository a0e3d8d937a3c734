// What this tab was doing, so that a reloaded page goes on with it: the seat in a match, or the wish to play again.

const SEAT = "seat";
const PLAY = "play";

/** Storage can be denied; a reload then ends in the lobby, as it would without this file. */
function attempt(action) {
  try {
    return action(sessionStorage);
  } catch {
    return null;
  }
}

export const keepSeat = (seat) => attempt((storage) => storage.setItem(SEAT, JSON.stringify(seat)));
export const forgetSeat = () => attempt((storage) => storage.removeItem(SEAT));

/** `{ ticket, player, room }` of the match that a reload interrupted, or null. */
export function keptSeat() {
  const seat = attempt((storage) => JSON.parse(storage.getItem(SEAT)));
  return typeof seat?.ticket === "string" ? seat : null;
}

export const wishToPlay = () => attempt((storage) => storage.setItem(PLAY, "1"));

/** Whether the page was reloaded on the way into the next match; asked once. */
export function wishedToPlay() {
  const wished = attempt((storage) => storage.getItem(PLAY)) !== null;
  attempt((storage) => storage.removeItem(PLAY));
  return wished;
}
