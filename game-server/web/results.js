// How a match ended, in words, by the rule that the leaderboard counts with (the server's store/rating.rs).

const RATED_PEOPLE_MIN = 2;
const isAhead = (one, other) => one.kills > other.kills || (one.kills === other.kills && one.deaths < other.deaths);

/** 1 is best; equals share a place. */
export const placeOf = (line, board) => 1 + board.filter((other) => isAhead(other, line)).length;

/** `{ heading, rated }` of the player `own` on the board `results`, best first. */
export function outcomeOf(results, own) {
  const line = results.find((result) => result.player === own);
  const rated = results.filter((result) => !result.bot).length >= RATED_PEOPLE_MIN;
  if (!line) return { heading: "Match over", rated };
  const place = placeOf(line, results);
  const shared = results.some((other) => other !== line && placeOf(other, results) === place);
  return { heading: headingOf(place, shared, rated), rated };
}

function headingOf(place, shared, rated) {
  if (place > 1) return `Match over: ${ordinal(place)} place`;
  if (shared) return "Match over: a draw";
  return rated ? "You won the match" : "You beat the bots";
}

export function ordinal(number) {
  const teen = number % 100 >= 11 && number % 100 <= 13;
  const ending = teen ? "th" : ["th", "st", "nd", "rd"][number % 10] ?? "th";
  return `${number}${ending}`;
}
