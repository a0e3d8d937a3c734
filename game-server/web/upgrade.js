// Notices that the server was upgraded, so that an old page reloads itself between matches.

/** The gateway writes it into the document: in a rollout the next answer may be of another build than this page. */
const ownVersion = document.querySelector("meta[name=version]").content;

async function isUpgraded() {
  const response = await fetch("./", { method: "HEAD", cache: "no-cache" });
  const version = response.ok ? response.headers.get("etag") : null;
  return Boolean(version) && !version.includes(`"${ownVersion}"`);
}

/** Reloads when the server now has another version; called only when no match is running. True when it does. */
export async function reloadIfUpgraded() {
  const upgraded = await isUpgraded().catch(() => false);
  if (upgraded) location.reload();
  return upgraded;
}
