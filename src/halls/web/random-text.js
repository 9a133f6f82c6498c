// Random texts for keys and ids.

const BYTES = 16;

/** Returns a text that no other call returns. Browsers have crypto.randomUUID over HTTPS and on localhost only. */
export function randomText() {
  return Array.from(crypto.getRandomValues(new Uint8Array(BYTES)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
