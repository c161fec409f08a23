/**
 * Which list this browser sees: one in ten the popularity list, by a hash of its local id. The arithmetic is that of
 * generator/recommend/holdout.py; another one would move readers to the other side in the middle of a trial.
 */

const HELD_OUT_PERCENT = 10;

/**
 * @param {string} localId
 * @returns {"model" | "popularity"}
 */
export function lotOf(localId) {
  return hash(`lyceum:${localId}`) % 100 < HELD_OUT_PERCENT ? "popularity" : "model";
}

/**
 * FNV-1a over UTF-8, stirred, for its low bits are poor.
 * @param {string} text
 * @returns {number} 32 bits, not negative
 */
export function hash(text) {
  let value = 2166136261;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 16777619);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}
