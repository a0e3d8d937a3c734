// Who this browser is: a secret key, a name and small choices, remembered between visits.

const memory = new Map();

/** Storage can be denied (private windows); the page then remembers until it is closed. */
function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return memory.get(name) ?? null;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    memory.set(name, value);
  }
}

/** 32 hexadecimal characters that prove who plays; made at the first visit. */
export function playerKey() {
  const known = read("key");
  if (known) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const made = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  write("key", made);
  return made;
}

export const savedName = () => read("name") ?? "";
export const saveName = (name) => write("name", name);

/** The public id that the server derived from the key; known after the first match. */
export const savedPlayer = () => read("player");
export const savePlayer = (player) => write("player", player);

export const soundWanted = () => read("sound") !== "off";
export const saveSoundWanted = (wanted) => write("sound", wanted ? "on" : "off");
