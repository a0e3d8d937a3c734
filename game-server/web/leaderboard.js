// The leaderboard of all matches, from `/ranking`, and the score tables of one match.

import { element, row, table } from "./dom.js";
import { newBadge } from "./palette.js";
import { placeOf } from "./results.js";

const TOP_COUNT = 20;

/** Fetches and shows the leaderboard; `player` is the own id, or null before the first match. */
export async function showRanking(target, player) {
  try {
    const around = player ? `&around=${encodeURIComponent(player)}` : "";
    const response = await fetch(`ranking?limit=${TOP_COUNT}${around}`);
    if (!response.ok) throw new Error(`status ${response.status}`);
    target.replaceChildren(rankingTable(await response.json(), player));
  } catch {
    target.replaceChildren(element("p", "empty", "The leaderboard cannot be reached just now."));
  }
}

function rankingTable(ranking, player) {
  const top = ranking.top ?? [];
  if (top.length === 0) return element("p", "empty", "Nobody yet: the first match between people makes the first line.");
  const rows = top.map((line) => rankingRow(line, player));
  const below = (ranking.around ?? []).filter((line) => line.rank > top[top.length - 1].rank);
  if (below.length > 0 && !top.some((line) => line.player === player)) {
    if (below[0].rank > top[top.length - 1].rank + 1) rows.push(gapRow());
    rows.push(...below.map((line) => rankingRow(line, player)));
  }
  return table([["#"], ["Player", "name"], ["Rating"], ["Won"], ["K/D"]], rows);
}

function gapRow() {
  const line = row([["···"]], "gap");
  line.firstChild.colSpan = 5;
  return line;
}

function rankingRow(line, player) {
  const ratio = line.deaths === 0 ? line.kills : line.kills / line.deaths;
  return row([
    [String(line.rank), "place"],
    [line.name, "name"],
    [String(Math.round(line.rating))],
    [`${line.wins}/${line.matches}`],
    [ratio.toFixed(1)],
  ], line.player === player ? "own" : "");
}

/** One match's players, best first, equals sharing a place: `{ slot, player, name, bot, kills, deaths }`; `own` is the own player id. */
export function matchTable(players, own) {
  const rows = players.map((player) => {
    const name = [newBadge(player.slot), player.name];
    if (player.bot) name.push(element("span", "tag", "bot"));
    const cells = [[String(placeOf(player, players)), "place"], [name, "name"], [String(player.kills)], [String(player.deaths)]];
    return row(cells, player.player === own ? "own" : "");
  });
  return table([["#"], ["Player", "name"], ["Kills"], ["Deaths"]], rows);
}

export const byScore = (a, b) => b.kills - a.kills || a.deaths - b.deaths || a.slot - b.slot;
