/**
 * What was read in this browser: which lessons, when, and their rows, so that adding them up asks nobody for anything. It stays here; no
 * request carries it. Kept only while the reader agrees to that (`signals`), at most 60 lessons, the oldest go first.
 *
 * @typedef {{ id: string, at: number, row: string }} Read
 * @typedef {{ since: number, read: Read[] }} History
 */

const STORED = "lyceum.history";
const MOST = 60;
const NEW_MILLISECONDS = 28 * 86_400_000;

/** @returns {History} */
export function history() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? "null");
    if (Array.isArray(kept?.read)) return { since: Number(kept.since) || Date.now(), read: kept.read.filter(isRead) };
  } catch {
    // Storage is forbidden here or holds something else: nothing was read.
  }
  return { since: Date.now(), read: [] };
}

/**
 * A lesson was read now. An older row of the same lesson gives way, so that history follows a new build.
 * @param {string} id
 * @param {string} row
 */
export function remember(id, row) {
  const { since, read } = history();
  const others = read.filter((one) => one.id !== id);
  const kept = { since, read: [...others, { id, at: Date.now(), row }].slice(-MOST) };
  try {
    localStorage.setItem(STORED, JSON.stringify(kept));
  } catch {
    // Full or forbidden: this lesson is not remembered.
  }
}

export function forget() {
  try {
    localStorage.removeItem(STORED);
  } catch {
    // There was nothing to remember it in.
  }
}

/**
 * The coarse segment that a browser can tell of itself; it is not sent anywhere.
 * @param {History} kept
 * @returns {"new" | "regular"}
 */
export function segmentOf(kept) {
  return Date.now() - kept.since < NEW_MILLISECONDS ? "new" : "regular";
}

/**
 * @param {any} one
 * @returns {one is Read}
 */
function isRead(one) {
  return typeof one?.id === "string" && typeof one?.row === "string";
}
