/**
 * A lesson's row: which lessons follow from having read it, with weights. The bytes are those of generator/recommend/packing.py.
 *
 * @typedef {{ key: number, weight: number, reason: string, tag: number }} Entry
 */

const FORMAT = 1;
const LONGEST = 50;
const HEADER_BYTES = 8;
const KEY_BYTES = 5;
const REASONS = ["readers", "topic", "next", "popular"];
export const NO_TAG = 63;

/**
 * @param {Uint8Array} bytes
 * @returns {Entry[]} best first; none if this is not such a row
 */
export function unpack(bytes) {
  if (bytes.length < HEADER_BYTES) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [format, count, zero] = bytes;
  const scale = view.getFloat32(4, true);
  const codes = HEADER_BYTES + count * KEY_BYTES;
  if (format !== FORMAT || count > LONGEST || bytes.length !== codes + 2 * count) return [];
  return Array.from({ length: count }, (_, place) => {
    const at = HEADER_BYTES + place * KEY_BYTES;
    const why = bytes[codes + count + place];
    return {
      key: view.getUint32(at, true) + bytes[at + 4] * 2 ** 32,
      weight: (bytes[codes + place] - zero) * scale,
      reason: REASONS[why >> 6],
      tag: why & NO_TAG,
    };
  });
}

/** @param {Uint8Array} bytes */
export function toText(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** @param {string} text */
export function fromText(text) {
  try {
    return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
