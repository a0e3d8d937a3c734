// Notices that the server was upgraded, so that an old page reloads itself between matches.

async function currentVersion() {
  const response = await fetch("/", { method: "HEAD", cache: "no-cache" });
  return response.ok ? response.headers.get("etag") : null;
}

let loadedVersion = null;

/** Remembers which version this page is. */
export async function rememberVersion() {
  loadedVersion = await currentVersion().catch(() => null);
}

/** Reloads when the server now has another version; called only when no match is running. True when it does. */
export async function reloadIfUpgraded() {
  const version = await currentVersion().catch(() => null);
  const upgraded = Boolean(version && loadedVersion && version !== loadedVersion);
  if (upgraded) location.reload();
  return upgraded;
}
