// WebSockets of this page's own origin, and how long to wait before trying one again.

const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 4000;

const REFUSALS = {
  429: "The server refuses more connections from your network just now. Please try again in a minute.",
  503: "The server is full just now. Please try again in a minute.",
};

/** Paths of the server lie beside the page, also where a proxy shows both below a folder. */
export function openSocket(path) {
  const url = new URL(path, document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url);
}

/** Why a WebSocket did not open, which browsers do not tell: a sentence when the server is there and refused it, else null. */
export async function refusalOf(path) {
  try {
    const answer = await fetch(new URL(path, document.baseURI), { method: "POST", cache: "no-store" });
    if (answer.status === 403) return (await answer.text()).trim() || "The server refused this page.";
    return REFUSALS[answer.status] ?? null;
  } catch {
    return null;
  }
}

/** Doubles from a quarter second to four, with a random part so that a crowd does not return at once. */
export function retryDelayMs(attempt) {
  const full = Math.min(RETRY_FIRST_MS * 2 ** attempt, RETRY_LONGEST_MS);
  return full * (0.7 + 0.3 * Math.random());
}

/** The parsed message, or null when it is not a JSON object. */
export function parseJson(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
