// WebSockets of this page's own origin, and how long to wait before trying one again.

const RETRY_FIRST_MS = 250;
const RETRY_LONGEST_MS = 4000;

export function openSocket(path) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new WebSocket(`${scheme}://${location.host}${path}`);
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
