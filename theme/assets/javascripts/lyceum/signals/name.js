/** A random name for a browser or an event: 128 bits. */
export function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/[+/]/g, (sign) => (sign === "+" ? "-" : "_")).slice(0, 22);
}
